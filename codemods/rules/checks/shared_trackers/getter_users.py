"""Who has the tracker that a getter gives: its users in all files, and what they do with it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.getter import Getter, Identity, identity
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.callers import in_texts, unseen_uses
from codemods.rules.checks.shared_trackers.foreign_fields import is_flushed
from codemods.rules.planning.shared_blocks import parts_of
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Self

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.rules.planning.adoption import Part

Function = ast.FunctionDef | ast.AsyncFunctionDef
Answer = TypeVar("Answer")


class _Asked:
    """Keeps the answers to questions about itself: others ask the same of it."""

    @cached_property
    def _answers(self) -> dict[Any, Any]:
        return {}

    def once(self, question: Callable[[Self], Answer]) -> Answer:
        """Return ``question(self)``, asked the first time."""
        if question not in self._answers:
            self._answers[question] = question(self)
        found: Answer = self._answers[question]
        return found


@dataclass(frozen=True, eq=False)
class User(_Asked):
    """A function that is given the tracker: by ``calls``, and under other names for it.

    ``sets`` are its set calls.
    """

    semantic: SemanticModel
    function: Function
    calls: list[ast.Call]
    aliases: dict[Binding, ast.stmt]
    sets: list[SetCall]

    @cached_property
    def identity(self) -> Identity:
        """By what the function is known in all files."""
        return identity(self.semantic.taint, self.function)

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.function.name

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.semantic.module.source.display}:{self.function.lineno}"

    def flow(self) -> Flow:
        """Return how the tracker goes through the function."""
        scope = self.semantic.scopes.inner[self.function]
        return self.semantic.taint.follow(None, self.function.body, scope, givers=self.calls)

    @cached_property
    def reaching(self) -> list[tuple[ast.AST, bool, frozenset[Identity]]]:
        """Each name in the function: whether it may reach anything, and the functions it does."""
        taint = self.semantic.taint
        found: list[tuple[ast.AST, bool, frozenset[Identity]]] = []
        for name in (n for n in walk(self.function) if isinstance(n, ast.Name | ast.Attribute)):
            reached = reachable(taint, [name])
            ids = frozenset(identity(r.taint, r.node) for r in reached)
            found.append((name, reached.is_cut, ids))
        return found

    def plan(self, finding: Finding, acting: Collection[ast.AST]) -> Planned:
        """Return the blocks for the set calls with what they surely set, worked out once."""
        known, key = self.once(_plans), frozenset(acting)
        if key not in known:
            known[key] = Planned.of(self.semantic, self.parts(finding, acting))
        return known[key]

    def parts(self, finding: Finding, acting: Collection[ast.AST]) -> list[Part] | Refusal:
        """Return the blocks for the set calls, or why there can be none.

        *acting* are the names of functions that use the tracker by themselves.
        """
        flow = self.flow()
        body = self.function.body
        last = LastUse(self.semantic.taint, flow, body, acting=acting)
        own = {site.call.func for site in self.sets}
        place = next((p for p in flow.sets if p not in own), None)
        if place is not None:
            detail = f"{ast.unparse(place)} may set ids of the same tracker"
            return refuse(self.semantic, finding, Reason.SHARED_STATE, detail, place)
        text = ast.unparse(self.sets[0].call.func.value)  # type: ignore[attr-defined]
        taking = frozenset(self.aliases.values())
        return parts_of(self.semantic, finding, self.function, self.sets, flow, last, text, taking)


@dataclass(frozen=True)
class Planned:
    """The blocks for a user's set calls, None where there can be none.

    ``sure`` are the ids that each surely sets, None where others may count on any of them.
    """

    parts: list[Part] | None
    sure: frozenset[str] | None

    @classmethod
    def of(cls, semantic: SemanticModel, parts: list[Part] | Refusal) -> Planned:
        """Return the *parts* with what they surely set."""
        if isinstance(parts, Refusal):
            return cls(None, None)
        if any(part.waits for part in parts):
            return cls(parts, None)
        return cls(parts, frozenset.intersection(*(_surely_set(semantic, p) for p in parts)))

    @cached_property
    def inside(self) -> frozenset[ast.AST]:
        """All that stands in the blocks."""
        return frozenset(n for part in self.parts or () for s in part.body for n in walk(s))


def _surely_set(semantic: SemanticModel, part: Part) -> frozenset[str]:
    arguments = (a for site in part.sets for a in site.arguments)
    return frozenset(a.keyword for a in arguments if _is_sure(semantic, a.value))


def _plans(_user: User) -> dict[frozenset[ast.AST], Planned]:
    return {}


@dataclass(frozen=True)
class Users(_Asked):
    """All users of one getter's tracker; ``strays`` are other places that may have it.

    ``doubts`` are what is taken for granted about files that cannot be looked at.
    """

    setting: list[User]
    relying: list[User]
    strays: list[str]
    doubts: list[str]

    @cached_property
    def acting(self) -> frozenset[Identity]:
        """The functions that use the tracker by themselves."""
        return frozenset(one.identity for one in self.relying if not named_by_contexts(one))


def function_around(semantic: SemanticModel, node: ast.AST) -> Function | None:
    """Return the outermost function that *node* stands in."""
    around = (n for n in semantic.module.ancestors(node) if isinstance(n, Function))
    return next(reversed([*around]), None)


def users_here(semantic: SemanticModel, getter: Getter) -> Iterator[User | ast.AST]:
    """Yield the functions of a module that *getter* gives the tracker, and calls outside of any."""
    index = semantic.getter_calls
    calls: dict[Function, list[ast.Call]] = {}
    for call, given in index.of.items():
        if given.identity != getter.identity or not isinstance(call, ast.Call):
            continue
        function = function_around(semantic, call)
        if function is None:
            yield call
        elif identity(semantic.taint, function) != getter.identity:
            calls.setdefault(function, []).append(call)
    made_in: dict[ast.AST, Function] = {c: f for f, mine in calls.items() for c in mine}
    aliases: dict[Function, dict[Binding, ast.stmt]] = {function: {} for function in calls}
    named_in: dict[Binding | None, Function] = {}
    for alias, call in index.aliases.items():
        function = made_in.get(call)
        if function is not None and alias.scope is semantic.scopes.inner[function]:
            aliases[function][alias] = semantic.module.statement(call)
            named_in[alias] = function
    sets: dict[Function, list[SetCall]] = {function: [] for function in calls}
    for site in semantic.lifetimes.set_calls:
        made = made_in.get(site.call.func.value)  # type: ignore[attr-defined]
        for function in {made, named_in.get(semantic.lifetimes.receiver(site))} - {None}:
            sets[function].append(site)  # type: ignore[index]
    for function, mine in calls.items():
        yield User(semantic, function, mine, aliases[function], sets[function])


def users_of(semantic: SemanticModel, getter: Getter) -> Users:
    """Return who has the tracker of *getter*, in all files of the project."""
    known: dict[Identity, Users] = semantic.once(_known_users)
    if getter.identity not in known:
        known[getter.identity] = _users_of(semantic, getter)
    return known[getter.identity]


def _known_users(_semantic: SemanticModel) -> dict[Identity, Users]:
    return {}


@dataclass(frozen=True)
class _InFile:
    """What one file does with a getter: its users, or calls outside of any, and the rest.

    ``mentions`` are places that do something else than to call it, ``named`` all that name it.
    """

    users: list[User | ast.AST]
    mentions: list[str]
    named: frozenset[str]


def _in_file(file: SemanticModel, getter: Getter) -> _InFile:
    """Return what *file* does with *getter*, looked at once for all files that ask."""
    known: dict[Identity, _InFile] = file.once(_known_files)
    if getter.identity not in known:
        mentions = [_place(file, node) for node in _other_mentions(file, getter)]
        named = frozenset(_place(file, node) for node in _namings(file, getter))
        known[getter.identity] = _InFile([*users_here(file, getter)], mentions, named)
    return known[getter.identity]


def _known_files(_semantic: SemanticModel) -> dict[Identity, _InFile]:
    return {}


def _users_of(semantic: SemanticModel, getter: Getter) -> Users:
    files = [semantic, *semantic.elsewhere.mentioning(getter.name)]
    names = (getter.name, getter.field, getter.binding.name if getter.binding is not None else "")
    replaced = (name for name in names if name and semantic.elsewhere.is_replaced(name))
    strays = [f"what is put in the place of {name} by a test, say" for name in replaced]
    setting: list[User] = []
    relying: list[User] = []
    doubts: list[str] = []
    for file in files:
        if file is None:
            strays.append("a file that does not parse")
            continue
        found = _in_file(file, getter)
        for user in found.users:
            if not isinstance(user, User):
                strays.append(_place(file, user))
            elif user.sets:
                setting.append(user)
            elif not all(_is_harmless(file, call) for call in user.calls):
                relying.append(user)
        strays += found.mentions
        if str(file.module.source.path) == getter.identity[0]:
            named = (_in_file(other, getter).named for other in files if other)
            known = frozenset[str]().union(*named)
            strays += _of_backing(file, getter, known)
            doubts += file.elsewhere.variable(getter.outer).doubts
    return Users(setting, relying, sorted(set(strays)), doubts)


def _is_harmless(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether nothing but a flush is done with what *call* gives, or nothing at all."""
    parent = semantic.module.parents[call]
    return isinstance(parent, ast.Expr) or is_flushed(semantic, call)


def _place(semantic: SemanticModel, node: ast.AST) -> str:
    return f"{semantic.module.source.display}:{node.lineno}"  # type: ignore[attr-defined]


def _namings(semantic: SemanticModel, getter: Getter) -> Iterator[ast.expr]:
    """Yield the names of *getter* in a module, those too that its imports give it."""
    local = {getter.name}
    for alias in semantic.module.every(ast.alias):
        if alias.name == getter.name and alias.asname:
            local.add(alias.asname)
    for node in (*semantic.module.every(ast.Name), *semantic.module.every(ast.Attribute)):
        if last_name(node) in local:
            yield node


def _other_mentions(semantic: SemanticModel, getter: Getter) -> Iterator[ast.AST]:
    """Yield where a module does something else with *getter* than to call it."""
    for node in _namings(semantic, getter):
        call = semantic.module.parents[node]
        if isinstance(call, ast.Call) and call.func is node:
            given = semantic.getter_calls.of.get(call)
            if given is not None and given.identity == getter.identity:
                continue
        definition = semantic.taint.definition(node)
        if definition is None or identity(definition.taint, definition.node) == getter.identity:
            yield node
    yield from in_texts(semantic, getter.name)


def _of_backing(semantic: SemanticModel, getter: Getter, known: Collection[str]) -> Iterator[str]:
    """Yield where the variable or field behind *getter* is used by others, in whatever file.

    And where they come to the getter otherwise than by its name, at a place that is *known*.
    """
    lines = _lines(getter)
    if getter.binding is not None:
        name = getter.binding.name
        own = semantic.scopes.binding(name, semantic.scopes.module_scope)
        loads = [n for n in own.loads if n.lineno not in lines]
        yield from (_place(semantic, n) for n in loads if not _looks(semantic, n))
        yield from (place.where for place in semantic.elsewhere.variable(name).places)
    if getter.owner is not None:
        owner = getter.owner.name
        nodes = semantic.module.every(ast.Attribute)
        others = (n for n in nodes if n.attr == getter.field and n.lineno not in lines)
        yield from (_place(semantic, n) for n in others if not _looks(semantic, n))
        yield from (place.where for place in semantic.elsewhere.field(owner, getter.field).places)
        yield from semantic.elsewhere.heirs(owner)
        for one in semantic.module.every(ast.ClassDef):
            bases = map(semantic.taint.class_of, one.bases)
            yield from (one.name for base in bases if base and base.node.name == owner)
    else:
        yield from unseen_uses(semantic, getter.name, known)


def _lines(getter: Getter) -> range:
    return range(getter.node.lineno, (getter.node.end_lineno or getter.node.lineno) + 1)


def _looks(semantic: SemanticModel, node: ast.expr) -> bool:
    """Whether *node* is only compared, tested for truth, or flushed."""
    parent = semantic.module.parents[node]
    tested = isinstance(parent, ast.Compare | ast.If)
    return tested or is_flushed(semantic, node)


def named_by_contexts(user: User) -> frozenset[str]:
    """Return the ids that every context surely names in which *user* uses the tracker.

    None of them, if it is used outside of all contexts, too.
    """
    semantic = user.semantic
    inside: set[ast.AST] = set()
    named: list[set[str]] = []
    for statement, _, call, _ in semantic.context_calls:
        given = next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)
        is_alias = isinstance(given, ast.Name) and semantic.scopes.of(given) in user.aliases
        if given is not None and (is_alias or given in user.calls):
            inside.update(walk(statement))
            named.append({k.arg or "" for k in call.keywords if _is_sure(semantic, k.value)})
    loads = [load for alias in user.aliases for load in alias.loads]
    direct = [c for c in user.calls if semantic.module.statement(c) not in user.aliases.values()]
    if not named or not inside.issuperset((*loads, *direct)):
        return frozenset()
    return frozenset(set.intersection(*named))


def _is_sure(semantic: SemanticModel, value: ast.expr) -> bool:
    return not is_none(value) and Nullness(semantic).is_given(value)


def acting_in(user: User, users: Users) -> list[ast.AST]:
    """Return the names in the function of *user* of those that use the tracker by themselves."""
    if not users.acting:
        return []
    reaching = user.reaching
    return [name for name, cut, ids in reaching if cut or not ids.isdisjoint(users.acting)]

"""Who has the tracker that a getter gives: its users in all files, and what they do with it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from collections.abc import Collection, Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.rules.planning.adoption import Part

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class User:
    """A function that is given the tracker: by ``calls``, and under other names for it.

    ``sets`` are its set calls.
    """

    semantic: SemanticModel
    function: Function
    calls: list[ast.Call]
    aliases: dict[Binding, ast.stmt]
    sets: list[SetCall]

    @property
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
class Users:
    """All users of one getter's tracker; ``strays`` are other places that may have it.

    ``doubts`` are what is taken for granted about files that cannot be looked at.
    """

    setting: list[User]
    relying: list[User]
    strays: list[str]
    doubts: list[str]


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
    for function, mine in calls.items():
        scope = semantic.scopes.inner[function]
        aliases = {
            alias: semantic.module.statement(call)
            for alias, call in index.aliases.items()
            if call in mine and alias.scope is scope
        }
        sets = [s for s in semantic.lifetimes.set_calls if _is_on(semantic, s, mine, aliases)]
        yield User(semantic, function, mine, aliases, sets)


def _is_on(
    semantic: SemanticModel,
    site: SetCall,
    calls: Collection[ast.AST],
    aliases: Collection[Binding],
) -> bool:
    receiver = site.call.func.value  # type: ignore[attr-defined]
    return receiver in calls or semantic.lifetimes.receiver(site) in aliases


def users_of(semantic: SemanticModel, getter: Getter) -> Users:
    """Return who has the tracker of *getter*, in all files of the project."""
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
        for user in users_here(file, getter):
            if not isinstance(user, User):
                strays.append(_place(file, user))
            elif user.sets:
                setting.append(user)
            elif not all(_is_harmless(file, call) for call in user.calls):
                relying.append(user)
        strays += (_place(file, node) for node in _other_mentions(file, getter))
        if str(file.module.source.path) == getter.identity[0]:
            known = {place for other in files if other for place in _named_at(other, getter)}
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


def _named_at(semantic: SemanticModel, getter: Getter) -> Iterator[str]:
    yield from (_place(semantic, node) for node in _namings(semantic, getter))


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
    others = {one.identity for one in users.relying if not named_by_contexts(one)}
    taint = user.semantic.taint
    names = (n for n in walk(user.function) if isinstance(n, ast.Name | ast.Attribute))
    return [name for name in names if others and _may_reach(taint, name, others)]


def _may_reach(taint: DataFlow, name: ast.AST, others: set[Identity]) -> bool:
    reached = reachable(taint, [name])
    return reached.is_cut or any(identity(r.taint, r.node) in others for r in reached)

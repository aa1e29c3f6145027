"""The lifetimes of trackers: where one is built, configured, used, and last seen."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.mentions import Mentions, Places
from codemods.analysis.trackers.constructs import (
    Binder,
    Bound,
    bindings_of,
    bound_in_passing,
    unpacked,
    whole,
)
from codemods.analysis.trackers.constructs import Construct as Construct
from codemods.analysis.trackers.factories import built_by
from codemods.analysis.trackers.ids.arguments import Argument, arguments_given
from codemods.analysis.trackers.ids.literal_dicts import LiteralDicts
from codemods.analysis.trackers.ids.unread import is_dropped
from codemods.analysis.trackers.sharing import gives_itself_again, shared_by

if TYPE_CHECKING:
    from collections.abc import Container

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.parsed_module import ParsedModule, Path
    from codemods.analysis.syntax.scopes import Binding, Scope, Scopes


@dataclass(frozen=True, eq=False)
class SetCall:
    """A call that configures a tracker.

    ``problem`` names what is wrong with it ("unknown-fields", "invalid-call",
    "value-used"), None where it is an ordinary one.
    """

    call: ast.Call
    statement: ast.stmt
    path: Path
    arguments: tuple[Argument, ...]
    problem: str | None

    def argument(self, keyword: str) -> Argument | None:
        """Return the argument for *keyword*, unless it is missing or a literal None."""
        return next(
            (a for a in self.arguments if a.keyword == keyword and not is_none(a.value)), None
        )


#: The problem of a set call that is made through the class: ``Class.set_call(tracker, ...)``.
UNBOUND = "unbound"


@dataclass(eq=False)
class Lifetime:
    """One tracker from its construction to the end of its suite or the next construction.

    ``body[index]`` is the construction; ``end`` is exclusive.  ``siblings`` are all
    lifetimes of the same variable, this one included; ``aliases`` other names that the
    same statement gives the tracker, and ``is_alone`` says that it binds nothing else.
    ``bound_by`` are the statements that bind it: several, in the branches of the one that stands
    for them, where all of these build.  ``built_by`` are the constructions, one for each arm.
    ``owned`` is the field that has the tracker, where the variable is an object that owns one;
    ``escapes`` says that others have the tracker when its block is over.
    """

    binding: Binding
    scope: Scope
    construct: Construct
    binding_statement: ast.stmt
    body: list[ast.stmt]
    prefix: Path
    field_name: str
    index: int
    end: int
    sets: list[SetCall] = field(default_factory=list)
    loads: list[ast.Name] = field(default_factory=list)
    siblings: list[Lifetime] = field(default_factory=list)
    aliases: tuple[Binding, ...] = ()
    is_alone: bool = True
    bound_by: tuple[ast.stmt, ...] = ()
    built_by: tuple[ast.Call, ...] = ()
    owned: str = ""
    escapes: bool = False

    @property
    def tracker(self) -> str:
        """The tracker, as code of its scope names it."""
        return f"{self.binding.name}.{self.owned}" if self.owned else self.binding.name

    def path(self, index: int) -> Path:
        """Return the path of statement *index* of the lifetime's suite."""
        return (*self.prefix, (self.field_name, index))


class Lifetimes:
    """Finds constructions and set calls, and what belongs to which tracker."""

    def __init__(
        self, module: ParsedModule, scopes: Scopes, taint: DataFlow, vocabulary: words.Vocabulary
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._taint = taint
        self._names = taint.names
        self.homes = vocabulary.tracker_paths  # the module of contexts of each name of the class
        # Something else is put in the class's place while the program runs.
        self._replaced = any(
            isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)
            for n in module.called(words.TRACKER_CLASS)
        )
        self._places: dict[Binding, tuple[Places, dict[ast.AST, SetCall]]] = {}
        calls = sorted(module.every(ast.Call), key=lambda n: (n.lineno, n.col_offset))
        self.constructs = [c for c in map(self._construct, calls) if c is not None]
        self.set_calls = [s for s in map(self._set_call, calls) if s is not None]

    def _construct(self, call: ast.Call) -> Construct | None:
        kind = "arguments" if call.args or call.keywords else "plain"
        target = call.func
        if isinstance(target, ast.Attribute) and target.attr == words.FACTORY:
            target, kind = target.value, "factory"
        meaning = self._names.tracker_class(target)
        if meaning is None:
            meaning, kind = built_by(self._taint, call.func), "factory"
        if meaning is None:
            return None
        if meaning.subclass:
            kind = "subclass"
        certain = meaning.certain and not self._replaced
        shared = shared_by(self._taint, call)
        home, again = self.homes[meaning.paths[0]], gives_itself_again(self._taint, call)
        return Construct(call, kind, home, certain, shared, again)

    def _set_call(self, call: ast.Call) -> SetCall | None:
        if not isinstance(call.func, ast.Attribute):
            return None
        older = call.func.attr == words.OLDER_SET_CALL and self._names_ids(call)
        if call.func.attr != words.SET_CALL and not older:
            return None
        statement = self._module.statement(call)
        used = not is_dropped(self._module, self._scopes, statement, call)
        arguments, problem = arguments_given(call, LiteralDicts(self._module, self._scopes))
        if self._names.tracker_class(call.func.value) is not None:
            arguments, problem = (), UNBOUND
        return SetCall(
            call,
            statement,
            self._module.paths[statement],
            arguments,
            "value-used" if used else problem,
        )

    def _names_ids(self, call: ast.Call) -> bool:
        """Whether a call by the older name is given ids, or all that a set call was given."""
        function = next(
            (n for n in self._module.ancestors(call) if isinstance(n, ast.FunctionDef)), None
        )
        passes_on = function is not None and function.name in (
            words.SET_CALL,
            words.OLDER_SET_CALL,
        )
        # Today's method takes a dictionary: without one, on a tracker, it is the older name.
        legacy = passes_on or self._is_built(call.func.value)  # type: ignore[attr-defined]
        known = (*words.SET_PARAMETERS, None) if legacy else words.SET_PARAMETERS
        given = not call.args and (call.keywords or legacy)
        return bool(given) and all(keyword.arg in known for keyword in call.keywords)

    def _is_built(self, value: ast.expr) -> bool:
        """Whether *value* is a variable that a construction is bound to."""
        return (
            isinstance(value, ast.Name)
            and value in self._scopes.scope_of
            and self._scopes.of(value) in self._built
        )

    @cached_property
    def _built(self) -> set[Binding]:
        """The variables that a construction is bound to."""
        binding_statements = ((c, self.binding_of(c)) for c in self.constructs)
        names = (
            n
            for c, binding_statement in binding_statements
            if binding_statement is not None
            for n in self.names_of(c, binding_statement)
        )
        return {self._scopes.of(name) for name in names}

    def receiver(self, site: SetCall) -> Binding | None:
        """Return the variable that the set call is made on, None where it is an expression."""
        value = site.call.func.value  # type: ignore[attr-defined]
        if site.problem == UNBOUND and site.call.args:
            value = site.call.args[0]
        if isinstance(value, ast.Name) and value in self._scopes.scope_of:
            return self._scopes.of(value)
        return None

    @cached_property
    def sets_on(self) -> dict[Binding, list[SetCall]]:
        """The set calls that are made on each variable, in source order."""
        found: dict[Binding, list[SetCall]] = {}
        for site in self.set_calls:
            binding = self.receiver(site)
            if binding is not None:
                found.setdefault(binding, []).append(site)
        return found

    def binding_of(self, construct: Construct) -> Binder | None:
        """Return the statement that binds the construction to plain names, else None."""
        value = self._whole(construct)
        parent = self._module.parents[value]
        if isinstance(parent, ast.NamedExpr):
            return bound_in_passing(self._module, value)
        if isinstance(parent, ast.AnnAssign) and isinstance(parent.target, ast.Name):
            return parent
        statement = self._module.parents[parent] if isinstance(parent, ast.Tuple) else parent
        if isinstance(statement, ast.Assign) and self.names_of(construct, statement):
            return statement
        return None

    def _whole(self, construct: Construct) -> ast.expr:
        """Return what *construct* is bound as: itself, or a condition whose arms all build."""
        return whole(self._module, construct.call, self.by_call)

    @cached_property
    def by_call(self) -> dict[object, Construct]:
        """The constructions by their calls: who asks of one call builds no set of them all."""
        return {construct.call: construct for construct in self.constructs}

    @cached_property
    def sites_at(self) -> dict[Path, SetCall]:
        """The set calls by the paths of their statements."""
        return {site.path: site for site in self.set_calls}

    @cached_property
    def constructs_of(self) -> dict[Binding, list[Construct]]:
        """The constructions by the variables that they are bound to."""
        found: dict[Binding, list[Construct]] = {}
        for construct in self.constructs:
            statement = self.binding_of(construct)
            for name in self.names_of(construct, statement) if statement is not None else ():
                found.setdefault(self._scopes.of(name), []).append(construct)
        return found

    @cached_property
    def binding_statements(self) -> set[ast.stmt]:
        """The statements that bind a construction to plain names."""
        return {
            binding_statement
            for c in self.constructs
            if (binding_statement := self.binding_of(c)) is not None
        }

    @cached_property
    def bindings_in(self) -> dict[tuple[Path, str], list[int]]:
        """The bound_by of each suite by their indices; a suite is its path and its field."""
        found: dict[tuple[Path, str], list[int]] = {}
        for construct in self.constructs:
            binding_statement = self.binding_of(construct)
            if binding_statement is not None:
                *prefix, (name, index) = self._module.paths[binding_statement]
                found.setdefault((tuple(prefix), name), []).append(index)
        return found

    def names_of(self, construct: Construct, binding_statement: Binder) -> list[ast.Name]:
        """Return the names that the construction is bound to; none where one is no name."""
        if isinstance(binding_statement, ast.Expr):
            named = self._module.parents[self._whole(construct)]
            return [named.target] if isinstance(named, ast.NamedExpr) else []
        if isinstance(binding_statement, ast.AnnAssign):
            return (
                [binding_statement.target] if isinstance(binding_statement.target, ast.Name) else []
            )
        if binding_statement.value is self._whole(construct):
            names = [t for t in binding_statement.targets if isinstance(t, ast.Name)]
            return names if len(names) == len(binding_statement.targets) else []
        return unpacked(binding_statement, construct.call)

    def lifetimes(
        self,
        binding_statements: list[Bound],
        others: Container[ast.Call] = (),
    ) -> list[Lifetime]:
        """Return the lifetimes of one variable, given its constructions in source order.

        The set calls in *others* belong to none of them.
        """
        found: list[Lifetime] = []
        for construct, binding_statement, bound_by in bindings_of(
            self._module, self._scopes, self.names_of, binding_statements
        ):
            names = self.names_of(*bound_by[0])
            # Of several names the one that the ids are set on is the tracker's.
            target = next((n for n in names if self._scopes.of(n) in self.sets_on), names[0])
            path = self._module.paths[binding_statement]
            name, index = path[-1]
            body = self._module.statements_around(binding_statement)
            scope = self._scopes.scope_of[target]
            lifetime = Lifetime(
                self._scopes.of(target),
                scope,
                construct,
                binding_statement,
                body,
                path[:-1],
                name,
                index,
                len(body),
            )
            lifetime.aliases = tuple(self._scopes.of(n) for n in names if n is not target)
            value = getattr(binding_statement, "value", None)
            lifetime.is_alone = not lifetime.aliases and value is construct.call
            lifetime.bound_by = tuple(statement for _, statement in bound_by)
            lifetime.built_by = tuple(one.call for one, _ in bound_by)
            if found and found[-1].body is body:
                found[-1].end = index
            found.append(lifetime)
        for lifetime in found:
            lifetime.siblings = found
            self._populate(lifetime, others)
        return found

    def _populate(self, lifetime: Lifetime, others: Container[ast.Call] = ()) -> None:
        """Give *lifetime* its set calls and uses."""
        mentions = self._taint.once(Mentions)
        statements = lifetime.body[lifetime.index + 1 : lifetime.end]
        sets = self._set_places(lifetime.binding)
        calls = mentions.inside(sets[0], statements) if sets is not None else ()
        found = [sets[1][call] for call in calls] if sets is not None else []
        lifetime.sets = [site for site in found if site.call not in others]
        loads = mentions.inside(mentions.loads(lifetime.binding), statements)
        lifetime.loads = loads  # type: ignore[assignment]

    def _set_places(self, binding: Binding) -> tuple[Places, dict[ast.AST, SetCall]] | None:
        """Return where set calls are made on *binding*, and which they are."""
        sites = self.sets_on.get(binding)
        if sites is None:
            return None
        if binding not in self._places:
            by_call: dict[ast.AST, SetCall] = {site.call: site for site in sites}
            self._places[binding] = Places(self._taint.once(Mentions), by_call), by_call
        return self._places[binding]

    def owner_lifetime(
        self,
        name: ast.Name,
        binding_statement: ast.Assign | ast.AnnAssign,
        construct: Construct,
        field: str,
    ) -> Lifetime:
        """Return the lifetime of the object bound to *name*, which has its tracker in *field*."""
        path = self._module.paths[binding_statement]
        body = self._module.statements_around(binding_statement)
        lifetime = Lifetime(
            self._scopes.of(name),
            self._scopes.scope_of[name],
            construct,
            binding_statement,
            body,
            path[:-1],
            *path[-1],
            len(body),
            owned=field,
        )
        lifetime.siblings, lifetime.bound_by = [lifetime], (binding_statement,)
        self._populate(lifetime)
        return lifetime

    def migrated_use(self, load: ast.expr) -> bool:
        """Whether *load* hands the tracker to a context manager (``tracker=name``)."""
        keyword = self._module.parents[load]
        while isinstance(keyword, ast.Attribute):
            keyword = self._module.parents[keyword]
        if not isinstance(keyword, ast.keyword) or keyword.arg != words.TRACKER_ARGUMENT:
            return False
        call = self._module.parents[keyword]
        return isinstance(call, ast.Call) and self._names.context_manager(call.func) is not None


def within(lifetime: Lifetime, path: Path) -> bool:
    """Whether the statement at *path* lies in the lifetime's suite, after the construction."""
    depth = len(lifetime.prefix)
    if path[:depth] != lifetime.prefix or len(path) <= depth:
        return False
    name, index = path[depth]
    return name == lifetime.field_name and lifetime.index < index < lifetime.end


def is_none(value: ast.expr) -> bool:
    """Whether *value* is the literal None."""
    return isinstance(value, ast.Constant) and value.value is None

"""All that the rules may ask about one module, computed once."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from codemods.analysis.dataflow.call_graph import reachable_from
from codemods.analysis.dataflow.taint import Taint
from codemods.analysis.exports import Exports
from codemods.analysis.stores.reads import Stores
from codemods.analysis.syntax.api_imports import ApiImports
from codemods.analysis.syntax.calls import calls_named
from codemods.analysis.syntax.definitions import Registry, Resolved
from codemods.analysis.syntax.names import Meaning, Names
from codemods.analysis.tracker_variables import tracker_variables
from codemods.analysis.trackers.batches import Sending
from codemods.analysis.trackers.factories import product
from codemods.analysis.trackers.fields.makings import Makings
from codemods.analysis.trackers.fields.tracker_fields import TrackerFields
from codemods.analysis.trackers.getters.getter import GetterCalls, getter_of
from codemods.analysis.trackers.ids.standing import StandingIds
from codemods.analysis.trackers.lifetimes import Lifetimes
from codemods.analysis.trackers.mocks.methods import replaced_method
from codemods.analysis.trackers.unrecorded import is_only_looked_at
from codemods.model.finding import Finding
from codemods.model.runtime import Evidence, Runtime
from codemods.vocabulary import CLIENT_WRAPPERS, OWN_PACKAGE, TRACKER_ARGUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.external.names import ExternalUse, Uses
    from codemods.analysis.syntax.definitions import Found, Identity
    from codemods.analysis.syntax.parsed_module import ParsedModule, Path
    from codemods.analysis.syntax.scopes import Binding, Scope, Scopes
    from codemods.analysis.trackers.constructs import Bound
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime, SetCall
    from codemods.model.options import Settings
    from codemods.vocabulary import Vocabulary

Answer = TypeVar("Answer")
#: Calls that may reach variables by name; ``globals`` reaches those of the module only.
_LOOKUPS = ("locals", "vars", "exec", "eval", "globals")


class Elsewhere(Registry, Protocol):
    """What the other files of the project do with one module."""

    def variable(self, name: str) -> Uses:
        """Return the uses of the module's global *name*."""

    def field(self, owner: str, name: str) -> Uses:
        """Return the uses of the field *name* of objects of the module's class *owner*."""

    def kin(self, owner: str) -> AbstractSet[Identity]:
        """Return the classes of which an object of the module's class *owner* may be one too."""

    def heirs(self, owner: str) -> frozenset[str]:
        """Return the names of classes of other files that inherit from the class *owner*."""

    def naming(self, owner: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that may speak of the module's class *owner*."""

    def mentioning(self, name: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that has the word *name*."""

    def methods(self, name: str) -> Iterator[Resolved]:
        """Yield the methods *name* of classes of the other files."""

    def replaced_method(self) -> ExternalUse | None:
        """Return where a file that runs the module puts something in a tracker method's place."""

    def is_replaced(self, name: str) -> bool:
        """Whether any file puts something else in the place of a function called *name*."""

    def replacing(self, name: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of the files that may replace the module's *name*."""

    def lines_meaning(self, other: SemanticModel, names: Iterable[str]) -> frozenset[int]:
        """Return the lines of the *other* file that may mean one of the module's *names*."""

    def keywords(self, name: str) -> frozenset[str]:
        """Return the keywords of all calls of something called *name*, "**" for unpacked ones."""

    def provides(self, name: str) -> bool:
        """Whether any file of the project may give objects an attribute *name* of its own."""

    def surroundings(
        self, telling: Callable[[SemanticModel], bool], *, by_all: bool = False
    ) -> Iterator[SemanticModel]:
        """Yield the analysis of each other file in whose contexts the module may run."""

    def lacking(self, legacy: str, context: str, name: str) -> str | None:
        """Return what ``from context import name`` lacks; None where *legacy* is of elsewhere."""

    def runtime(self, legacy: str, context: str) -> Evidence | None:
        """Return what the project's own *context* module shows, None where it has none."""


class SemanticModel:
    """The analysis of one module; every answer is computed at most once."""

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        vocabulary: Vocabulary,
        settings: Settings,
        elsewhere: Elsewhere,
        resolve: Callable[[str], Found | None],
        follow: Callable[[str], Meaning | None],
    ) -> None:
        #: What the other files of the project do with this module.
        self.elsewhere = elsewhere
        self.module = module
        self.vocabulary = vocabulary
        self.settings = settings
        #: Whether the text is what this run has made of the reader's.
        self.is_result = False
        self.scopes = scopes
        self.names = Names(module, self.scopes, vocabulary, follow)
        self.taint = Taint(module, self.scopes, self.names, resolve, elsewhere.provides, elsewhere)
        self.imports = ApiImports(module, scopes, self.names, vocabulary)
        self._stores: dict[Construct, Stores] = {}
        self._scopes_at = dict(self.scopes.inner)
        self._flows: dict[Lifetime, Flow] = {}
        self._runtimes: dict[str, Evidence] = {}
        self._answers: dict[Any, Any] = {}

    def once(self, question: Callable[[SemanticModel], Answer]) -> Answer:
        """Return ``question(self)``, asked the first time."""
        if question not in self._answers:
            self._answers[question] = question(self)
        return self._answers[question]  # type: ignore[no-any-return]

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """The lifetimes of the module's trackers."""
        return Lifetimes(self.module, self.scopes, self.taint, self.vocabulary)

    @cached_property
    def tracker_lifetimes(self) -> list[Lifetime]:
        """The lifetimes of trackers that are built into a variable and that something is done with.

        A set call in a context manager of the tracker belongs to that, and to none of them.
        """
        bound: dict[Binding, list[Bound]] = {}
        for construct in self.constructs:
            statement = self.lifetimes.binding_of(construct)
            if statement is not None:
                names = [self.scopes.of(n) for n in self.lifetimes.names_of(construct, statement)]
                owner = next((name for name in names if name in self.lifetimes.sets_on), names[0])
                bound.setdefault(owner, []).append((construct, statement))
        return [
            lifetime
            for pairs in bound.values()
            for lifetime in self.lifetimes.lifetimes(pairs, self.set_in_contexts)
        ]

    @cached_property
    def constructs(self) -> list[Construct]:
        """The constructions that matter where they are: not a factory's, nor to look at only."""
        return [
            construct
            for construct in self.lifetimes.constructs
            if not self.is_made_for_callers(construct) and not is_only_looked_at(self, construct)
        ]

    def flow(self, lifetime: Lifetime) -> Flow:
        """Return the way of the tracker of *lifetime*, from its construction to its end."""
        if lifetime not in self._flows:
            statements = lifetime.body[lifetime.index + 1 : lifetime.end]
            self._flows[lifetime] = self.taint.follow(
                lifetime.binding, statements, lifetime.scope, lifetime.aliases
            )
        return self._flows[lifetime]

    @cached_property
    def tracker_fields(self) -> list[TrackerField]:
        """The fields of the module's classes that hold a tracker."""
        makings = Makings(self.module, self.scopes, self.names, self.lifetimes)
        return list(TrackerFields(self.taint, makings).all())

    @property
    def getter_calls(self) -> GetterCalls:
        """The calls that give a tracker which others are given too."""
        return self.taint.once(GetterCalls)

    @cached_property
    def standing(self) -> StandingIds:
        """The ids that trackers have by their construction and set calls."""
        given = frozenset(alias.name for alias in self.getter_calls.aliases)
        return StandingIds(self.module, self.scopes, self.lifetimes, given)

    @cached_property
    def calls_by_name(self) -> list[ast.Call]:
        """The calls of plain names that may reach variables by name."""
        calls = calls_named(self.module.tree, _LOOKUPS)
        return [call for call in calls if isinstance(call.func, ast.Name)]

    def wraps_clients(self, body: Sequence[ast.stmt], start: int, end: int) -> bool:
        """Whether the module, or a file that statements of *body* reach, makes wrapped clients."""
        if self.module.mentions(CLIENT_WRAPPERS):
            return True
        reached = reachable_from(self.taint, body, start, end)
        modules = {one.taint.module for one in reached}
        return reached.is_cut or any(one.mentions(CLIENT_WRAPPERS) for one in modules)

    @cached_property
    def operations(self) -> frozenset[str]:
        """The operation types in use."""
        given = (call.args[0] for _, _, call, _ in self.context_calls if call.args)
        return frozenset(str(one.value) for one in given if isinstance(one, ast.Constant))

    @cached_property
    def replaced_method(self) -> ast.AST | None:
        """The place where the module puts something else in the place of a tracker's method."""
        return replaced_method(self.module, self.names)

    @cached_property
    def quote(self) -> str:
        """The quotation mark that the file uses most."""
        text = self.module.source.text
        return "'" if text.count("'") > text.count('"') else '"'

    def stores(self, construct: Construct) -> Stores:
        """What leads to the store of the tracker that *construct* builds."""
        if construct not in self._stores:
            self._stores[construct] = Stores(self.taint, construct)
        return self._stores[construct]

    def looks(self, construct: Construct) -> Callable[[ast.stmt], bool]:
        """Return the question whether a statement looks at what that tracker has stored."""
        return lambda statement: self.stores(construct).look([statement]) is not None

    def ours(self, home: str) -> bool:
        """Whether rewrites of trackers whose contexts live in *home* may rely on our runtime."""
        return self.runtime(home).is_ours

    def runtime(self, home: str) -> Evidence:
        """Return the runtime behind the contexts of the module *home*."""
        if home not in self._runtimes:
            # Where an import has a fallback, what is relied on must hold for both.
            found = [self._runtime(one) for one in (home, *self.imports.alternatives(home))]
            self._runtimes[home] = next((one for one in found if not one.is_ours), found[0])
        return self._runtimes[home]

    def _runtime(self, home: str) -> Evidence:
        if self.settings.runtime is not Runtime.AUTO:
            return Evidence(self.settings.runtime)
        if home.partition(".")[0] == OWN_PACKAGE:
            return Evidence(Runtime.TRACKER)
        shown = self.elsewhere.runtime(self.vocabulary.legacy_module(home) or "", home)
        if shown is not None:
            return shown
        why = f"{home} is in no folder of the project"
        if self.settings.strict:
            return Evidence(Runtime.CONSERVATIVE, f"{why}, and nothing is assumed of it")
        return Evidence(Runtime.GUIDE, why)

    def finding(self, code: str, node: ast.AST, message: str) -> Finding:
        """Return a finding at *node*."""
        return Finding(code, self.module.source.display, self.module.span(node), message)

    @cached_property
    def context_calls(self) -> list[tuple[ast.With | ast.AsyncWith, int, ast.Call, str]]:
        """Every context manager: its statement, item, call and plain name."""
        found = []
        blocks: list[ast.With | ast.AsyncWith] = [*self.module.every(ast.With)]
        blocks += self.module.every(ast.AsyncWith)
        for node in blocks:
            for index, item in enumerate(node.items):
                call = item.context_expr
                if isinstance(call, ast.Call):
                    name = self.names.context_manager(call.func)
                    if name is not None:
                        found.append((node, index, call, name))
        found.sort(key=lambda row: row[0].lineno)
        return found

    @cached_property
    def contexts_of(self) -> dict[ast.AST, list[int]]:
        """The places of each statement's context managers among ``context_calls``."""
        found: dict[ast.AST, list[int]] = {}
        for row, (statement, *_) in enumerate(self.context_calls):
            found.setdefault(statement, []).append(row)
        return found

    @cached_property
    def set_in_contexts(self) -> dict[ast.Call, tuple[ast.With | ast.AsyncWith, int, ast.Call]]:
        """The set calls in a context manager that gives or takes their tracker, with the innermost.

        Of that its statement, item and call.
        """
        found = {site.call: self._context_around(site) for site in self.lifetimes.set_calls}
        return {call: context for call, context in found.items() if context is not None}

    def _context_around(
        self, site: SetCall
    ) -> tuple[ast.With | ast.AsyncWith, int, ast.Call] | None:
        binding = self.lifetimes.receiver(site)
        field = None if binding is not None else ast.dump(site.call.func.value)  # type: ignore[attr-defined]
        around = self.module.ancestors(site.call) if self.context_calls else ()
        rows = (row for one in around for row in reversed(self.contexts_of.get(one, [])))
        for statement, item, call, _ in (self.context_calls[row] for row in rows):
            given = next((k.value for k in call.keywords if k.arg == TRACKER_ARGUMENT), None)
            for name in (statement.items[item].optional_vars, given):
                if isinstance(name, ast.Name) and self.scopes.of(name) is binding:
                    return statement, item, call
                if isinstance(name, ast.Attribute) and ast.dump(name) == field:
                    return statement, item, call
        return None

    def used_elsewhere(self, name: str) -> bool:
        """Whether ``__all__`` exports the module's *name*, or another file imports it."""
        return self._exports.may_have(name) or self.elsewhere.variable(name).mentioned

    @cached_property
    def _exports(self) -> Exports:
        return Exports(self.module.tree)

    def may_be_replaced(self, name: ast.expr) -> bool:
        """Whether a test or another module may put something else in the place of *name*."""
        if not isinstance(name, ast.Name):
            return False
        return name.id in self._named_in_texts or self.elsewhere.variable(name.id).mentioned

    @cached_property
    def _named_in_texts(self) -> frozenset[str]:
        """The last dotted name of every text of the module."""
        texts = (n.value for n in self.module.every(ast.Constant) if isinstance(n.value, str))
        return frozenset(text.rpartition(".")[2] for text in texts)

    def scope_at(self, path: Path) -> Scope:
        """Return the scope that the statement at *path* belongs to."""
        around: ast.AST | None = self.module.at[path[:-1]]
        passed: list[ast.AST] = []
        while around is not None and around not in self._scopes_at:
            passed.append(around)
            around = self.module.parents.get(around)
        found = self._scopes_at[around] if around is not None else self.scopes.module_scope
        self._scopes_at.update(dict.fromkeys(passed, found))
        return found

    def local_function(self, name: ast.expr) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the function of this module that *name* certainly is."""
        found = self.taint.definition(name) if isinstance(name, ast.Name) else None
        return found.node if found is not None and found.taint is self.taint else None

    def sending(self, flow: Flow, *, ours: bool, also: Collection[str] = ()) -> Sending:
        """Return what finds the AI calls of a tracker, followed as *flow*."""
        trackers = self.tracker_variables
        return Sending(self.taint, flow, ours=ours, also=also, trackers=trackers)

    @cached_property
    def tracker_variables(self) -> frozenset[Binding]:
        """The variables of the module that hold, or lead to, a tracker as far as is seen."""
        named = tracker_variables(self.module, self.scopes, self.taint, self.lifetimes)
        return named.union(*(self.flow(one).tainted for one in self.tracker_lifetimes))

    def is_used_by_functions(self, lifetime: Lifetime) -> bool:
        """Whether functions use the tracker of *lifetime*, which is a variable of the module."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        return lifetime.scope.is_module and any(
            isinstance(ancestor, functions)
            for load in lifetime.loads
            if not self.scopes.scope_of[load].is_module  # as those of a decorator are
            for ancestor in self.module.ancestors(load)
        )

    def is_migrated(self, lifetime: Lifetime) -> bool:
        """Whether no set call of *lifetime* is left, and contexts take its tracker."""
        return not lifetime.sets and any(map(self.lifetimes.migrated_use, lifetime.loads))

    def is_made_for_callers(self, construct: Construct) -> bool:
        """Whether *construct* is what a factory or getter gives, whose calls are places."""
        function = next(
            (n for n in self.module.ancestors(construct.call) if isinstance(n, ast.FunctionDef)),
            None,
        )
        getter = getter_of(Resolved(self.taint, function)) if function is not None else None
        if getter is not None:
            return self.getter_calls.have(getter) or self.used_elsewhere(getter.outer)
        if function is None or product(Resolved(self.taint, function)) is None:
            return False
        called = any(
            c.call is not construct.call
            and self.taint.definition(c.call.func) == Resolved(self.taint, function)
            for c in self.lifetimes.constructs
        )
        return called or self.used_elsewhere(function.name)

    def statement_at(self, path: Path) -> ast.AST:
        """Return the statement at *path*."""
        return self.module.at[path]

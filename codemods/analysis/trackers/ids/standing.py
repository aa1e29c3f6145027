"""Which ids a tracker may have that no block names: from its construction, and its set calls."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.syntax.parsed_module import ParsedModule, Path
    from codemods.analysis.syntax.scopes import Binding, Scopes
    from codemods.analysis.trackers.lifetimes import Construct, Lifetimes, SetCall

    #: Ids by the variable that they are given to; by None where that may be any of the text.
    _Told = dict[Binding | None, frozenset[str]]

#: Batch mode is lent like an id, and named by the batch form only.
MODE = "batch mode"
ALL_IDS = frozenset(words.SET_PARAMETERS)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SETTERS = (words.SET_CALL, words.OLDER_SET_CALL)
_TELLING = frozenset((*_SETTERS, words.BATCH_MODE_CALL, *words.STATE_ATTRIBUTES))


class StandingIds:
    """Answers for the trackers of one module, by their text.

    Variables of two functions that each build their own tracker are told apart, whatever their
    text: others may be another name for one.  *given_to_all* are the names of those that functions
    of other files have too.
    """

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        lifetimes: Lifetimes,
        given_to_all: frozenset[str],
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._lifetimes = lifetimes
        self._given_to_all = given_to_all
        #: The ids of whatever tracker of a text.
        self._of_any: dict[str, frozenset[str]] = {}

    def of(self, tracker: ast.expr | None, variable: object = None) -> frozenset[str]:
        """Return the ids that a tracker of that name may have beside those of the block.

        *variable* is the binding that it is, where its text is new.
        """
        if tracker is None:
            return frozenset()
        if isinstance(tracker, ast.Call):
            known = last_name(tracker.func) in (words.TRACKER_CLASS, words.FACTORY)
            return frozenset({words.USER} if takes_user(tracker) else ()) if known else ALL_IDS
        text = ast.unparse(tracker)
        if text in self._given_to_all:
            return ALL_IDS  # whoever else is given that tracker may have set any
        variable = self._key(tracker) if variable is None else variable
        own = variable if variable in self._apart else None
        told = (self._told.get(text, {}), self._built.get(text, {}))
        if own is not None:
            parts = (ids.get(of) for ids in told for of in (own, None))
            return frozenset().union(*(part for part in parts if part is not None))
        if text not in self._of_any:
            self._of_any[text] = frozenset().union(*told[0].values(), *told[1].values())
        return self._of_any[text]

    def told_in(
        self, body: Sequence[ast.stmt], tracker: ast.expr | None, taken: Collection[Path]
    ) -> frozenset[str]:
        """Return the ids that *body* itself gives *tracker*, not at the paths *taken*."""
        text = ast.unparse(tracker) if tracker is not None else None
        found: frozenset[str] = frozenset()
        for node in (n for s in body for n in walk(s) if isinstance(n, ast.Attribute)):
            if node.attr in _TELLING and ast.unparse(node.value) == text:
                if self._module.paths[self._module.statement(node)] not in taken:
                    found |= self._given(node)
        return found

    @cached_property
    def set_in(self) -> dict[ast.AST, list[SetCall]]:
        """The set calls by the innermost function that they stand in."""
        found: dict[ast.AST, list[SetCall]] = {}
        for site in self._lifetimes.set_calls:
            around = self._module.ancestors(site.call)
            function = next((n for n in around if isinstance(n, _FUNCTIONS)), None)
            if function is not None:
                found.setdefault(function, []).append(site)
        return found

    @cached_property
    def setting_methods(self) -> dict[str, list[ast.AST]]:
        """The methods that set ids, by their names."""
        found: dict[str, list[ast.AST]] = {}
        for function in self.set_in:
            if isinstance(self._module.parents[function], ast.ClassDef):
                found.setdefault(function.name, []).append(function)  # type: ignore[attr-defined]
        return found

    @cached_property
    def _told(self) -> dict[str, _Told]:
        """The ids that calls and assignments give, by the text of their tracker."""
        found: dict[str, _Told] = {}
        for node in self._module.every(ast.Attribute):
            if node.attr in _TELLING:
                of, told = self._key(node.value), found.setdefault(ast.unparse(node.value), {})
                told[of] = told.get(of, frozenset()) | self._given(node)
        return found

    def _key(self, tracker: ast.expr) -> Binding | None:
        """Return the variable that *tracker* is, if no other one may be a name for its tracker."""
        known = isinstance(tracker, ast.Name) and tracker in self._scopes.scope_of
        variable = self._scopes.of(tracker) if known else None  # type: ignore[arg-type]
        return variable if variable in self._apart else None

    @cached_property
    def _apart(self) -> frozenset[Binding]:
        """The variables of functions that hold nothing but trackers which these build."""
        built: dict[Binding, int] = {}
        for construct, name in self._named:
            binding = self._scopes.of(name)
            if not construct.shared and isinstance(binding.scope.node, _FUNCTIONS):
                built[binding] = built.get(binding, 0) + 1
        return frozenset(b for b, count in built.items() if count == len(b.binders))

    @cached_property
    def _named(self) -> list[tuple[Construct, ast.Name]]:
        """The constructions, each with a name that it is bound to."""
        pairs = ((c, self._lifetimes.binding_of(c)) for c in self._lifetimes.constructs)
        return [
            (construct, name)
            for construct, statement in pairs
            if statement is not None
            for name in self._lifetimes.names_of(construct, statement)
        ]

    def _given(self, node: ast.Attribute) -> frozenset[str]:
        if node.attr in words.STATE_ATTRIBUTES and isinstance(node.ctx, ast.Store):
            return ALL_IDS | {MODE}
        call = self._module.parents[node]
        if isinstance(call, ast.Call) and node.attr in _SETTERS:
            return set_ids(call)
        return frozenset({MODE} if node.attr == words.BATCH_MODE_CALL else ())

    @cached_property
    def _built(self) -> dict[str, _Told]:
        """The ids that constructions give, by the variables that they are bound to."""
        found: dict[str, _Told] = {}
        for construct, name in self._named:
            if takes_user(construct.call):
                found.setdefault(name.id, {})[self._key(name)] = frozenset({words.USER})
        return found


def takes_user(call: ast.Call) -> bool:
    """Whether the construction *call* may name a user."""
    named = {keyword.arg for keyword in call.keywords}
    position = words.CONSTRUCTOR_PARAMETERS.index(words.USER)
    return bool({words.USER, None} & named) or len(call.args) > position


def set_ids(call: ast.Call) -> frozenset[str]:
    """Return the ids that a set call may set: all, where they are in a dictionary."""
    if last_name(call.func) == words.OLDER_SET_CALL and call.args:
        return ALL_IDS
    named = {keyword.arg for keyword in call.keywords}
    if None in named or any(isinstance(a, ast.Starred) for a in call.args):
        return ALL_IDS
    return ALL_IDS & {*named, *words.SET_PARAMETERS[: len(call.args)]}

"""Contexts that are there already, in this file or in others, and whose ids a new block would take.

A function runs in them where a block may call it, and where ``ai_usage_tracked`` opens one
for each of its calls.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred.callbacks import calls_unknown, handed_on
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.definitions import ResolvedClass
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.object_methods import MethodsOutOfSight
from codemods.analysis.trackers.ids.standing import ALL_IDS
from codemods.rules.conflicts.inheritance import (
    Heir,
    Heirs,
    heirs_in,
    heirs_inside,
    lent_ids,
)
from codemods.rules.conflicts.lenders import Lender, reached_by, registered
from codemods.rules.conflicts.own_trackers import context_ids, given_tracker
from codemods.rules.conflicts.proposed_blocks import uses_of_others
from codemods.rules.conflicts.tracker_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function, Resolved
    from codemods.model.proposal import Proposal
    from codemods.rules.rule import Holders

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ENTERING = ("__init__", "__enter__", "__aenter__")
_STACKING = ("enter_context", "enter_async_context")


def heirs_of_contexts(
    semantic: SemanticModel, proposals: Sequence[Proposal], holders: Holders
) -> dict[Proposal, list[str]]:
    """Return the proposals whose blocks would inherit from a context that is there already.

    With each goes what is to be said of it, of each such context.
    """
    found: dict[Proposal, list[str]] = {}
    if not proposals:
        return found
    heirs = Heirs(semantic, proposals, holders)
    told = [
        (text, heir)
        for text, lender in _contexts(semantic, holders.every)
        for heir in heirs_in(semantic, lender, heirs)
    ]
    by_all = semantic.elsewhere.is_handed_on()
    for other in semantic.elsewhere.surroundings(has_contexts, by_all=by_all):
        for text, lender in other.once(_own_contexts):
            place = f"{text} in {other.module.source.display}"
            told += [(place, heir) for heir in _across(other, lender, semantic, heirs)]
    for text, heir in told:
        if heir.proposal is not None:
            found.setdefault(heir.proposal, []).append(heir.how.format(text))
    return found


def _across(
    other: SemanticModel, lender: Lender, semantic: SemanticModel, heirs: Heirs
) -> Iterator[Heir]:
    """Yield the blocks that functions of this module get, and *lender*, of *other*, may call.

    A function that is handed on may be what the block calls without naming it, and a method that
    of an object which it is given.
    """
    around = heirs.around_blocks_for(lender)
    functions = [one for one in _functions(semantic) if one in around]
    if not functions:
        return
    lender = replace(lender, home=other)
    reaches = other.once(_Reaches)
    found = reaches.of(lender)
    reached = set(found.functions.get(semantic.module.source.path, ()))
    if found.is_cut:  # anything may run there
        reached.update(map(semantic.module.qualified_name, functions))
    handed = handed_on(semantic.taint) if reaches.calls_unknown(lender) else frozenset()
    for function in functions:
        if semantic.module.qualified_name(function) in reached or function in handed:
            yield from heirs_inside(semantic, lender, function.body, heirs)


@dataclass(frozen=True, slots=True)
class _Reach:
    """What a block may run: the qualified names by file; ``is_cut`` if that is not all of it."""

    functions: Mapping[Path, set[tuple[str, ...]]]
    is_cut: bool


class _Reaches:
    """What the blocks of a module may run: each is asked about by all files that it may lead to."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._known: dict[ast.stmt, _Reach] = {}
        self._calling_unknown: dict[ast.stmt, bool] = {}

    def of(self, lender: Lender) -> _Reach:
        """Return what the block of *lender* may run."""
        key = lender.body[0]
        if key not in self._known:
            self._known[key] = self._found(lender)
        return self._known[key]

    def calls_unknown(self, lender: Lender) -> bool:
        """Whether the block of *lender* may call what was handed on to it, of whatever file."""
        key = lender.body[0]
        if key not in self._calling_unknown:
            self._calling_unknown[key] = calls_unknown(self._semantic.taint, lender.body)
        return self._calling_unknown[key]

    def _found(self, lender: Lender) -> _Reach:
        semantic = self._semantic
        led = reached_by(semantic, lender.body)
        roots = [(semantic.taint, lender.body), *((one.taint, [one.node]) for one in led)]
        methods = semantic.once(MethodsOutOfSight).of(roots)
        functions: dict[Path, set[tuple[str, ...]]] = {}
        # By name: the analysis that other files see of a module may be of another text.
        for one in (*led, *methods, *registered(semantic, lender.body)):
            module = one.taint.module
            functions.setdefault(module.source.path, set()).add(module.qualified_name(one.node))
        return _Reach(functions, led.is_cut or methods.is_cut)


def has_contexts(semantic: SemanticModel) -> bool:
    """Whether *semantic* opens contexts, in which functions of other modules may run."""
    return bool(semantic.once(_own_contexts))


def _own_contexts(semantic: SemanticModel) -> list[tuple[str, Lender]]:
    # Which of its variables hold trackers is a question about all of a module.
    trackers = semantic.tracker_variables if semantic.context_calls else frozenset()
    return list(_contexts(semantic, trackers))


def _functions(semantic: SemanticModel) -> Iterator[Function]:
    for kind in _FUNCTIONS:
        yield from semantic.module.every(kind)  # type: ignore[misc]


def _contexts(
    semantic: SemanticModel, trackers: frozenset[Binding]
) -> Iterator[tuple[str, Lender]]:
    """Yield the contexts of a module that have ids to lend; *trackers* hold its trackers."""
    for statement, index, call, name in semantic.context_calls:
        given = _named_tracker(call, statement.items[index].optional_vars)
        key = key_of(semantic, given) if given is not None else None
        ids = lent_ids(semantic, call, name, given)
        own = frozenset([key] if isinstance(key, Binding) else [])
        others = uses_of_others(semantic, statement.body, trackers, own) if ids else ()
        if ids:
            named = context_ids(call, name)
            yield ast.unparse(call), Lender(statement.body, named, named, ids, key, others)
    for function in _functions(semantic):
        yield from _decorated(semantic, function, trackers)
    for block in semantic.module.every(ast.With):
        yield from _managed(semantic, block, trackers)
    for awaited in semantic.module.every(ast.AsyncWith):
        yield from _managed(semantic, awaited, trackers)
    for call in semantic.module.every(ast.Call) if semantic.module.mentions(_STACKING) else ():
        yield from _stacked(semantic, call, trackers)


def _named_tracker(call: ast.Call, target: ast.expr | None) -> ast.expr | None:
    """Return a context's tracker as code names it: by the target, if it is built in the header."""
    given = given_tracker(call)
    return given if target is None or isinstance(given, ast.Name | ast.Attribute) else target


def _key_and_own(
    semantic: SemanticModel, given: ast.expr | None
) -> tuple[object, frozenset[Binding]]:
    """Return what a context's tracker is known by, and the variable that holds it, if one does."""
    key = key_of(semantic, given) if given is not None else None
    return key, frozenset([key] if isinstance(key, Binding) else [])


def _decorated(
    semantic: SemanticModel, function: Function, trackers: frozenset[Binding]
) -> Iterator[tuple[str, Lender]]:
    """Yield the context that ``ai_usage_tracked`` opens around each call of *function*."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = semantic.names.context_manager(call.func if call else decorator)
        if name != words.TRACKED_DECORATOR:
            continue
        named = context_ids(call, name) if call else frozenset()
        taken = ALL_IDS & {parameter.arg for parameter in parameters(function.args)}
        # An id that a call names is its block's, whether the function takes it or not.
        calls = (c for c in semantic.module.every(ast.Call) if last_name(c.func) == function.name)
        taken |= ALL_IDS & {keyword.arg for call in calls for keyword in call.keywords}
        spoken = semantic.elsewhere.keywords(function.name)
        taken |= ALL_IDS if "**" in spoken else ALL_IDS & spoken
        ids = named | (ALL_IDS if function.args.kwarg is not None else taken)
        names = (n for s in function.body for n in walk(s) if isinstance(n, ast.Name))
        own = frozenset(
            semantic.scopes.of(n)
            for n in names
            if n.id == words.TRACKER_ARGUMENT
            and n in semantic.scopes.scope_of
            # One that the function builds is not the context's, whatever its name.
            and any(isinstance(binder, ast.arg) for binder in semantic.scopes.of(n).binders)
        )
        others = uses_of_others(semantic, function.body, trackers, own)
        if ids:
            tracker = next(iter(own), object())
            yield (
                f"@{ast.unparse(decorator)}",
                Lender(function.body, ids, ids, ids, tracker, others),
            )


def _managed(
    semantic: SemanticModel, block: ast.With | ast.AsyncWith, trackers: frozenset[Binding]
) -> Iterator[tuple[str, Lender]]:
    """Yield the contexts that a manager of the project's own opens around *block*."""
    for item in block.items:
        call = item.context_expr
        if not isinstance(call, ast.Call) or semantic.names.context_manager(call.func) is not None:
            continue
        ids = _managed_by(semantic, call)
        if ids:
            given = item.optional_vars
            key, own = _key_and_own(semantic, given)
            others = uses_of_others(semantic, block.body, trackers, own)
            yield ast.unparse(call), Lender(block.body, ids, ids, ids, key, others)


def _stacked(
    semantic: SemanticModel, call: ast.Call, trackers: frozenset[Binding]
) -> Iterator[tuple[str, Lender]]:
    """Yield the context that *call* puts on an exit stack: what follows runs in it."""
    entered = call.args[0] if call.args else None
    if last_name(call.func) not in _STACKING or not isinstance(entered, ast.Call):
        return
    name = semantic.names.context_manager(entered.func)
    statement = semantic.module.statement(call)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    given = _named_tracker(entered, target)
    if name:
        ids = lent_ids(semantic, entered, name, given)
        named = context_ids(entered, name)
    else:
        named = ids = _managed_by(semantic, entered)
    beside = semantic.module.statements_around(statement)
    following = beside[beside.index(statement) + 1 :]
    if ids and following:
        key, own = _key_and_own(semantic, given)
        others = uses_of_others(semantic, following, trackers, own)
        yield ast.unparse(entered), Lender(following, named, named, ids, key, others)


def _managed_by(semantic: SemanticModel, call: ast.Call) -> frozenset[str]:
    """Return the ids of the contexts that a manager of the project's own opens."""
    made = semantic.taint.definition(call.func) or semantic.taint.class_of(call.func)
    return _opened_by(made, set()) if made is not None else frozenset()


def _opened_by(made: Resolved | ResolvedClass, seen: set[ast.AST]) -> frozenset[str]:
    """Return the ids of contexts that are open while a block is that *made* manages.

    What it calls may open them, in whatever file; *seen* was looked at before.
    """
    if made.node in seen:
        return frozenset()
    seen.add(made.node)
    taint, names = made.taint, made.taint.names
    if isinstance(made, ResolvedClass):
        entering = [m.node for m in made.methods() if m.node.name in _ENTERING]
        nodes = [n for method in entering for n in walk(method)]
    else:
        nodes = list(walk(made.node))
        handed = [n.value for n in nodes if isinstance(n, ast.Return)]
        holding = [n for n in nodes if isinstance(n, ast.With | ast.AsyncWith)]
        held = [i.context_expr for w in holding if _yields(w) for i in w.items]
        nodes = [n for n in (*handed, *held) if n is not None]
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    named = ((call, names.context_manager(call.func)) for call in calls)
    own = (context_ids(call, name) for call, name in named if name is not None)
    called = (taint.definition(call.func) or taint.class_of(call.func) for call in calls)
    others = (_opened_by(one, seen) for one in called if one is not None)
    return frozenset[str]().union(*own, *others)


def _yields(block: ast.With | ast.AsyncWith) -> bool:
    return any(isinstance(n, ast.Yield) for s in block.body for n in walk(s))

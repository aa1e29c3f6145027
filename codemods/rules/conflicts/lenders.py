"""A block that may lend its ids to what runs in it, and what has its tracker there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import Reached, reachable
from codemods.analysis.dataflow.deferred.registered import Registered
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.object_methods import constructor, only_gives, sets_own_ids
from codemods.analysis.trackers.ids.standing import set_ids
from codemods.rules.conflicts.default_trackers import is_given
from codemods.rules.conflicts.objects.known_callees import KnownCallees
from codemods.rules.conflicts.objects.made_inside import is_made_with
from codemods.rules.conflicts.objects.own_objects import works_for_own_object
from codemods.rules.conflicts.own_trackers import (
    Functions,
    OwnTrackers,
    context_around,
    given_tracker,
    own_trackers,
)
from codemods.rules.conflicts.tracker_keys import is_handed_on, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow, Function, Resolved
    from codemods.model.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Lender:
    """A block, there or proposed: its statements, the ids that it may lend, and its tracker.

    ``named`` are those of its header, ``given`` also those that are set inside, and ``ids``
    those that its tracker may have from elsewhere; ``others`` are uses of other trackers in it.
    ``home`` is the file that it stands in, where another one's functions are looked at.
    """

    body: Sequence[ast.stmt]
    named: frozenset[str]
    given: frozenset[str]
    ids: frozenset[str]
    tracker: object
    others: Sequence[ast.Name]
    proposal: Proposal | None = None
    home: SemanticModel | None = None


def has_heirs(
    semantic: SemanticModel, lender: Lender, one: Resolved, reached: Sequence[Resolved]
) -> bool:
    """Whether *one*, a function of another file, has a tracker that would take ids of *lender*.

    One that it builds where it is given none is not built where it is given the lender's.
    """

    def takes_over(function: Resolved) -> bool:
        return _inherit(semantic, lender, function, own_trackers(function), reached)

    if takes_over(one):
        key = lender.tracker
        return not works_for_own_object(semantic, lender.body, key, one, reached)
    if own_trackers(one).named.issuperset(lender.ids) or not sets_own_ids(one):
        return False
    made = constructor(one, reached)  # where it has the lender's tracker, it has none of its own
    return made is None or not own_trackers(made).defaults or takes_over(made)


def has_heir_around(
    semantic: SemanticModel, lender: Lender, one: Resolved, reached: Sequence[Resolved]
) -> bool:
    """Whether a decorator opens a context around *one* that would take ids of *lender*."""
    around = context_around(one)
    return around is not None and _inherit(semantic, lender, one, around, reached)


def _inherit(
    semantic: SemanticModel,
    lender: Lender,
    function: Resolved,
    own: OwnTrackers,
    reached: Sequence[Resolved],
) -> bool:
    """Whether the trackers that *function* has of its *own* would take ids of *lender*."""
    given = [
        name
        for name in own.defaults
        if is_given(semantic, lender.body, lender.tracker, function, name, reached)
    ]
    built, others = _is_built_here(semantic, lender), bool(lender.others)
    return own.inherit(lender.ids, beside_others=others, given=given, built=built)


def _is_built_here(semantic: SemanticModel, lender: Lender) -> bool:
    """Whether the lender's tracker is one that its file builds, or that its context does."""
    key = lender.tracker
    if key is None:
        return True
    built = semantic.lifetimes.by_call
    makers = key.binders if isinstance(key, Binding) else ()
    around = (semantic.module.parents.get(maker) for maker in makers)
    return any(isinstance(a, ast.withitem) or getattr(a, "value", None) in built for a in around)


def reached_by(
    semantic: SemanticModel, body: Sequence[ast.stmt], home: SemanticModel | None = None
) -> Reached:
    """Return what *body*, of *home*, may call; functions of this module as it has them itself."""
    own = home or semantic
    led = reachable(own.taint, body)
    found = (as_seen_here(semantic, one) for one in (*led, *own.once(KnownCallees).given_in(body)))
    return Reached({one.node: one for one in found}.values(), is_cut=led.is_cut)


def registered(semantic: SemanticModel, body: Sequence[ast.stmt]) -> Iterator[Resolved]:
    """Yield the functions with trackers that *body* may run because some file hands them on."""
    known = semantic.once(KnownCallees)
    run = semantic.taint.once(Registered).run_by(body, known.is_known, known.given_in(body))
    for one in run:
        function = semantic.elsewhere.function(one)
        if function is not None and not only_gives(function):
            yield function


def set_out_of_sight(lender: Lender, methods: Sequence[Resolved]) -> frozenset[str]:
    """Return the ids that *methods*, of objects not in sight, may set on the lender's tracker.

    They may have been given it; one that an object keeps may be theirs, too.
    """
    is_field = lender.tracker is not None and not isinstance(lender.tracker, Binding)
    found: set[str] = set()
    for method in methods:
        of_field, of_parameter = method.taint.once(_SetCalls).of(method.node)
        found |= of_parameter | of_field if is_field else of_parameter
    return frozenset(found)


class _SetCalls:
    """The ids that methods of a module set by hand, each method looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        del taint
        self._known: dict[ast.AST, tuple[frozenset[str], frozenset[str]]] = {}

    def of(self, method: Function) -> tuple[frozenset[str], frozenset[str]]:
        """Return those that *method* sets on fields, and those that it sets on parameters."""
        if method not in self._known:
            given = {parameter.arg for parameter in parameters(method.args)}
            calls = [n for n in walk(method) if isinstance(n, ast.Call)]
            sets = [call for call in calls if last_name(call.func) == words.SET_CALL]
            holders = [(getattr(call.func, "value", None), set_ids(call)) for call in sets]
            fields = (ids for holder, ids in holders if isinstance(holder, ast.Attribute))
            others = (ids for holder, ids in holders if getattr(holder, "id", "") in given)
            both = frozenset[str]().union(*fields), frozenset[str]().union(*others)
            self._known[method] = both
        return self._known[method]


def as_seen_here(semantic: SemanticModel, one: Resolved) -> Resolved:
    """Return *one*, which other files may have led to, as this module has it, if it is its own.

    The analysis that another file sees of this one may be another: its nodes differ.
    """
    if one.taint is semantic.taint or one.taint.module.source.path != semantic.module.source.path:
        return one
    called = semantic.taint.once(Functions).called.get(
        one.taint.module.qualified_name(one.node), []
    )
    own = called if len(called) == 1 else [f for f in called if _place(f) == _place(one.node)]
    return replace(one, taint=semantic.taint, node=own[0]) if own else one


def is_of_tracker(
    semantic: SemanticModel, lender: Lender, key: object, run: Collection[ast.AST]
) -> bool:
    """Whether the tracker with that *key*, of a block inside that of *lender*, is the lender's.

    A function that is called again has variables of its own: what it builds is another one.
    """
    again = isinstance(key, Binding) and key.scope.node in run and not key.declared
    if again and key == lender.tracker:
        return _is_given(key) and _comes_from(semantic, lender, key)
    return _has_key(semantic, lender, key)


def is_same(semantic: SemanticModel, lender: Lender, tracker: ast.expr | None) -> bool:
    """Whether *tracker* is the lender's: by its name, or as what a function was given."""
    if tracker is None or lender.tracker is None:
        return False
    return _has_key(semantic, lender, key_of(semantic, tracker))


def _is_given(key: object) -> bool:
    """Whether *key* is a variable that has what the caller gives, and nothing else."""
    return isinstance(key, Binding) and all(isinstance(b, ast.arg) for b in key.binders)


def _place(function: ast.AST) -> tuple[int, int]:
    return function.lineno, function.col_offset  # type: ignore[attr-defined]


def _has_key(semantic: SemanticModel, lender: Lender, key: object) -> bool:
    """Whether the tracker with that *key* is the lender's."""
    if key is None or lender.tracker is None:
        return False
    if key == lender.tracker:
        return True
    if _is_given(key):
        return not lender.others and _comes_from(semantic, lender, key)
    if isinstance(key, tuple):
        return _is_made_with(semantic, lender, key)
    return isinstance(key, Binding) and _is_given_instead(semantic, lender, key)


def _is_made_with(semantic: SemanticModel, lender: Lender, key: tuple[object, str]) -> bool:
    """Whether *key* is a field of objects that the lender makes, and gives its own tracker."""
    if not isinstance(lender.tracker, Binding) or lender.home not in (None, semantic):
        return False
    reached = reached_by(semantic, lender.body)
    return is_made_with(semantic, lender.body, lender.tracker, key, reached)


def _is_given_instead(semantic: SemanticModel, lender: Lender, key: Binding) -> bool:
    """Whether *key* is a parameter with a default tracker, and surely given the lender's."""
    home = lender.home or semantic
    reached = reached_by(semantic, lender.body, home)
    functions = (one for one in reached if one.node is key.scope.node)
    return any(
        key.name in own_trackers(one).defaults
        and is_given(home, lender.body, lender.tracker, one, key.name, reached)
        for one in functions
    )


def _comes_from(semantic: SemanticModel, lender: Lender, key: object) -> bool:
    """Whether what the parameter *key* is given in the block of *lender* is its tracker."""
    if not isinstance(key, Binding):
        return False
    home = lender.home or semantic
    reached = (o.node for o in reached_by(home, lender.body) if o.taint is home.taint)
    return is_handed_on(home, (*lender.body, *reached), key, lender.tracker)


def wraps_for_another(semantic: SemanticModel, call: ast.Call, lender: Lender) -> bool:
    """Whether the client that *call* wraps has another tracker than the lender's."""
    tracker = call.args[1] if len(call.args) > 1 else given_tracker(call)
    if isinstance(tracker, ast.Name) and tracker not in semantic.scopes.scope_of:
        return True
    named = _named_first(semantic, tracker)
    return not (is_same(semantic, lender, named) or _is_own_object_s(semantic, lender, call))


def _named_first(semantic: SemanticModel, tracker: ast.expr | None) -> ast.expr | None:
    """Return the variable whose value *tracker*, another name for it, has; else *tracker*."""
    if not isinstance(tracker, ast.Name):
        return tracker
    names = semantic.scopes.of(tracker)
    made = semantic.module.parents.get(names.binders[0]) if len(names.binders) == 1 else None
    value = made.value if isinstance(made, ast.Assign) and len(made.targets) == 1 else None
    if not isinstance(value, ast.Name) or names.declared or value not in semantic.scopes.scope_of:
        return tracker
    first = semantic.scopes.of(value)
    return value if len(first.binders) == 1 and not first.declared else tracker


def _is_own_object_s(semantic: SemanticModel, lender: Lender, call: ast.Call) -> bool:
    """Whether *call* stands in a method of the object that has the lender's tracker, for that."""
    method = semantic.taint.method_around(call)
    if method is None or not isinstance(lender.tracker, tuple):
        return False
    reached = reached_by(semantic, lender.body, lender.home)
    return works_for_own_object(semantic, lender.body, lender.tracker, method, reached)

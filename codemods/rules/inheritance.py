"""Whose blocks would take over ids of a block around them that they do not have today.

A tracker that the program builds speaks for itself inside the blocks of others, so code
that stays as it is does not matter.  A context asks for the ids around it, and a wrapped
client looks at the current context: those that are there already, and those that the
same run writes.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.callbacks import may_call_back
from codemods.analysis.reach import reachable
from codemods.analysis.scopes import Binding
from codemods.analysis.strength import last_name
from codemods.proposal import Proposal, Retain, Wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.facts import Facts
    from codemods.analysis.resolved import Resolved

#: Batch mode is lent like an id, and named by the batch form only.
MODE = "batch mode"
ALL_IDS = frozenset(words.SET_PARAMETERS)
_BY_BATCH = frozenset({words.BATCH, MODE})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

#: The blocks of all proposals, by the statements that they begin with.
_Placed = dict[ast.AST, list[tuple[Proposal, Wrap]]]


@dataclass(frozen=True, slots=True)
class Lender:
    """A block, there or proposed: its statements, the ids that it may lend, and its tracker.

    ``named`` are those of its header; ``others`` are uses of other trackers in it.
    """

    body: Sequence[ast.stmt]
    named: frozenset[str]
    ids: frozenset[str]
    tracker: object
    others: Sequence[ast.Name]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Heir:
    """What would inherit, the place that makes it so, and the proposal that it is, if it is one."""

    text: str
    place: ast.AST | None = None
    proposal: Proposal | None = None


def wraps(proposal: Proposal) -> list[Wrap]:
    """Return the blocks that *proposal* opens."""
    return [e for e in proposal.edits if isinstance(e, Wrap)]


def heir_of(facts: Facts, proposal: Proposal, proposals: Sequence[Proposal]) -> Heir | None:
    """Return what would take over ids of a new block; *proposals* are all of the file."""
    for wrap in wraps(proposal):
        if is_step(wrap):
            continue  # a sub-context of the block around it
        lender = _lender(facts, proposal, wrap)
        found = next(_heirs(facts, lender, proposals), None) if lender.ids else None
        if found is not None:
            return found
    return None


def heirs_of_contexts(facts: Facts, proposals: Sequence[Proposal]) -> dict[Proposal, str]:
    """Return the proposals whose blocks would inherit from a context that is there already."""
    found: dict[Proposal, str] = {}
    for statement, index, call, name in facts.context_calls:
        given = _given_tracker(call) or statement.items[index].optional_vars
        named = _context_ids(call, name)
        key = _key(facts, given) if given is not None else None
        ids = lent_ids(facts, call, name, given)
        own = frozenset([key] if isinstance(key, Binding) else [])
        others = uses_of_others(facts, statement.body, own)
        lender = Lender(statement.body, named, ids, key, others)
        for heir in _heirs(facts, lender, proposals) if ids and proposals else ():
            if heir.proposal is not None:
                found.setdefault(heir.proposal, ast.unparse(call))
    return found


def lent_ids(facts: Facts, call: ast.Call, name: str, tracker: ast.expr | None) -> frozenset[str]:
    """Return the ids that the context *call* may give to what is inside it."""
    return _context_ids(call, name) | _standing_ids(facts, tracker)


def lent_by(facts: Facts, proposal: Proposal, wrap: Wrap) -> frozenset[str]:
    """Return the ids that a proposed block may give to what is inside it."""
    return _lender(facts, proposal, wrap).ids


def named_ids(wrap: Wrap) -> frozenset[str]:
    """Return the ids that the header of *wrap* names."""
    found = {key or words.BATCH for t in wrap.header.taken for _, key in t.arguments}
    if wrap.header.function == words.BATCH_CONTEXT:
        found |= _BY_BATCH
    made = ast.parse(_adopted(wrap) or "None", mode="eval").body
    if isinstance(made, ast.Call) and _takes_user(made):
        found.add(words.USER)  # its own is nearer than that of a block around
    return (ALL_IDS | {MODE}) & found


def body_of(facts: Facts, wrap: Wrap) -> list[ast.stmt]:
    """Return the statements that *wrap* puts into its block."""
    suite = facts.module.suite(facts.statement_at(wrap.path))
    return suite[wrap.path[-1][1] : wrap.stop]


def is_step(wrap: Wrap) -> bool:
    """Whether *wrap* is a step of the block around it, with that block's tracker."""
    given = _adopted(wrap)
    named = given is not None and given.isidentifier()
    return named and wrap.header.target is not None and not wrap.header.taken


def uses_of_others(
    facts: Facts, body: Sequence[ast.stmt], own: frozenset[Binding]
) -> list[ast.Name]:
    """Return where *body* reads a variable that holds, or leads to, a tracker not in *own*."""
    others = facts.tracker_variables() - own
    names = (n for s in body for n in ast.walk(s) if isinstance(n, ast.Name))
    return [
        n
        for n in names
        if isinstance(n.ctx, ast.Load)
        and n in facts.scopes.scope_of
        and facts.scopes.of(n) in others
    ]


def _lender(facts: Facts, proposal: Proposal, wrap: Wrap) -> Lender:
    named = named_ids(wrap)
    kept = {words.USER} if any(isinstance(e, Retain) for e in proposal.edits) else set()
    tracker = _tracker_of(wrap)
    key = _key(facts, tracker, wrap) if tracker is not None else None
    ids = named | kept | _standing_ids(facts, tracker)
    body = body_of(facts, wrap)
    own = facts.holders.get(proposal.finding, frozenset())
    if isinstance(key, Binding):
        own |= {key}
    return Lender(body, named, ids, key, uses_of_others(facts, body, own), proposal)


def _tracker_of(wrap: Wrap) -> ast.expr | None:
    """Return the tracker of a proposed block, as code in it names it."""
    text = wrap.header.target or _adopted(wrap)
    return ast.parse(text, mode="eval").body if text is not None else None


def _adopted(wrap: Wrap) -> str | None:
    prefix = f"{words.TRACKER_ARGUMENT}="
    given = (*wrap.header.leading, *wrap.header.trailing)
    return next((t.removeprefix(prefix) for t in given if t.startswith(prefix)), None)


def _key(facts: Facts, tracker: ast.expr, wrap: Wrap | None = None) -> object:
    """Return what is equal for two mentions of one tracker: its variable, or its text."""
    if not isinstance(tracker, ast.Name):
        return ast.unparse(tracker)
    if wrap is not None:
        return facts.scopes.binding(tracker.id, facts.scope_at(wrap.path))
    return facts.scopes.of(tracker)


def _standing_ids(facts: Facts, tracker: ast.expr | None) -> frozenset[str]:
    """Return the ids that a tracker of that name may have beside those of the block."""
    if tracker is None:
        return frozenset()
    if isinstance(tracker, ast.Call):
        known = last_name(tracker.func) in (words.TRACKER_CLASS, words.FACTORY)
        return frozenset({words.USER} if _takes_user(tracker) else ()) if known else ALL_IDS
    text = ast.unparse(tracker)
    found: set[str] = set()
    for node in facts.module.every(ast.Attribute):
        if ast.unparse(node.value) != text:
            continue
        if node.attr in words.STATE_ATTRIBUTES and isinstance(node.ctx, ast.Store):
            return ALL_IDS | {MODE}
        if node.attr == words.BATCH_MODE_CALL:
            found.add(MODE)
        call = facts.module.parents[node]
        if isinstance(call, ast.Call) and node.attr in (words.SET_CALL, words.OLDER_SET_CALL):
            found |= _set_ids(call)
    for construct in facts.lives.constructs:
        birth = facts.lives.birth_of(construct)
        names = facts.lives.names_of(construct, birth) if birth is not None else []
        if any(name.id == text for name in names) and _takes_user(construct.call):
            found.add(words.USER)
    return frozenset(found)


def _takes_user(call: ast.Call) -> bool:
    named = {keyword.arg for keyword in call.keywords}
    position = words.CONSTRUCTOR_PARAMETERS.index(words.USER)
    return bool({words.USER, None} & named) or len(call.args) > position


def _set_ids(call: ast.Call) -> frozenset[str]:
    """Return the ids that a set call may set: all, where they are in a dictionary."""
    if last_name(call.func) == words.OLDER_SET_CALL and call.args:
        return ALL_IDS
    named = {keyword.arg for keyword in call.keywords}
    if None in named or any(isinstance(a, ast.Starred) for a in call.args):
        return ALL_IDS
    return ALL_IDS & {*named, *words.SET_PARAMETERS[: len(call.args)]}


def _given_tracker(call: ast.Call) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)


def _context_ids(call: ast.Call, name: str) -> frozenset[str]:
    """Return the ids that a context may give to what is inside it."""
    named = {keyword.arg for keyword in call.keywords}
    by_name = _BY_BATCH if name == words.BATCH_CONTEXT else frozenset()
    return by_name | (ALL_IDS if None in named else ALL_IDS & named)


def _heirs(facts: Facts, lender: Lender, proposals: Sequence[Proposal]) -> Iterator[Heir]:
    """Yield what inside *lender* would take ids from it, in its own text, then in what it calls."""
    placed = _placed(facts, proposals)
    yield from _inside(facts, lender, lender.body, placed)
    reached = reachable(facts.taint, lender.body)
    for one in reached:
        name = one.node.name
        if one.taint is facts.taint:
            for heir in _inside(facts, lender, one.node.body, placed):
                yield Heir(f"in {name}, {heir.text}", None, heir.proposal)
        elif _may_inherit_elsewhere(one, lender):
            yield Heir(f"{name} has a tracker of its own, which would inherit ids of this block")
    yield from _unnamed(facts, lender, placed, [o for o in reached if o.taint is facts.taint])


def _inside(
    facts: Facts, lender: Lender, body: Sequence[ast.stmt], placed: _Placed
) -> Iterator[Heir]:
    """Yield what the statements *body* have of their own that would inherit."""
    listed = [node for part in body for node in ast.walk(part)]
    nodes = set(listed)
    for statement, _, call, name in facts.context_calls:
        given = _given_tracker(call)
        if call not in nodes or _is_same(facts, lender, given):
            continue
        own = {keyword.arg for keyword in call.keywords}
        own |= _BY_BATCH if name == words.BATCH_CONTEXT else set()
        if not lender.ids <= own and _may_record(facts, statement):
            text = f"{ast.unparse(call)} would inherit ids of this block"
            yield Heir(text, statement)
    for node in (n for n in listed if n in placed):
        for other, wrap in placed[node]:
            lent = lender.named if other is lender.proposal else lender.ids
            if (other is lender.proposal and body is lender.body) or is_step(wrap):
                continue
            tracker = _tracker_of(wrap)
            if lent <= named_ids(wrap) or _is_same(facts, lender, tracker, wrap):
                continue
            yield Heir("another tracker's block would inherit ids of this one", None, other)
    for node in nodes:
        wrapper = node if isinstance(node, ast.Call) else _wrapper_of(facts, node)
        if wrapper is not None and _wraps_for_another(facts, wrapper, lender):
            text = f"{ast.unparse(node)} takes the ids of the block that it is used in"
            yield Heir(text, node)


def _placed(facts: Facts, proposals: Sequence[Proposal]) -> _Placed:
    """Return the blocks of all *proposals* by the statements that they begin with."""
    found: _Placed = {}
    for proposal in proposals:
        for wrap in wraps(proposal):
            found.setdefault(facts.statement_at(wrap.path), []).append((proposal, wrap))
    return found


def _may_record(facts: Facts, statement: ast.With | ast.AsyncWith) -> bool:
    """Whether the block of *statement* calls anything but functions of the interpreter's own."""
    calls = (n for s in statement.body for n in ast.walk(s) if isinstance(n, ast.Call))
    return any(
        not isinstance(c.func, ast.Name)
        or not hasattr(builtins, c.func.id)
        or bool(facts.scopes.of(c.func).binders)
        for c in calls
    )


def _is_same(
    facts: Facts, lender: Lender, tracker: ast.expr | None, wrap: Wrap | None = None
) -> bool:
    """Whether *tracker* is the lender's: by its name, or as what a function was given."""
    if tracker is None or lender.tracker is None:
        return False
    key = _key(facts, tracker, wrap)
    if key == lender.tracker:
        return True
    given = isinstance(key, Binding) and any(isinstance(b, ast.arg) for b in key.binders)
    return given and not lender.others


def _wrapper_of(facts: Facts, node: ast.AST) -> ast.Call | None:
    """Return the call that made the wrapped client in the variable *node*, if it holds one."""
    if not isinstance(node, ast.Name) or node not in facts.scopes.scope_of:
        return None
    values = (getattr(facts.module.parents.get(b), "value", None) for b in _binders(facts, node))
    calls = (v for v in values if isinstance(v, ast.Call))
    return next((c for c in calls if last_name(c.func) in words.CLIENT_WRAPPERS), None)


def _binders(facts: Facts, name: ast.Name) -> list[ast.AST]:
    return facts.scopes.of(name).binders


def _wraps_for_another(facts: Facts, call: ast.Call, lender: Lender) -> bool:
    if last_name(call.func) not in words.CLIENT_WRAPPERS:
        return False
    tracker = call.args[1] if len(call.args) > 1 else _given_tracker(call)
    if isinstance(tracker, ast.Name) and tracker not in facts.scopes.scope_of:
        return True
    return not _is_same(facts, lender, tracker)


def _may_inherit_elsewhere(function: Resolved, lender: Lender) -> bool:
    """Whether *function*, of another file, has a block of its own, or gets one in this run."""
    named: set[str] = set()
    has_own = False
    for call in (n for n in ast.walk(function.node) if isinstance(n, ast.Call)):
        name = last_name(call.func)
        if name in words.CONTEXT_MANAGERS:
            named |= _context_ids(call, name)
            has_own = has_own or _given_tracker(call) is None or bool(lender.others)
        if name == words.SET_CALL:
            named |= _set_ids(call)
        has_own = has_own or name in (words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS)
    return has_own and not lender.ids <= named


def _unnamed(
    facts: Facts, lender: Lender, placed: _Placed, reached: list[Resolved]
) -> Iterator[Heir]:
    """Yield functions that the block may run without naming them: from tables, by objects."""
    known = {one.node for one in reached}
    targets: dict[ast.AST, Heir] = {}
    for function in (f for kind in _FUNCTIONS for f in facts.module.every(kind)):
        if function not in known:
            suite: list[ast.stmt] = function.body  # type: ignore[attr-defined]
            heir = next(_inside(facts, lender, suite, placed), None)
            if heir is not None:
                targets[function] = heir
    if not targets:
        return
    roots: list[ast.AST] = [*lender.body, *known]
    nodes = [n for root in roots for n in ast.walk(root)]
    attributes = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    ran = [m for m in _methods(facts) if m.name in attributes or _is_special(m.name)]
    ran_by_object = {found for m in ran for found in _reached_from(facts, m)}
    handed_on = may_call_back(facts.taint, lender.body, set(targets))
    for found, heir in targets.items():
        name = found.name  # type: ignore[attr-defined]
        if found in ran_by_object or (
            handed_on and may_call_back(facts.taint, lender.body, {found})
        ):
            yield Heir(f"{name} may run in this block; there, {heir.text}", None, heir.proposal)


def _methods(facts: Facts) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the methods of the module's classes."""
    bodies = (definition.body for definition in facts.module.every(ast.ClassDef))
    return [m for body in bodies for m in body if isinstance(m, _FUNCTIONS)]


def _reached_from(facts: Facts, method: ast.AST) -> set[ast.AST]:
    body: list[ast.stmt] = method.body  # type: ignore[attr-defined]
    return {method, *(one.node for one in reachable(facts.taint, body))}


def _is_special(name: str) -> bool:
    """Whether an operator, a test for truth, a loop or any other syntax may run the method."""
    built = name in ("__init__", "__new__", "__post_init__")  # only where the class is named
    return name.startswith("__") and name.endswith("__") and not built

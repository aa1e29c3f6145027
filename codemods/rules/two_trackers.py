"""Two trackers at once: blocks that would overlap, or whose ids would reach another tracker.

On our runtime a captured call is booked to the innermost block, and an inner
block inherits the ids that it does not name.  Legacy trackers know nothing of
each other, so both are refused where they would show, whatever runtime is
assumed: a project may move to ours later.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.reach import reachable
from codemods.analysis.strength import last_name
from codemods.proposal import Proposal, Wrap

if TYPE_CHECKING:
    from codemods.analysis.facts import Facts
    from codemods.analysis.scopes import Binding


def overlapping(facts: Facts, proposals: list[Proposal]) -> list[Proposal]:
    """Return the proposals whose blocks overlap with another tracker's in the same function."""
    found: list[Proposal] = []
    for index, one in enumerate(proposals):
        for other in proposals[index + 1 :]:
            if any(_crosses(facts, a, b) for a in _wraps(one) for b in _wraps(other)):
                found.extend(p for p in (one, other) if p not in found)
    return found


def _wraps(proposal: Proposal) -> list[Wrap]:
    return [e for e in proposal.edits if isinstance(e, Wrap)]


def _crosses(facts: Facts, one: Wrap, other: Wrap) -> bool:
    outer, inner = sorted((one, other), key=lambda w: len(w.path))
    depth = len(outer.path) - 1
    if inner.path[:depth] != outer.path[:depth] or inner.path[depth][0] != outer.path[depth][0]:
        return False
    first, last = inner.path[depth][1], inner.path[depth][1]
    if len(inner.path) == len(outer.path):
        last = inner.stop - 1
    if last < outer.path[depth][1] or first >= outer.stop:
        return False
    return not _function_between(facts, inner, depth)


def _function_between(facts: Facts, inner: Wrap, depth: int) -> bool:
    """Whether *inner* lies in a function that is defined inside the outer block."""
    for length in range(depth + 1, len(inner.path)):
        node = facts.statement_at(inner.path[:length])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
    return False


def inheriting(facts: Facts, proposal: Proposal) -> str | None:
    """Return what would take over ids of a new block that it does not have today."""
    for wrap in _wraps(proposal):
        ids = _ids(wrap)
        if not ids:
            continue
        body = _body(facts, wrap)
        for reached in reachable(facts.taint, body):
            if _has_own_tracker(reached.node) and not ids <= _named(reached.node):
                name = reached.node.name
                return f"{name} has a tracker of its own, which would inherit ids of this block"
    return None


def foreign_use(facts: Facts, proposal: Proposal) -> ast.AST | None:
    """Return a use of another tracker inside a block that would lend it its ids."""
    own = facts.holders.get(proposal.finding)
    if own is None:
        return None
    others = facts.tracker_variables() - own
    for wrap in _wraps(proposal):
        if wrap.header.target is not None and not wrap.header.taken and wrap.header.leading[1:]:
            continue  # a sub-context of the block around it
        scope = facts.scope_at(wrap.path)
        body = _body(facts, wrap)
        others |= _built_anew(facts, proposal, body)
        for node in (n for s in body for n in ast.walk(s)):
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
                continue
            if node not in facts.scopes.scope_of:
                continue
            binding = facts.scopes.of(node)
            inner = binding.scope is not scope and not binding.scope.is_module
            if binding in others and not inner:
                return node
    return None


def _built_anew(facts: Facts, proposal: Proposal, body: list[ast.stmt]) -> set[Binding]:
    """Return the variables that *body* binds to a tracker other than the proposal's."""
    inside = {node for statement in body for node in ast.walk(statement)}
    found: set[Binding] = set()
    for construct in facts.lives.constructs:
        if facts.module.span(construct.call) == proposal.finding.span:
            continue
        birth = facts.lives.birth_of(construct)
        if birth is not None and birth in inside:
            found.update(facts.scopes.of(n) for n in facts.lives.names_of(construct, birth))
    return found


def _ids(wrap: Wrap) -> set[str]:
    found = {key or words.BATCH for t in wrap.header.taken for _, key in t.arguments}
    if wrap.header.function == words.BATCH_CONTEXT:
        found.add(words.BATCH)
    return found


def _body(facts: Facts, wrap: Wrap) -> list[ast.stmt]:
    suite = facts.module.suite(facts.statement_at(wrap.path))
    return suite[wrap.path[-1][1] : wrap.stop]


def _has_own_tracker(function: ast.AST) -> bool:
    """Whether *function* builds a tracker, or opens a context that is given none."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name in (words.TRACKER_CLASS, words.FACTORY):
                return True
            given = any(keyword.arg == words.TRACKER_ARGUMENT for keyword in node.keywords)
            if name in words.CONTEXT_MANAGERS and not given:
                return True
    return False


def _named(function: ast.AST) -> set[str]:
    """Return the ids that *function* names for its own tracker."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name in (words.SET_CALL, *words.CONTEXT_MANAGERS):
                found.update(k.arg for k in node.keywords if k.arg)
            if name == words.BATCH_CONTEXT and node.args:
                found.add(words.BATCH)
            if name == words.SET_CALL:
                found.update(words.SET_PARAMETERS[: len(node.args)])
    return found

"""Blocks in which the program looks at what its tracker has stored so far.

A block stores at its end, where the legacy tracker stored with each recording; a flush
inside the block stores what is there by then.  The original runtime stores at once inside
its contexts too, but a project may move to ours later, and nobody migrates it again.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import client_calls, last_name
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning.newly_captured import makes_bare_calls
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.stores.reads import Stores
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding

_TOO_EARLY = "{} may look before the block has stored: no event loop waits for its end"
_TOO_MUCH = "{} would find calls of a bare client, which nothing records today"


def store_refusal(
    semantic: SemanticModel,
    finding: Finding,
    construct: Construct,
    flow: Flow,
    body: Sequence[ast.stmt],
    also: Collection[str] = (),
) -> Refusal | None:
    """Refuse a block over *body* in which something is looked for that is not stored yet."""
    looks = semantic.stores(construct)
    if not looks.are_known:
        return None
    last = LastUse(semantic.taint, flow, body, also)
    waiting = recorded = False
    for statement in body:
        if _flushes(statement) and last.uses(statement):
            waiting = False
            continue
        records = last.uses(statement) or any(client_calls(statement))
        place = looks.look([statement]) if records or waiting else None
        if place is not None:
            seen = ast.unparse(_whole(semantic, place))
            detail = f"{seen} looks at what the tracker has stored; a block stores at its end"
            return refuse(semantic, finding, Reason.READS_STORE, detail, place)
        waiting = waiting or records
        recorded = recorded or records
    return _behind(semantic, finding, looks, body, recorded=recorded)


def _behind(
    semantic: SemanticModel,
    finding: Finding,
    looks: Stores,
    body: Sequence[ast.stmt],
    *,
    recorded: bool,
) -> Refusal | None:
    """Refuse a look behind the block that finds more, or less, than it does today."""
    if not body:
        return None
    # Also where a flush ends the block: it would go, and it is what a coroutine waits for.
    late = recorded and _in_coroutine(semantic, body[0])
    more = makes_bare_calls(semantic, body)
    place = looks.look(semantic.module.behind(body[-1])) if late or more else None
    if place is None:
        return None
    detail = (_TOO_EARLY if late else _TOO_MUCH).format(ast.unparse(_whole(semantic, place)))
    return refuse(semantic, finding, Reason.READS_STORE, detail, place)


def _in_coroutine(semantic: SemanticModel, statement: ast.AST) -> bool:
    return isinstance(semantic.module.function_around(statement), ast.AsyncFunctionDef)


def _whole(semantic: SemanticModel, place: ast.AST) -> ast.AST:
    """Return the attribute or call that begins with *place*."""
    parent = semantic.module.parents.get(place)
    while isinstance(parent, ast.Attribute) or (
        isinstance(parent, ast.Call) and parent.func is place
    ):
        place, parent = parent, semantic.module.parents.get(parent)
    return place


def _flushes(statement: ast.stmt) -> bool:
    """Whether *statement* is ``tracker.flush_metrics()`` for whatever tracker."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) == words.FLUSH_CALL

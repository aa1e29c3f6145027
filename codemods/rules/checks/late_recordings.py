"""Answers of a bare client that are recorded under ids which are set after the call.

A block captures such a call when it is made, under the ids of then; today it is booked
when the tracker is told of the answer.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.tainted_values import TaintedValues
from codemods.analysis.syntax.calls import arguments_of, client_calls
from codemods.analysis.syntax.tree import walk
from codemods.model.refusal import Reason
from codemods.rules.planning.newly_captured import is_bare, records
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.model.refusal import Refusal

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a bare client answered: where it was asked, and where it is surely recorded first."""

    asked: Place
    recorded: Place | None


def late_recording(
    semantic: SemanticModel, flow: Flow, statements: Sequence[ast.stmt], places: Collection[Place]
) -> ast.AST | None:
    """Return where *statements* tell the tracker of an answer from before one of *places*.

    These are where ids are set anew, as lines and columns.
    """
    answers = _answers(semantic, flow, statements)
    values = TaintedValues(semantic.taint, flow)
    for call in (n for s in statements for n in walk(s) if isinstance(n, ast.Call)):
        parts = [call.func, *arguments_of(call)]
        if not any(values.mentions(part) for part in parts):
            continue
        for name in (n for part in parts for n in walk(part) if isinstance(n, ast.Name)):
            held = answers.get(semantic.scopes.of(name)) if _is_known(semantic, name) else None
            for answer in held or ():
                told = min(_place(call), answer.recorded or _place(call))
                if any(answer.asked < place < told for place in places):
                    return call
    return None


def _place(node: ast.expr | ast.stmt) -> Place:
    return node.lineno, node.col_offset


def late_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Refusal | None:
    """Refuse a lifetime in which such an answer is recorded: our blocks book it at once.

    Where it is not known whose the runtime is, an answer that is booked twice counts once, and
    only a call among the ids matters: if it raises, nothing records the answer today.
    """
    ours = semantic.ours(lifetime.construct.home)
    statements = lifetime.body[lifetime.index + 1 : lifetime.end]
    places = [_place(site.call) for site in lifetime.sets if ours or _calls(site)]
    place = late_recording(semantic, flow, statements, places)
    if place is None:
        return None
    detail = "this records an answer from before the ids were set anew: a block books it at once"
    refusal = refuse(semantic, finding, Reason.CARRIED_IDS, detail, place)
    return replace(refusal, advice="record the answer where it comes, before ids are set anew")


def _calls(site: SetCall) -> bool:
    """Whether an id of *site* is what a call gives, which may raise instead."""
    values = (argument.value for argument in site.arguments)
    return any(isinstance(node, ast.Call) for value in values for node in walk(value))


def _is_known(semantic: SemanticModel, name: ast.Name) -> bool:
    return name in semantic.scopes.scope_of


def _answers(
    semantic: SemanticModel, flow: Flow, statements: Sequence[ast.stmt]
) -> dict[Binding, list[_Answer]]:
    """Return the variables that may hold what a bare client answered."""
    values = TaintedValues(semantic.taint, flow)
    found: dict[Binding, list[_Answer]] = {}
    for node in (n for s in statements for n in walk(s)):
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) or node.value is None:
            continue
        if not any(_may_ask(semantic, values, n) for n in walk(node.value)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = (n for t in targets for n in walk(t) if isinstance(n, ast.Name))
        for name in (n for n in names if _is_known(semantic, n)):
            answer = _Answer(_place(node), _recorded(semantic, name))
            found.setdefault(semantic.scopes.of(name), []).append(answer)
    return found


def _recorded(semantic: SemanticModel, answer: ast.Name) -> Place | None:
    """Return where a statement of the same body records *answer*, if one does."""
    statement = semantic.module.statement(answer)
    beside = semantic.module.statements_around(statement)
    later = beside[beside.index(statement) + 1 :]
    simple = (s for s in later if isinstance(s, ast.Expr | ast.Assign | ast.Return))
    return next((_place(s) for s in simple if any(records(n, {answer.id}) for n in walk(s))), None)


def _may_ask(semantic: SemanticModel, values: TaintedValues, node: ast.AST) -> bool:
    """Whether *node* is a call that asks a client without the tracker."""
    if not isinstance(node, ast.Call):
        return False
    if any(values.mentions(part) for part in (node.func, *arguments_of(node))):
        return False
    if any(client_calls(ast.Call(node.func, [], []))):
        return True
    reached = reachable(semantic.taint, [node.func])
    bare = (is_bare(one.taint, c) for one in reached for c in client_calls(one.node))
    return reached.is_cut or any(bare)

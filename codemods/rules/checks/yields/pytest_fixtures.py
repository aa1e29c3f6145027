"""pytest fixtures: the tests run while the fixture waits at its ``yield``.

Whether a test could notice the block around it is not written in the fixture, so
the rewrite is made on request only (``--unsafe``), and says what to confirm.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.effects import walk_here
from codemods.model.refusal import Reason
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.finding import Finding
    from codemods.model.proposal import Proposal
    from codemods.model.refusal import Refusal

_ADVICE = "open the context in the tests, or run with --unsafe to open it around the yield"
_ALONE = "no test that uses {} sets ids on its tracker, keeps it, or reads its fields"
_APART = "no other fixture or test has a block of its own while {} is in use"


def held_yield(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> ast.Yield | None:
    """Return the one ``yield`` of a fixture, where the tracker is given out or used after it."""
    function = lifetime.scope.node
    if not isinstance(function, ast.FunctionDef) or lifetime.body is not function.body:
        return None
    if not any(_is_fixture(semantic, decorator) for decorator in function.decorator_list):
        return None
    places = [n for n in walk_here(function.body) if isinstance(n, ast.Yield | ast.YieldFrom)]
    place = places[0] if len(places) == 1 else None
    if not isinstance(place, ast.Yield) or not _is_reached(semantic, lifetime, place):
        return None
    later = any(_place(load) >= _place(place) for b in flow.tainted for load in b.loads)
    return place if later and all(e.node is place for e in flow.escapes) else None


def _is_fixture(semantic: SemanticModel, decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    meaning = semantic.names.meaning(named)
    return meaning.certain and meaning.paths == ("pytest.fixture",)


def _is_reached(semantic: SemanticModel, lifetime: Lifetime, place: ast.Yield) -> bool:
    """Whether the ``yield`` is a statement of the fixture's body, perhaps in a ``try``."""
    statement = semantic.module.parents[place]
    around = semantic.module.parents[statement]
    plain = around is lifetime.scope.node or (
        isinstance(around, ast.Try) and statement in around.body and around in lifetime.body
    )
    first = lifetime.sets[0].statement if lifetime.sets else lifetime.binding_statement
    return isinstance(statement, ast.Expr) and plain and _place(first) < _place(statement)


def _place(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def fixture_refusal(semantic: SemanticModel, finding: Finding, place: ast.Yield) -> Refusal | None:
    """Refuse the fixture, unless rewrites that are not proven are asked for."""
    if semantic.settings.unsafe:
        return None
    detail = "the tests that use this fixture would run in the block"
    return replace(refuse(semantic, finding, Reason.YIELDS_INSIDE, detail, place), advice=_ADVICE)


def to_confirm(proposal: Proposal, lifetime: Lifetime) -> Proposal:
    """Return *proposal* with what a person must confirm of the fixture's tests."""
    name = getattr(lifetime.scope.node, "name", "")
    why = f"{proposal.why}, and so is the yield"
    return replace(proposal, why=why, confirm=(_ALONE.format(name), _APART.format(name)))

"""Fixtures of pytest and context managers: others run while the function waits at its ``yield``.

Whether these could notice the block around it is not written in the function, so
the rewrite is made on request only (``--unsafe``), and says what to confirm.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
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

_FIXTURE = "pytest.fixture"
_MANAGER = "contextlib.contextmanager"
_OPEN = "open the context in the {}"
_ADVICE = f"{_OPEN}, or run with --unsafe to open it around the yield"


@dataclass(frozen=True)
class _Users:
    """What is said of those who run meanwhile; the last two are to be confirmed."""

    detail: str
    where: str
    alone: str
    apart: str


_TESTS = _Users(
    "the tests that use this fixture would run in the block",
    "tests",
    "no test that uses {} sets ids on its tracker, keeps it, or reads its fields",
    "no other fixture or test has a block of its own while {} is in use",
)
_WITHS = _Users(
    "who opens this context manager would run in the block",
    "place of this manager",
    "nobody who opens {} sets ids on its tracker, keeps it, or reads its fields",
    "no other tracker or block is used, and no bare client, while {} is open",
)


#: What drives functions that wait at their one ``yield``.
_DRIVEN = {
    _FIXTURE: _TESTS,
    "pytest_asyncio.fixture": _TESTS,
    _MANAGER: _WITHS,
    "contextlib.asynccontextmanager": _WITHS,
}


def yields_refusal(semantic: SemanticModel, finding: Finding, place: ast.AST) -> Refusal:
    """Refuse a block that control leaves at *place*, and say where it may be opened instead."""
    refusal = refuse(
        semantic, finding, Reason.YIELDS_INSIDE, "control leaves the block here", place
    )
    function = semantic.module.function_around(place)
    paths = (_path(semantic, one) for one in getattr(function, "decorator_list", ()))
    users = next((_DRIVEN[path] for path in paths if path in _DRIVEN), None)
    return refusal if users is None else replace(refusal, advice=_OPEN.format(users.where))


def held_yield(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> ast.Yield | None:
    """Return the one ``yield`` of a fixture or a manager that is done with the tracker later."""
    function = lifetime.scope.node
    if not isinstance(function, ast.FunctionDef) or lifetime.body is not function.body:
        return None
    if _users(semantic, function) is None:
        return None
    places = [n for n in walk_here(function.body) if isinstance(n, ast.Yield | ast.YieldFrom)]
    place = places[0] if len(places) == 1 else None
    if not isinstance(place, ast.Yield) or not _is_reached(semantic, lifetime, place):
        return None
    later = any(_place(load) >= _place(place) for b in flow.tainted for load in b.loads)
    return place if later and all(e.node is place for e in flow.escapes) else None


def _users(semantic: SemanticModel, function: ast.AST) -> _Users | None:
    """Return who runs while *function* waits at its ``yield``, where it is driven to its end."""
    if not isinstance(function, ast.FunctionDef):
        return None
    for decorator in function.decorator_list:
        path = _path(semantic, decorator)
        if path == _FIXTURE:
            return _TESTS
        if path == _MANAGER and len(function.decorator_list) == 1:
            return _WITHS
    return None


def _path(semantic: SemanticModel, decorator: ast.expr) -> str:
    """Return the qualified name of *decorator*, called or not, "" where it is not certain."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    meaning = semantic.names.meaning(named)
    return meaning.paths[0] if meaning.certain else ""


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


def held_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, place: ast.Yield
) -> Refusal | None:
    """Refuse the function, unless rewrites that are not proven are asked for."""
    users = _users(semantic, lifetime.scope.node)
    if semantic.settings.unsafe or users is None:
        return None
    refusal = refuse(semantic, finding, Reason.YIELDS_INSIDE, users.detail, place)
    return replace(refusal, advice=_ADVICE.format(users.where))


def to_confirm(semantic: SemanticModel, proposal: Proposal, lifetime: Lifetime) -> Proposal:
    """Return *proposal* with what a person must confirm of those who run at the ``yield``."""
    name = getattr(lifetime.scope.node, "name", "")
    users = _users(semantic, lifetime.scope.node) or _TESTS
    why = f"{proposal.why}, and so is the yield"
    confirm = (users.alone.format(name), users.apart.format(name))
    return replace(proposal, why=why, confirm=confirm)

"""Generators whose block is open while they wait: who goes through them runs inside of it.

Nobody can notice that where every caller hands the generator to what reads it to its end at once,
and calls nothing between two steps.  Else that is for a person to say (``--unsafe``).
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.effects import walk_here
from codemods.rules.checks.callers import mentions_of

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.proposal import Proposal
    from codemods.rules.checks.callers import Mention

#: These read all there is before they look at any of it.
_AT_ONCE = frozenset({"list", "tuple", "sorted"})
_TO_THE_END = (
    "who goes through {} reads all of it in one thread, and asks no AI client between two steps"
)


def open_yields(semantic: SemanticModel, lifetime: Lifetime) -> frozenset[ast.AST]:
    """Return the places at which a generator may wait inside of the tracker's block."""
    function = lifetime.scope.node
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset()
    if function.decorator_list or lifetime.body is not function.body:
        return frozenset()
    if not semantic.module.every(ast.Yield) and not semantic.module.every(ast.YieldFrom):
        return frozenset()  # most modules: who calls their functions need not be asked
    if not semantic.settings.unsafe and not _is_read_at_once(semantic, function):
        return frozenset()
    nodes = walk_here(function.body)
    yields = [n for n in nodes if isinstance(n, ast.Yield | ast.YieldFrom)]
    # What is sent in, or done by a generator inside, is more than to wait.
    plain = (isinstance(n, ast.Yield) and _is_statement(semantic, n) for n in yields)
    return frozenset(yields) if all(plain) else frozenset()


def _is_statement(semantic: SemanticModel, place: ast.AST) -> bool:
    return isinstance(semantic.module.parents[place], ast.Expr)


def _is_read_at_once(
    semantic: SemanticModel, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> bool:
    """Whether each mention of *function* is a call whose result is read to its end at once."""
    around = semantic.module.parents[function]
    if isinstance(function, ast.AsyncFunctionDef) or not isinstance(around, ast.Module):
        return False
    mentions = list(mentions_of(semantic, function))
    return bool(mentions) and all(m is not None and _reads(m) for m in mentions)


def _reads(mention: Mention) -> bool:
    semantic, name, certain, _ = mention
    call = semantic.module.parents[name]
    if not certain or not isinstance(call, ast.Call) or call.func is not name:
        return False
    reader = semantic.module.parents[call]
    if not isinstance(reader, ast.Call) or reader.args[:1] != [call]:
        return False
    function = reader.func
    if isinstance(function, ast.Attribute):
        text = function.value
        is_text = isinstance(text, ast.Constant) and isinstance(text.value, str)
        return is_text and function.attr == "join"
    if not isinstance(function, ast.Name) or function.id not in _AT_ONCE:
        return False
    return not semantic.scopes.of(function).binders


def said_of(semantic: SemanticModel, proposal: Proposal, lifetime: Lifetime) -> Proposal:
    """Return *proposal* with what is to be confirmed of those who go through the generator."""
    function = lifetime.scope.node
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return proposal
    if _is_read_at_once(semantic, function):
        return replace(proposal, why=f"{proposal.why}, and {function.name} is read at once")
    return replace(proposal, confirm=(*proposal.confirm, _TO_THE_END.format(function.name)))

"""Arguments that a call leaves out: a tracker may be among them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.effects import walk_here
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.trackers.lifetimes import is_none

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def unsupplied(definition: _Function, call: ast.Call) -> list[ast.arg]:
    """Return the parameters that *call* leaves to their defaults, or out."""
    arguments = definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    given = {keyword.arg for keyword in call.keywords}
    rest = [*positional[max(len(call.args), len(arguments.posonlyargs)) :], *arguments.kwonlyargs]
    return [parameter for parameter in rest if parameter.arg not in given]


def may_leave_out_tracker(semantic: SemanticModel, body: list[ast.stmt]) -> bool:
    """Whether a call in *body* may leave out a tracker, whatever its function does with one.

    It is asked before the body is in a block: of the functions and their parameters alone.
    """
    for call in (node for node in walk_here(body) if isinstance(node, ast.Call)):
        resolved = semantic.taint.definition(call.func)
        for parameter in unsupplied(resolved.node, call) if resolved is not None else ():
            default = default_of(resolved.node.args, parameter) if resolved is not None else None
            if default is None or is_none(default):
                return True
    return False

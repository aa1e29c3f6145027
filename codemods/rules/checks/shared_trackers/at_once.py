"""Methods that use a tracker and are over when the statement is that names them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.model.proposal import Assumption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.rules.planning.adoption import Part

_GATHER = "asyncio.gather"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MADE = (ast.Starred, ast.GeneratorExp, ast.ListComp)
_TOGETHER = "none of the gathered calls fails while another goes on"


def called_at_once(semantic: SemanticModel, node: ast.Attribute) -> bool:
    """Whether the method is called where it is named, and not by something made there."""
    call = semantic.module.parents[node]
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    definition = semantic.taint.definition(node)
    waits = isinstance(semantic.module.parents[call], ast.Await)
    if definition is None or isinstance(definition.node, ast.AsyncFunctionDef) != waits:
        return False
    functions = 0
    for around in semantic.module.ancestors(node):
        if isinstance(around, ast.Lambda | ast.GeneratorExp):
            return False
        functions += isinstance(around, _FUNCTIONS)
    return functions == 1


def gathers(semantic: SemanticModel, node: ast.Attribute) -> ast.Call | None:
    """Return the ``asyncio.gather`` that is given calls of the method *node*, and awaited.

    Each call stands there as an argument, or is made for each of some things. A time limit
    around it cancels them too.
    """
    call = semantic.module.parents[node]
    definition = semantic.taint.definition(node)
    if not isinstance(call, ast.Call) or call.func is not node or definition is None:
        return None
    if not isinstance(definition.node, ast.AsyncFunctionDef):
        return None
    inner: ast.AST = call
    around = semantic.module.parents[call]
    while isinstance(around, _MADE):
        if not isinstance(around, ast.Starred) and around.elt is not inner:
            return None
        inner, around = around, semantic.module.parents[around]
    if not isinstance(around, ast.Call) or inner not in around.args:
        return None
    is_gather = semantic.names.meaning(around.func).paths == (_GATHER,)
    plain = isinstance(inner, ast.Starred) or inner is call
    awaited = isinstance(semantic.module.parents[around], ast.Await)
    functions = [n for n in semantic.module.ancestors(node) if isinstance(n, _FUNCTIONS)]
    deferred = any(isinstance(n, ast.Lambda) for n in semantic.module.ancestors(node))
    once = len(functions) == 1 and not deferred
    return around if is_gather and plain and awaited and once else None


def gathered(
    semantic: SemanticModel, helpers: Collection[str], parts: Iterable[Part]
) -> Iterator[Assumption]:
    """Yield what is taken for granted of the calls of *helpers* that go on beside each other."""
    inside = {id(n) for part in parts for n in walk(part.function)}
    for node in semantic.module.every(ast.Attribute):
        if node.attr not in helpers or id(node) not in inside:
            continue
        call = gathers(semantic, node)
        if call is not None and not _collects(call):
            yield Assumption(_TOGETHER, semantic.module.span(call))


def _collects(call: ast.Call) -> bool:
    """Whether exceptions are results like others, so that all calls come to their end."""
    values = [k.value for k in call.keywords if k.arg == "return_exceptions"]
    return any(isinstance(value, ast.Constant) and value.value is True for value in values)

"""Ids that depend on tests, as source text: ``user or None``, ``a if test else b``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.trackers.ids.merging import Choice, Leaf, Value, tells_not_none

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.In: "in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_LOOSE = (ast.IfExp, ast.Lambda, ast.NamedExpr)


def written(semantic: SemanticModel, value: Value | None) -> str:
    """Return *value* as source text, for an argument or the end of a conditional expression."""
    if value is None:
        return "None"
    if isinstance(value, Leaf):
        return _written(semantic, value.argument.value)
    test, then = value.test, value.then
    given = then.argument.value if isinstance(then, Leaf) else None
    if isinstance(given, ast.Name):
        asked = test.left if isinstance(test, ast.Compare) and tells_not_none(test) else test
        if isinstance(asked, ast.Name) and asked.id == given.id:
            if asked is test:
                return f"{given.id} or {_part(written(semantic, value.other), value.other)}"
            if value.other is None:
                return given.id
    chosen = _part(written(semantic, then), then)
    return f"{chosen} if {_written(semantic, test)} else {written(semantic, value.other)}"


def _part(text: str, value: Value | None) -> str:
    loose = isinstance(value, Choice) and " if " in text
    return f"({text})" if loose else text


def _written(semantic: SemanticModel, node: ast.expr) -> str:
    """Return *node* as the file has it; what stands for a pattern is put together."""
    module = semantic.module
    if node in module.parents:
        text = module.segment(node)
        text = ast.unparse(node) if "\n" in text else text
        return f"({text})" if isinstance(node, _LOOSE) else text
    if isinstance(node, ast.BoolOp):
        word = " and " if isinstance(node.op, ast.And) else " or "
        parts = [_written(semantic, v) for v in node.values]
        inner = [f"({p})" if " or " in p and word == " and " else p for p in parts]
        return word.join(inner)
    if isinstance(node, ast.Compare):
        sign = _SIGNS[type(node.ops[0])]
        return f"{_written(semantic, node.left)} {sign} {_written(semantic, node.comparators[0])}"
    if isinstance(node, ast.Tuple):
        return f"({', '.join(_written(semantic, value) for value in node.elts)})"
    return ast.unparse(node)

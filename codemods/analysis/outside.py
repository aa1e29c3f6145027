"""How another file may use a name of a module: through the module, a star, or a text."""

from __future__ import annotations

import ast
import re


def uses(tree: ast.Module, stem: str, name: str) -> bool:
    """Whether the file *tree* may use *name* of a module whose last name is *stem*.

    Seen are imports of the name, ``module.name``, calls that are given the module and the
    name as a text (``setattr``, ``patch.object``), star imports, and dotted texts.
    """
    modules = _modules(tree, stem)
    dotted = re.compile(rf"\b{re.escape(stem)}[.:]{re.escape(name)}\b")
    for node in ast.walk(tree):
        # ``from . import name`` names its module by nothing but dots.
        if isinstance(node, ast.ImportFrom) and _last(node.module) in (stem, ""):
            if any(alias.name in (name, "*") for alias in node.names):
                return True
        elif isinstance(node, ast.Attribute) and node.attr == name:
            if _is_module(node.value, stem, modules):
                return True
        elif isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            texts = {a.value for a in given if isinstance(a, ast.Constant)}
            if name in texts and any(_is_module(a, stem, modules) for a in given):
                return True
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if dotted.search(node.value):
                return True
    return False


def _modules(tree: ast.Module, stem: str) -> set[str]:
    """Return the names under which *tree* imports modules called *stem*."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if _last(alias.name) == stem
    }


def _is_module(expression: ast.expr, stem: str, modules: set[str]) -> bool:
    if isinstance(expression, ast.Attribute):
        return expression.attr == stem
    return isinstance(expression, ast.Name) and expression.id in modules


def _last(dotted: str | None) -> str:
    return (dotted or "").rpartition(".")[2]

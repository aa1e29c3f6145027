"""Blocks of pytest fixtures: the tests run in them."""

from __future__ import annotations

import ast

from codemods.validator.terms import last_name


def fixture_blocks(tree: ast.Module) -> frozenset[ast.AST]:
    """Return the ``with`` statements of functions that are decorated as pytest fixtures."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        named = (d.func if isinstance(d, ast.Call) else d for d in decorators)
        if any(last_name(name) == "fixture" for name in named):
            found.update(n for n in ast.walk(node) if isinstance(n, ast.With))
    return frozenset(found)

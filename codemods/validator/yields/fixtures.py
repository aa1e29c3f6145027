"""Blocks of pytest fixtures and context managers: tests, and bodies of ``with``, run in them."""

from __future__ import annotations

import ast

from codemods.validator.terms import imported_names, last_name

#: What runs a generator to its ``yield``, and to its end when that is over.
_DRIVEN = ("fixture", "contextmanager")


def fixture_blocks(tree: ast.Module) -> frozenset[ast.AST]:
    """Return the ``with`` statements of functions that are decorated as such."""
    found: set[ast.AST] = set()
    driven = imported_names(tree, _DRIVEN)
    for node in ast.walk(tree):
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        named = (d.func if isinstance(d, ast.Call) else d for d in decorators)
        if any(last_name(name) in driven for name in named):
            found.update(n for n in ast.walk(node) if isinstance(n, ast.With))
    return frozenset(found)

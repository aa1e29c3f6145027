"""All nodes of a module, walked once for all questions of the validator."""

from __future__ import annotations

import ast
from functools import lru_cache


# The original and the result of one file: nobody asks for others again.
@lru_cache(maxsize=4)
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return the nodes of *tree* in the order of ``ast.walk``; *tree* must not change any more."""
    return tuple(ast.walk(tree))

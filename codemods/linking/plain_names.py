"""Names of a module that are surely nothing of the API: found on its top level alone.

Most names that files import are functions, values, and classes without a base.  To see that of
one takes a twentieth of the analysis of its module.
"""

from __future__ import annotations

import ast


def plain_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that top-level statements of *tree* define, and that no API object has.

    A name that is bound more than once means no API object either, so one such statement is
    enough.
    """
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(statement.name)
        elif isinstance(statement, ast.ClassDef):
            if not statement.bases:
                found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found.update(one.id for one in statement.targets if isinstance(one, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.add(statement.target.id)
    return frozenset(found)

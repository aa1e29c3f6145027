"""What becomes of the value of a set call: nothing, or a variable that nothing reads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Scopes

_BY_NAME = frozenset({"locals", "vars", "dir", "eval", "exec", "f_locals"})


def is_dropped(module: ParsedModule, scopes: Scopes, statement: ast.stmt, call: ast.Call) -> bool:
    """Whether nothing can see what *call* returned, which *statement* is or binds to a name.

    That is a variable of a function that nothing reads or deletes, no other scope has, and no
    call reaches by its name.
    """
    if isinstance(statement, ast.Expr):
        return statement.value is call
    if not isinstance(statement, ast.Assign) or statement.value is not call:
        return False
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Name):
        return False
    variable = scopes.of(target)
    own = variable.scope.is_function and scopes.scope_of[target] is variable.scope
    if not own or variable.loads or variable.deletes or variable.declared:
        return False
    return not module.mentions(_BY_NAME)

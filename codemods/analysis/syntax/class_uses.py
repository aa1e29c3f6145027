"""Uses of a module's variable that belong to a class.

``class Reader: tracker = tracker`` reads the module's variable: in a class body
a name that the class binds too means the outer one until then.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Scopes


def hidden_loads(module: ParsedModule, scopes: Scopes, name: str) -> list[ast.Name]:
    """Return the places in class bodies that may read the module's *name* and bind it too."""
    inner = (scopes.inner[node] for node in module.every(ast.ClassDef))
    bindings = (scopes.bindings.get((scope, scope.spelled(name))) for scope in inner)
    found = {
        load
        for binding in bindings
        if binding is not None
        for load in binding.loads
        if load.id == name and scopes.of(load) is binding
    }
    return [node for node in module.every(ast.Name) if node in found] if found else []

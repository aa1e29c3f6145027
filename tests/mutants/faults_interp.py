"""Mutants of what a name means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .mutant import mutant


@mutant("analysis.syntax.scopes:Scopes._enter", "X1", fault="C14")
def comprehensions_read_nothing(real: Any) -> Any:
    """Names in comprehensions are not looked at."""

    def entered(self: Any, name: str, node: Any, scope: Any) -> None:
        if not scope.is_comprehension:
            real(self, name, node, scope)

    return entered


@mutant("analysis.syntax.scopes:Scopes._readable", "E2", "X1", fault="C14")
def functions_inside_read_nothing(real: Any) -> Any:
    """What an inner function or comprehension reads of the function around is not looked at."""

    def readable(self: Any, name: str, scope: Any) -> Any:
        is_own = self.binding(name, scope).scope in (scope, self.module_scope)
        # One of them there must be; nobody sees what this copy is told of.
        return real(self, name, scope) if is_own else [replace(self.binding(name, scope), loads=[])]

    return readable

"""Mutants of what a name means."""

from __future__ import annotations

from typing import Any

from .mutant import mutant


def _unread(scopes: Any, scope: Any, names: Any) -> None:
    """Forget that *names* are read right in *scope*; what they mean is still known."""
    for binding in {scopes.binding(name, scope) for name in names}:
        binding.loads = [node for node in binding.loads if scopes.scope_of[node] is not scope]


@mutant("analysis.syntax.scopes:Scopes._read", "X1", fault="C14")
def comprehensions_read_nothing(real: Any) -> Any:
    """Names in comprehensions are not looked at."""

    def read(self: Any, scope: Any) -> None:
        names = list(scope.reads)
        real(self, scope)
        _unread(self, scope, names if scope.is_comprehension else ())

    return read


@mutant("analysis.syntax.scopes:Scopes._read", "E2", "X1", fault="C14")
def functions_inside_read_nothing(real: Any) -> Any:
    """What an inner function or comprehension reads of the function around is not looked at."""

    def read(self: Any, scope: Any) -> None:
        names = list(scope.reads)
        real(self, scope)
        own = (scope, self.module_scope)
        _unread(self, scope, [n for n in names if self.binding(n, scope).scope not in own])

    return read

"""What a unit of a program is: definitions, a function's parameters, and the calls of a driver."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .pen import Scope

if TYPE_CHECKING:
    from .pen import Pen
    from .source import Stmt


@dataclass
class Unit:
    """Definitions at module level, and the expressions by which the driver calls them."""

    definitions: list[Stmt]
    calls: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Signature:
    """A function's parameters, the scope that they make, and arguments for a call."""

    parameters: str
    scope: Scope
    arguments: tuple[str, ...]

    def calls(self, name: str) -> list[str]:
        """Return the expressions that call the function *name*."""
        return [f"{name}({arguments})" for arguments in self.arguments]

    def header(self, name: str) -> str:
        """Return the line that defines the function *name*."""
        return define(self.scope.kind, name, self.parameters)


def signature(pen: Pen, kind: str, *first: str) -> Signature:
    """Return the parameters of a new function of *kind*, after *first*."""
    parameters, scope = list(first), Scope(kind)
    calls: list[list[str]] = [[], []] if pen.chance(25) else [[]]
    if pen.chance(70):
        parameters.append("data")
        scope = replace(scope, names=("data",))
        _give(calls, pen.pick(('"d1"', '"d2"')))
    if pen.chance(50):
        sized = pen.chance(40)
        parameters.append("items: list[str]" if sized else "items")
        scope = replace(scope, sized=("items",)) if sized else replace(scope, unsized=("items",))
        values = '["a", "b"]' if sized or pen.chance(60) else f"{pen.use('rows')}(2)"
        _give(calls, values)
    if pen.chance(30):
        parameters.append(pen.pick(("flag=True", "flag=False")))
        scope = replace(scope, flags=("flag",))
        for index, call in enumerate(calls):
            if pen.chance(60):
                call.append(f"flag={index == 0}")
    if pen.chance(15):
        parameters.append("job=None")
        scope = replace(scope, doubtful=("job",))
        if pen.chance(50):
            _give(calls, 'job="given"')
    scope = replace(scope, wild=40 if pen.chance(4) else 0, collects=pen.chance(25))
    return Signature(", ".join(parameters), scope, tuple(", ".join(call) for call in calls))


def tame(pen: Pen, *trackers: str, kind: str = "function") -> Signature:
    """Return the parameters of a function that does nothing out of the way with *trackers*."""
    given = signature(pen, kind)
    scope = replace(given.scope, trackers=trackers, collects=False, wild=0)
    return replace(given, scope=scope)


def _give(calls: list[list[str]], argument: str) -> None:
    for call in calls:
        call.append(argument)


def define(kind: str, name: str, parameters: str) -> str:
    """Return the line that defines a function of *kind*."""
    word = "async def" if kind in ("async", "asyncgen") else "def"
    return f"{word} {name}({parameters}):"

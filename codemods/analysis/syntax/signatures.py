"""The parts of a function's signature: its parameters, defaults and annotations."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return every parameter, in the order of the signature."""
    listed = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        listed.append(arguments.vararg)
    listed.extend(arguments.kwonlyargs)
    if arguments.kwarg:
        listed.append(arguments.kwarg)
    return listed


def default_of(arguments: ast.arguments, parameter: ast.arg) -> ast.expr | None:
    """Return the default value of *parameter*."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for listed, default in pairs if listed is parameter), None)


def defaults(arguments: ast.arguments) -> list[ast.expr]:
    """Return the defaults, which are evaluated outside of the function."""
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Return the annotations of *node*'s parameters and of what it returns."""
    found = [a.annotation for a in parameters(node.args) if a.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


@dataclass(frozen=True, slots=True)
class Given:
    """What a call gives: the number of its values, the names of others, and whether there are more.

    ``is_open`` says that it unpacks something.
    """

    count: int
    names: frozenset[str]
    is_open: bool

    @classmethod
    def by(cls, call: ast.Call) -> Given:
        """Return what *call* gives."""
        named = [keyword.arg for keyword in call.keywords]
        is_open = None in named or any(isinstance(a, ast.Starred) for a in call.args)
        return cls(len(call.args), frozenset(name for name in named if name), is_open)

    def fits(self, arguments: ast.arguments, *, bound: int) -> bool:
        """Whether a function with *arguments*, which has the first *bound* of them, takes it."""
        if self.is_open:
            return True
        positional = [*arguments.posonlyargs, *arguments.args][bound:]
        if self.count > len(positional) and arguments.vararg is None:
            return False
        by_value = set(_names(positional[: self.count]))
        by_name = self.names & {*_names(arguments.args), *_names(arguments.kwonlyargs)}
        if by_value & by_name or (by_name != self.names and arguments.kwarg is None):
            return False
        needed = (*positional, *arguments.kwonlyargs)
        without = (p for p in needed if p.arg not in by_value | by_name)
        return all(default_of(arguments, p) is not None for p in without)


def _names(listed: Iterable[ast.arg]) -> list[str]:
    return [parameter.arg for parameter in listed]

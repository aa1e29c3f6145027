"""The parts of a function's signature: its parameters, defaults and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast


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

"""Calls: their number within a statement, so that an edit can name one, and those of AI clients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.parsed_module import ParsedModule, Path

#: The last two attributes of the client calls that the runtime sees.
CAPTURED_CALLS = frozenset(
    tuple(text.split("."))
    for text in (
        "completions.create completions.parse embeddings.create responses.create responses.parse "
        "images.generate images.edit speech.create transcriptions.create translations.create "
        "messages.create messages.stream"
    ).split()
)


# Template strings are of Python 3.14.
_NOT_OF_THE_STATEMENT = (ast.stmt, ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))


def ordinal(module: ParsedModule, call: ast.Call) -> tuple[Path, int] | None:
    """Return the statement path of *call* and its number among the statement's own calls.

    Calls in inner suites and in formatted or template strings do not count; None for one there.
    """
    statement = module.statement(call)
    calls = sorted(_own_calls(statement), key=_source_order)
    for number, candidate in enumerate(calls):
        if candidate is call:
            return module.paths[statement], number
    return None


def _own_calls(node: ast.AST) -> Iterator[ast.Call]:
    for child in children(node):
        if isinstance(child, _NOT_OF_THE_STATEMENT):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _own_calls(child)


def _source_order(call: ast.Call) -> tuple[int, int, int, int]:
    # Of two calls that begin together the longer one is the outer one.
    return (call.lineno, call.col_offset, -(call.end_lineno or 0), -(call.end_col_offset or 0))


def arguments_of(call: ast.Call) -> list[ast.expr]:
    """Return all argument values of *call*."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def last_name(function: ast.expr) -> str:
    """Return the last name of a dotted expression, or an empty text."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def client_calls(root: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of AI clients in *root* that a block captures."""
    for node in walk(root):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Attribute):
            if (function.value.attr, function.attr) in CAPTURED_CALLS:
                yield node  # type: ignore[misc]

"""Calls: their number within a statement, so that an edit can name one, and those of AI clients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import children, index, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from codemods.analysis.syntax.parsed_module import ParsedModule, Path

#: The last two attributes of the client calls that the runtime sees.
CAPTURED_CALLS = frozenset(
    tuple(text.split("."))
    for text in (
        "completions.create completions.parse completions.stream embeddings.create "
        "responses.create responses.parse responses.stream "
        "images.generate images.edit speech.create transcriptions.create translations.create "
        "messages.create messages.parse messages.stream"
    ).split()
)
#: What stands between the two where a program asks for the response as it came.
_AS_IT_CAME = ("with_raw_response", "with_streaming_response")


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


def unpacked(call: ast.Call) -> list[ast.Name]:
    """Return the variables that *call* unpacks into its positional arguments."""
    values = (one.value for one in call.args if isinstance(one, ast.Starred))
    return [value for value in values if isinstance(value, ast.Name)]


def arguments_of(call: ast.Call) -> list[ast.expr]:
    """Return all argument values of *call*."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def last_name(function: ast.expr) -> str:
    """Return the last name of a dotted expression, or an empty text.

    What is of the standard library and has another name here has its own there
    (``Index.renamed``); ``spelled_name`` is as the text has it.
    """
    name = ""
    if isinstance(function, ast.Name):
        name = function.id
    elif isinstance(function, ast.Attribute):
        name = function.attr
    elif not isinstance(function, ast.Subscript):
        return ""
    own: str = getattr(function, "own", name)
    return own


def spelled_name(function: ast.expr) -> str:
    """Return the last name of a dotted expression as its text has it, or an empty text."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def calls_named(tree: ast.Module, names: Collection[str]) -> list[ast.Call]:
    """Return the calls in *tree* of what has one of *names* as its last, in the order of a walk.

    Which name each has is found out once: many ask, and most get nothing.
    """
    found = calls_by_name(tree)
    named = [found[name] for name in names if name in found]
    if len(named) < 2:
        return list(named[0]) if named else []
    chosen = {call for calls in named for call in calls}
    return [call for call in index(tree).every(ast.Call) if call in chosen]


def calls_by_name(tree: ast.Module) -> Mapping[str, list[ast.Call]]:
    """Return the calls in *tree* by the last names of what they call."""
    every = index(tree).every(ast.Call)
    try:
        return tree.called  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        found: dict[str, list[ast.Call]] = {}
        for call in every:
            found.setdefault(last_name(call.func), []).append(call)
        tree.called = found  # type: ignore[attr-defined]
        return found


def names_of_aliases(aliases: Iterable[ast.alias]) -> dict[str, str]:
    """Return the last names of what *aliases* import, by the other names that it has here."""
    found = ((one.asname, one.name.rpartition(".")[2]) for one in aliases)
    return {other: own for other, own in found if other is not None and other != own}


def is_client_call(function: ast.expr) -> bool:
    """Return whether a call of *function* is one of an AI client that a block captures."""
    if not isinstance(function, ast.Attribute):
        return False
    resource = function.value
    if isinstance(resource, ast.Attribute) and resource.attr in _AS_IT_CAME:
        resource = resource.value
    name = last_name(resource) if isinstance(resource, ast.Attribute) else ""
    return (name, function.attr) in CAPTURED_CALLS


def client_calls(root: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of AI clients in *root* that a block captures."""
    for node in walk(root):
        if isinstance(node, ast.Call) and is_client_call(node.func):
            yield node

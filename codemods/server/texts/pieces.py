"""The statements of a text, each by its lines and its words."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from codemods import vocabulary
from codemods.interpreter import check_declarations
from codemods.server.texts.spoken import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.server.texts.spoken import Words

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
#: Modules that may do something to those who speak of them, unseen.
MEDDLING = frozenset(
    "atexit builtins codecs contextlib contextvars ctypes functools gc imp importlib inspect mock "
    "multiprocessing os pkgutil runpy signal sys threading types unittest weakref".split()
)
#: What the interpreter raises for what is no Python, or too deep for it.
_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
#: What imports of the API bring along: the same for all who say it.
_API = frozenset((vocabulary.TRACKER_CLASS, *vocabulary.CONTEXT_MANAGERS))


@dataclass(frozen=True)
class Piece:
    """A statement that stands in no other, by its first and last line, from 0.

    ``name`` is that of a function or class, "" of what is neither.  What is *harmless* only
    imports modules of Python's own that do nothing to others; *api* imports only names of the API.
    """

    first: int
    last: int
    words: Words
    name: str = ""
    is_function: bool = False
    is_harmless: bool = False
    is_api: bool = False

    def source(self, lines: Sequence[str]) -> str:
        """Return its text in *lines*, which have their ends."""
        return "".join(lines[self.first : self.last + 1])

    def anew(self, lines: Sequence[str]) -> Piece | None:
        """Return it as it is in *lines*; None if that is not one definition by the same name.

        Whether what it declares can be is not looked at.
        """
        try:
            body = ast.parse(self.source(lines)).body
        except _NO_PYTHON:
            return None
        if len(body) != 1 or not isinstance(body[0], _DEFINITIONS) or body[0].name != self.name:
            return None
        return _piece(body[0], self.first, self.last)


def declares_rightly(source: str) -> bool:
    """Whether *source*, which parses, declares nothing that cannot be."""
    try:
        check_declarations(source, "")
    except _NO_PYTHON:
        return False
    return True


def pieces_of(text: str) -> list[Piece]:
    """Return the pieces of *text*; none where it is no Python, or statements share a line."""
    try:
        statements = ast.parse(text).body
    except _NO_PYTHON:
        return []
    found = [_piece(one, _first(one), (one.end_lineno or one.lineno) - 1) for one in statements]
    return [] if any(other.first <= one.last for one, other in pairwise(found)) else found


def _piece(statement: ast.stmt, first: int, last: int) -> Piece:
    words = words_of(statement)
    if isinstance(statement, _DEFINITIONS):
        return Piece(first, last, words, statement.name, isinstance(statement, _FUNCTIONS))
    harmless = _is_harmless(statement)
    return Piece(first, last, words, is_harmless=harmless, is_api=_is_api(statement))


def _first(statement: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(one.lineno for one in decorators)]) - 1


def _is_harmless(statement: ast.stmt) -> bool:
    """Whether *statement* only imports modules of Python's own that do nothing to others."""
    match statement:
        case ast.Import(names=names):
            modules = [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            modules = [module] if all(alias.name != "*" for alias in names) else [""]
        case _:
            return False
    tops = {module.partition(".")[0] for module in modules}
    return tops <= sys.stdlib_module_names - MEDDLING


def _is_api(statement: ast.stmt) -> bool:
    """Whether *statement* imports nothing but names of the API."""
    return isinstance(statement, ast.ImportFrom) and all(
        one.name in _API for one in statement.names
    )

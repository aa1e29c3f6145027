"""Functions of a text that have nothing to do with what is found in it, whatever is typed there.

That is decided by words alone: a function is apart if it says no word of the tracker's API or of
what makes calls, nobody who does speaks of it, and it names and changes nothing of theirs.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary
from codemods.analysis.external import computed_names, handed_names
from codemods.analysis.syntax.calls import CAPTURED_CALLS
from codemods.linking import computed_lookups, surroundings
from codemods.server.texts.spoken import Words, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
#: Modules that may do something to those who speak of them, unseen.
_MEDDLING = frozenset(
    "atexit builtins codecs contextlib contextvars ctypes functools gc imp importlib inspect mock "
    "multiprocessing os pkgutil runpy signal sys threading types unittest weakref".split()
)
_EVALUATING = frozenset("eval exec compile globals locals vars setattr delattr dir open".split())


def _vocabulary() -> Iterator[str]:
    for value in vars(vocabulary).values():
        texts = value if isinstance(value, tuple) else (value,)
        yield from (text for text in texts if isinstance(text, str) and text.isidentifier())


#: Words with which a function is never apart.
TELLING = frozenset(
    {
        *_vocabulary(),
        *(word for call in CAPTURED_CALLS for word in call),
        *handed_names.SPEAKING,
        *computed_names.IMPORTING,
        *computed_lookups.COMPUTING,
        *computed_lookups.SPEAKING,
        *surroundings.ENTERING,
        *_MEDDLING,
        *_EVALUATING,
    }
)


@dataclass(frozen=True)
class Concerned:
    """What the statements of a text that have to do with trackers speak of, and what they give."""

    spoken: frozenset[str]
    given: frozenset[str]

    @classmethod
    def of(cls, statements: Iterable[ast.stmt]) -> Concerned:
        """Return what those of *statements* speak of that have to do with trackers, or may."""
        waiting = [(one, words_of(one)) for one in statements]
        spoken: set[str] = set()
        given: set[str] = set()
        while True:
            taken = [pair for pair in waiting if _is_concerned(*pair, spoken, given)]
            if not taken:
                return cls(frozenset(spoken), frozenset(given))
            for _, words in taken:
                spoken |= words.beyond
                given |= words.given
            waiting = [pair for pair in waiting if pair not in taken]

    def is_apart(self, name: str, words: Words) -> bool:
        """Whether a function that is called *name* and has these *words* is none of them."""
        return (
            name not in self.spoken
            and TELLING.isdisjoint(words.said)
            and self.given.isdisjoint(words.beyond)
            and self.spoken.isdisjoint(words.set | words.given - {name})
        )


def _is_concerned(statement: ast.stmt, words: Words, spoken: set[str], given: set[str]) -> bool:
    if not isinstance(statement, _DEFINITIONS):
        return not _is_harmless(statement)
    known = statement.name in spoken or not given.isdisjoint(words.beyond)
    return known or not TELLING.isdisjoint(words.said)


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
    return tops <= sys.stdlib_module_names - _MEDDLING


@dataclass(frozen=True)
class Part:
    """A function that stands in no other, by its first and last line, from 0, and its name."""

    first: int
    last: int
    name: str


def parts_of(statements: Sequence[ast.stmt]) -> list[Part]:
    """Return the functions of *statements* that share no line with another statement."""
    spans = [(_first(one), (one.end_lineno or one.lineno) - 1) for one in statements]
    found = []
    for at, (one, (first, last)) in enumerate(zip(statements, spans, strict=True)):
        before = spans[at - 1][1] if at else -1
        behind = spans[at + 1][0] if at + 1 < len(spans) else last + 1
        if isinstance(one, _FUNCTIONS) and before < first and last < behind:
            found.append(Part(first, last, one.name))
    return found


def _first(statement: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(one.lineno for one in decorators)]) - 1

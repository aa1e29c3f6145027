"""Where the values of a JSON text stand in it, so that one can be replaced and all else stays."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")


def members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Yield key, begin and end of each value of the object that begins at *start*."""
    if not text.startswith("{", start):
        return
    at = _after_blanks(text, start + 1)
    while text[at] != "}":
        key, at = _value(text, at)
        at = _after_blanks(text, at)
        begin = _after_blanks(text, at + 1)
        _, end = _value(text, begin)
        yield str(key), begin, end
        at = _next(text, end)


def elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each value of the array that begins at *start*."""
    if not text.startswith("[", start):
        return
    at = _after_blanks(text, start + 1)
    while text[at] != "]":
        _, end = _value(text, at)
        yield at, end
        at = _next(text, end)


def member(text: str, start: int, key: str) -> tuple[int, int] | None:
    """Return begin and end of the value of *key* in the object at *start*: the last one counts."""
    found = [(begin, end) for name, begin, end in members(text, start) if name == key]
    return found[-1] if found else None


def first(text: str) -> int:
    """Return where the value of the whole text begins."""
    return _after_blanks(text, 0)


def _value(text: str, start: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, start)


def _next(text: str, end: int) -> int:
    """Return where the next value or the closing bracket is, behind the comma if there is one."""
    at = _after_blanks(text, end)
    return _after_blanks(text, at + 1) if text[at] == "," else at


def _after_blanks(text: str, start: int) -> int:
    found = _BLANKS.match(text, start)
    return found.end() if found is not None else start

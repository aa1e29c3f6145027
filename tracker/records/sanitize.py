"""Turning whatever a program puts into a context into small, plain JSON values."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence, Set
from datetime import date
from enum import Enum
from itertools import islice
from typing import Any

from tracker.records.redaction import REMOVED, is_secret_name, redacted, unmasked

MAX_DEPTH = 6
MAX_ITEMS = 100
MAX_VALUES = 1_000
MAX_TEXT = 2_000
MAX_ALL_TEXT = 50_000
MAX_ERROR_TEXT = 500
MAX_KNOWN = 1_024
MAX_KNOWN_TEXT = 100
LARGEST = 2**63 - 1

# Short texts that were seen to need no change: records repeat their names, tags and ids.
# What does need one is not kept here: it may be a key.
_known: set[str] = set()


class Told(str):
    """A text for the program's own eyes, of which stores get another one: ``stored``."""

    stored: str

    def __new__(cls, text: str, stored: str = "") -> Told:
        """Make a text that equals *text*."""
        made = super().__new__(cls, text)
        made.stored = stored
        return made


def sanitize(value: object) -> Any:
    """Return *value* as JSON-ready data of bounded size; what has no JSON form becomes text.

    Nesting ends at six levels, containers at a hundred items and the whole at a
    thousand values, which also bounds a structure that contains itself.
    """
    return short(value) if type(value) is str else _Sanitizer().of(value, 0)


def scrub(text: str) -> str:
    """Return a message's *text* without credentials, at most 500 characters of it."""
    return clean(unmasked(text)[:MAX_ERROR_TEXT])


def short(text: str) -> str:
    """Return *text* in a form that every store takes: bounded, and without credentials."""
    # A subclass may say anything of its length and of what it equals.
    if type(text) is not str or len(text) > MAX_KNOWN_TEXT:
        return _shortened(text)
    if text not in _known:
        made = _shortened(text)
        if made != text:
            return made
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        _known.add(text)
    return text


def _shortened(text: str) -> str:
    made = redacted(str.__str__(text))  # before the cut, which could leave a part of a key
    return clean(made if len(made) <= MAX_TEXT else made[:MAX_TEXT] + "…")


def hidden(name: str, value: object) -> bool:
    """Whether *value* is not to be told, because *name* says that it is a credential."""
    return value is not None and not isinstance(value, bool) and is_secret_name(name)


def clean(text: str) -> str:
    """Return *text* without what has no UTF-8 form (a lone surrogate) or ends texts in C."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class _Sanitizer:
    """One value being made plain, and how much of it may still follow."""

    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._text = MAX_ALL_TEXT

    def of(self, value: object, depth: int) -> Any:
        self._values -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Enum):
            return self.of(value.value, depth + 1) if depth < MAX_DEPTH else _type_of(value)
        if isinstance(value, int):
            return int(value) if -LARGEST <= value <= LARGEST else f"<{value.bit_length()} bits>"
        if isinstance(value, str):
            return self._counted(value.stored if isinstance(value, Told) else value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        if isinstance(value, date):
            return self._counted(value.isoformat())
        if isinstance(value, _spoken()):
            return self._counted(str(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if depth < MAX_DEPTH and isinstance(value, Mapping | Sequence | Set):
            return self._container(value, depth + 1)
        return _type_of(value)

    def _container(self, value: Any, depth: int) -> Any:
        limit = max(min(MAX_ITEMS, self._values), 0)
        if isinstance(value, Mapping):
            pairs = list(islice(value.items(), limit))
            named = [(self._name(name), item) for name, item in pairs]
            return {n: REMOVED if hidden(n, item) else self.of(item, depth) for n, item in named}
        return [self.of(item, depth) for item in list(islice(value, limit))]

    def _name(self, name: object) -> str:
        return self._counted(name) if isinstance(name, str) else str(self.of(name, MAX_DEPTH))

    def _counted(self, text: str) -> str:
        made = short(text)[: self._text]
        self._text = max(self._text - len(made), 0)
        return made


@functools.cache
def _spoken() -> tuple[type, ...]:
    """Return the types whose own text says all; they are imported when something may be one."""
    from decimal import Decimal
    from pathlib import PurePath
    from uuid import UUID

    return (UUID, Decimal, PurePath)


def _type_of(value: object) -> str:
    """Name an object by its type only: its own text may hold anything."""
    return f"<{type(value).__qualname__}>"

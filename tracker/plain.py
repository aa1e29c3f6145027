"""Turning whatever a program puts into a context into small, plain JSON values."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence, Set
from datetime import date
from enum import Enum
from itertools import islice
from typing import Any

MAX_DEPTH = 6
MAX_ITEMS = 100
MAX_VALUES = 1_000
MAX_TEXT = 2_000
MAX_ALL_TEXT = 50_000
MAX_ERROR_TEXT = 500
MAX_SCRUBBED = 10_000
MAX_KNOWN = 1_024
MAX_KNOWN_TEXT = 100
LARGEST = 2**63 - 1

# Keys that tell what they are wherever they stand, ...
_KEY = (
    r"\b(?:sk|pk|rk)-[\w*.\-]{6,}|\bAKIA[0-9A-Z]{12,}|\bASIA[0-9A-Z]{12,}|\bAIza[\w\-]{20,}"
    r"|\bgh[opsu]_\w{20,}|\bxox[abp]-[\w\-]{10,}|\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"
    r"|(?i:\bbearer\s+\S+)"
)
# ... and what providers and libraries name or echo in their error texts.
_NAMED = (
    r"|\bkey-[\w*.\-]{6,}|://[^\s/@]+:[^\s/@]+@"
    r"|(?i:\b(?:x-)?(?:api[-_ ]?key|secret|password|authorization)"
    r"(?: provided)?[\"']?\s*[:=]\s*(?:basic\s+)?[^\s,;}]+)"
)
_KEYS = re.compile(_KEY)
_SECRETS = re.compile(_KEY + _NAMED)
REMOVED = "[removed]"

# Short texts that were seen to need no change: records repeat their names, tags and ids.
# What does need one is not kept here: it may be a key.
_known: set[str] = set()


def plain(value: object) -> Any:
    """Return *value* as JSON-ready data of bounded size; what has no JSON form becomes text.

    Nesting ends at six levels, containers at a hundred items and the whole at a
    thousand values, which also bounds a structure that contains itself.
    """
    return short(value) if type(value) is str else _Plain().of(value, 0)


def scrub(text: str) -> str:
    """Return an error's *text* without keys and tokens, at most 500 characters of it."""
    return clean(_SECRETS.sub(REMOVED, text[:MAX_SCRUBBED])[:MAX_ERROR_TEXT])


def short(text: str) -> str:
    """Return *text* in a form that every store takes: bounded, and without keys."""
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
    cut = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
    return clean(_KEYS.sub(REMOVED, cut))


def clean(text: str) -> str:
    """Return *text* without what has no UTF-8 form (a lone surrogate) or ends texts in C."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class _Plain:
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
            return self._counted(value)
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
            return {self._name(name): self.of(item, depth) for name, item in pairs}
        return [self.of(item, depth) for item in list(islice(value, limit))]

    def _name(self, name: object) -> str:
        return self._counted(name) if isinstance(name, str) else str(self.of(name, MAX_DEPTH))

    def _counted(self, text: str) -> str:
        made = short(text[: self._text] if len(text) > self._text else text)
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

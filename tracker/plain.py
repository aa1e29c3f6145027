"""Turning whatever a program puts into a context into small, plain JSON values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

MAX_DEPTH = 6
MAX_ITEMS = 100
MAX_TEXT = 2_000
MAX_ERROR_TEXT = 500

# What providers echo in their error texts: keys (also half masked ones) and bearer tokens.
_SECRET = re.compile(r"(?i)\b(sk|pk|rk|key)-[\w*.\-]{6,}|\bbearer\s+\S+|\bAKIA[0-9A-Z]{12,}")


def plain(value: object, depth: int = 0) -> Any:
    """Return *value* as JSON-ready data of bounded size; what has no JSON form becomes text.

    Nesting ends at six levels and containers at a hundred items, which also
    bounds a structure that contains itself.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if depth < MAX_DEPTH and isinstance(value, Mapping | Sequence | Set):
        return _plain_container(value, depth + 1)
    return _text_of(value)


def scrub(text: str) -> str:
    """Return an error's *text* without keys and tokens, at most 500 characters of it."""
    return _SECRET.sub("[removed]", text)[:MAX_ERROR_TEXT]


def _plain_container(value: Any, depth: int) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MAX_ITEMS]
        return {_short(str(name)): plain(item, depth) for name, item in pairs}
    return [plain(item, depth) for item in list(value)[:MAX_ITEMS]]


def _short(text: str) -> str:
    # A lone surrogate cannot be stored as UTF-8.
    text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")


def _text_of(value: object) -> str:
    """Name an object by its type only: its own text may hold anything."""
    return f"<{type(value).__qualname__}>"

"""What carries baggage: headers of any library, a dict, the pairs of ASGI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HEADER = "baggage"
#: More than any request has; of a carrier that goes on for ever no more is read.
MAX_HEADERS = 1_000
MAX_TEXT = 65_536


def get(carrier: Any) -> str:
    """Return the baggage of *carrier*, all headers of that name in one; "" if it has none."""
    found = [_text(value) for name, value in _pairs(carrier) if _text(name).lower() == HEADER]
    return ",".join(one for one in found if one)[:MAX_TEXT]


def put(carrier: Any, header: str) -> None:
    """Have *carrier* say *header*, and nothing else of that name."""
    if isinstance(carrier, list):  # as ASGI and some HTTP libraries have them
        kept = [pair for pair in carrier if _text(pair[0]).lower() != HEADER]
        is_bytes = bool(kept) and isinstance(kept[0][0], bytes)
        pair = (HEADER.encode(), header.encode()) if is_bytes else (HEADER, header)
        carrier[:] = [*kept, pair]
        return
    if isinstance(carrier, dict):
        for name in [name for name in carrier if _text(name).lower() == HEADER]:
            del carrier[name]
    carrier[HEADER] = header


def _pairs(carrier: Any) -> Iterable[tuple[Any, Any]]:
    many = getattr(carrier, "multi_items", None)  # httpx and Starlette, where a name comes twice
    pairs = many() if callable(many) else carrier.items() if isinstance(carrier, Mapping) else None
    if pairs is None:
        items = getattr(carrier, "items", None)
        pairs = items() if callable(items) else carrier
    for _, pair in zip(range(MAX_HEADERS), pairs, strict=False):
        if isinstance(pair, tuple | list) and len(pair) == 2:
            name, value = pair
            for one in value if isinstance(value, list | tuple) else (value,):
                yield name, one


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value[: MAX_TEXT + 1].decode("latin-1")
    return value if isinstance(value, str) else ""

"""Is what was seen with us what is seen without us?

Some of it is another each time by itself: times, ids, sizes of memory.  What that is, nobody
lists: two runs without us tell, and where they differ only the type is compared.
"""

from __future__ import annotations

from typing import Any

#: Longer values are cut in what is printed.
SHOWN = 160


class Varying:
    """A value that two runs without us had differently."""

    def __init__(self, *seen: object) -> None:
        self.types = {type(value) for value in seen}

    def __eq__(self, other: object) -> bool:
        return type(other) in self.types

    __hash__ = None  # type: ignore[assignment] # it is equal to many

    def __repr__(self) -> str:
        return f"<any {' or '.join(sorted(kind.__name__ for kind in self.types))}>"


def steady(first: Any, second: Any) -> Any:
    """Return what *first* and *second*, both JSON's values, have in common."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return {key: steady(first[key], second[key]) for key in first}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [steady(a, b) for a, b in zip(first, second, strict=True)]
    return first if first == second else Varying(first, second)


def difference(expected: Any, seen: Any, place: str = "") -> str | None:
    """Return the first place where *seen* is not what is *expected*, and both; None if nowhere."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        for key in sorted(expected.keys() | seen.keys()):
            found = difference(
                expected.get(key, "(nothing)"), seen.get(key, "(nothing)"), f"{place}.{key}"
            )
            if found is not None:
                return found
        return None
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        pairs = enumerate(zip(expected, seen, strict=True))
        found_all = (difference(a, b, f"{place}[{index}]") for index, (a, b) in pairs)
        return next((found for found in found_all if found is not None), None)
    if expected == seen:
        return None
    return f"{place.lstrip('.')}: without us {_short(expected)}, with us {_short(seen)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."

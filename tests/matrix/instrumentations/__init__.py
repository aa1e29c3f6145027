"""Others who observe the same clients: the host, they and we, in both orders.

Each entry is run without us (twice: what varies by itself is no difference), and with
us: we patched first, or they did.  A cell is a call form of ``tests/capture_matrix.py``, by a
synchronous or an asynchronous client.  It is ok when the program and the other library see
what they see without us, and we record one call with the tokens that the server counted.

An entry has, besides ``REQUIREMENTS``,

``install()``
    which has the other library observe, and returns a function that gives what was
    recorded since it was last called, as values that JSON can write;
``around()``, if it wants one
    which returns a context manager that each call is made in;
``VARIABLES``, if it wants any
    environment variables of the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matrix.catalogue import load
from matrix.judge import difference, steady
from matrix.outcome import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix.catalogue import Entry
    from matrix.environment import Environment

TITLE = "co-instrumentation"
ORDERS = ("ours first", "theirs first")
PROGRAM = "instrumentations._program"


def cells(entry: Entry, environment: Environment) -> Iterator[Cell]:
    """Run *entry* without and with us, and judge each call form."""
    variables = getattr(load(entry.kind, entry.name), "VARIABLES", {})

    def ran(mode: str) -> dict[str, Any]:
        records = environment.run(PROGRAM, entry.name, mode, variables=variables)
        ended = next((r["ended"] for r in records if "ended" in r), None)
        return {r["cell"]: r for r in records if "cell" in r} | ({"": ended} if ended else {})

    alone, again = ran("theirs"), ran("theirs")
    if "" in alone or "" in again:
        yield Cell("without us", alone.get("") or again.get(""))
    for order in ORDERS:
        ours = ran(order)
        if "" in ours:
            yield Cell(f"{order}: the program", ours[""])
        for name in alone.keys() - {""}:
            yield Cell(f"{order}, {name}", trouble(alone[name], again.get(name), ours.get(name)))


def trouble(alone: Any, again: Any, ours: Any) -> str | None:
    """Return what is not as it should be in one call, if anything is."""
    if again is None or ours is None:
        return "not reached"
    for part in ("host", "theirs"):
        found = difference(steady(alone[part], again[part]), ours[part], part)
        if found is not None:
            return found
    told: str | None = ours["ours"]
    return None if told is None else f"ours: {told}"

"""Frameworks above the clients: one record for each answer that the server gave.

A cell is one use of a framework (a call, a stream, an agent with a tool, ...), in a block or with
wrapped clients, with our capture installed before the framework was imported or after.  It is
ok when the records are the server's own log: request ids, models, counts of tokens and jobs.

An entry has, besides ``REQUIREMENTS``, ``case``: the ``Cases`` that its functions declare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix.catalogue import load
from matrix.outcome import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix.catalogue import Entry
    from matrix.environment import Environment

TITLE = "frameworks"
ORDERS = ("ours first", "theirs first")
ALONE = "without us"
PROGRAM = "frameworks._program"


def cells(entry: Entry, environment: Environment) -> Iterator[Cell]:
    """Run every use in both orders, and without us what raised with us."""
    variables = getattr(load(entry.kind, entry.name), "VARIABLES", {})
    alone: dict[str, str] | None = None
    for order in ORDERS:
        for record in environment.run(PROGRAM, entry.name, order, variables=variables):
            if "ended" in record:
                yield Cell(f"{order}: the program", record["ended"])
                continue
            raised = record["raised"]
            if raised and alone is None:
                told = environment.run(PROGRAM, entry.name, ALONE, variables=variables)
                alone = {one["use"]: one["raised"] for one in told if "use" in one}
            by_itself = bool(raised) and (alone or {}).get(record["use"]) == raised
            trouble = raised if by_itself else record["trouble"]
            yield Cell(f"{order}, {record['cell']}", trouble, by_itself)

"""What the page is told: columns of numbers, and lists of the names that they stand for.

``names`` are the names of each dimension, ``cells`` has the number of a name for each cell in
turn, and its sums.  Costs are in billionths of a dollar, and so are ``cache``: what a cached
token of each model cost less.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.html.attention import attention
from tracker.cli.reports.html.cube import NAMES, SUMS, Cube, cubes
from tracker.cli.reports.html.savings import cache_rates

if TYPE_CHECKING:
    import sqlite3

    from tracker.cli.reports.rows import Selection

#: In bytes as they stand in the page: with the chart's library it has less than two million.
LARGEST = 480_000
PICODOLLARS_IN_UNIT = 1000
_COSTS = frozenset(("cost", "declared", "real"))


def data_of(file: sqlite3.Connection, selection: Selection, place: str) -> tuple[str, int, int]:
    """Return the data as packed text, how many calls it is of, and how many rows were left out.

    Raises sqlite3.Error.
    """
    made = cubes(file, selection)
    known = {
        "place": place,
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "selection": _told(selection),
        "attention": attention(file, selection),
        "cache": cache_rates(file, selection),
    }
    packed, calls, unread = "", 0, 0
    for cube in made.each():
        packed = pack({**known, **_columns(cube)})
        calls, unread = sum(cell[len(NAMES)] for cell in cube.cells), cube.unread
        if len(packed) <= LARGEST:
            break
    return packed, calls, unread


def pack(data: dict[str, Any]) -> str:
    """Return *data* as letters and digits that a browser can unpack."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode()


def _told(selection: Selection) -> list[list[str]]:
    """Return what was asked for, as it is shown."""
    given: list[tuple[str, object]] = [
        ("since", selection.since and selection.since.isoformat(" ", "minutes")),
        ("until", selection.until and selection.until.isoformat(" ", "minutes")),
        ("environment", selection.environment),
        *((name, "(none)" if value is None else value) for name, value in selection.where),
    ]
    return [[name, str(value)] for name, value in given if value is not None]


def _columns(cube: Cube) -> dict[str, Any]:
    names: dict[str, list[str | None]] = {}
    cells: dict[str, list[int]] = {}
    columns = list(zip(*cube.cells, strict=True)) or [()] * (len(NAMES) + len(SUMS))
    for name, values in zip(NAMES, columns, strict=False):
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        # A table of others may have numbers there.
        names[name] = [None if value is None else str(value) for value in numbers]
        cells[name] = [numbers[value] for value in values]
    for name, values in zip(SUMS, columns[len(NAMES) :], strict=True):
        unit = PICODOLLARS_IN_UNIT if name in _COSTS else 1
        cells[name] = [_whole(value / unit) for value in values]
    return {
        "unit": cube.unit,
        "names": names,
        "cells": cells,
        "took": [list(column) for column in zip(*cube.latencies, strict=True)],
        "sampled": cube.sampled,
        "kept": cube.kept,
    }


def _whole(value: float) -> int:
    """Return a number as the page can have it; what is none was written by nobody of us."""
    return round(value) if math.isfinite(value) else 0

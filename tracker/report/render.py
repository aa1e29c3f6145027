"""Rows as text: an aligned table, JSON, or CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tracker.report.query import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NONE_GIVEN = "(none)"
UNKNOWN = "unknown"
COLUMNS = tuple(field.name for field in dataclasses.fields(Row))


def as_table(rows: Sequence[Row], dimension: str) -> str:
    """Return *rows* as an aligned table; what is not known is said to be unknown."""
    head = (dimension, *COLUMNS[1:])
    lines = [head, *(tuple(_cell(row, name) for name in COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "".join(
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        + "\n"
        for line in lines
    )


def as_json(rows: Sequence[Row], dimension: str) -> str:
    """Return *rows* as a JSON array of objects; costs are strings, so that they stay exact."""
    return json.dumps([_record(row, dimension) for row in rows], indent=2) + "\n"


def as_csv(rows: Sequence[Row], dimension: str) -> str:
    """Return *rows* as CSV with a header; what is not known is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, (dimension, *COLUMNS[1:]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_record(row, dimension) for row in rows)
    return out.getvalue()


FORMATS: dict[str, Callable[[Sequence[Row], str], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
}


def render(rows: Sequence[Row], dimension: str, form: str) -> str:
    """Return *rows* in *form*, a key of ``FORMATS``."""
    return FORMATS[form](rows, dimension)


def _record(row: Row, dimension: str) -> dict[str, object]:
    values = {name: getattr(row, name) for name in COLUMNS}
    values = {
        name: _amount(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
    return {dimension: values.pop("name"), **values}


def _cell(row: Row, name: str) -> str:
    value = getattr(row, name)
    if value is None:
        return NONE_GIVEN if name == "name" else UNKNOWN
    return _amount(value) if isinstance(value, Decimal) else str(value)


def _amount(value: Decimal) -> str:
    """Write *value* without an exponent and with at least cents."""
    text = f"{value.normalize():f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"

"""Rows as text: an aligned table with its total, JSON, or CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tracker.cli.reports.query import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.reports.unpriced import Unpriced

FORMATS = ("table", "json", "csv")
NONE_GIVEN = "(none)"
UNKNOWN = "unknown"
TOTAL = "total"
#: Decimals of money in tables; JSON and CSV have all of them.
DECIMALS = 6
SUMS = tuple(field.name for field in dataclasses.fields(Row))[1:]

Record = dict[str, object]


def render(rows: Sequence[Row], dimension: str, form: str) -> str:
    """Return *rows* in *form*, one of ``FORMATS``; a table ends with the sum of its rows."""
    records = [_record(row, dimension) for row in rows]
    head = (dimension, *SUMS)
    if form != "table":
        return _data(records, head, form)
    if len(rows) > 1:
        records.append(_total(rows, dimension))
    return _table(records, head, left=1, total=len(rows) > 1)


def render_unpriced(rows: Sequence[Unpriced], form: str) -> str:
    """Return groups of calls without a price in *form*, one of ``FORMATS``."""
    records = [dataclasses.asdict(row) for row in rows]
    head = (
        *("service", "model", "reason", "endpoint", "calls"),
        *("input_tokens", "output_tokens", "first", "last"),
    )
    return _table(records, head, left=4) if form == "table" else _data(records, head, form)


def _record(row: Row, dimension: str) -> Record:
    return {dimension: row.name, **{name: getattr(row, name) for name in SUMS}}


def _total(rows: Sequence[Row], dimension: str) -> Record:
    sums = {
        name: sum(known)
        if (known := [v for row in rows if (v := getattr(row, name)) is not None])
        else None
        for name in SUMS
    }
    return {dimension: TOTAL, **sums}


def _table(
    records: Sequence[Record], head: Sequence[str], *, left: int, total: bool = False
) -> str:
    """Return an aligned table whose first *left* columns are text; the others go to the right."""
    lines = [
        tuple(head),
        *(tuple(_cell(r, name, i < left) for i, name in enumerate(head)) for r in records),
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = [_line(line, widths, left) for line in lines]
    if total:
        text.insert(-1, "  ".join("-" * width for width in widths) + "\n")
    return "".join(text)


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [
        cell.ljust(width) if i < left else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip() + "\n"


def _cell(record: Record, name: str, is_text: bool) -> str:
    value = record[name]
    if value is None:
        return NONE_GIVEN if is_text else UNKNOWN
    if isinstance(value, Decimal):
        return _money(value)
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(str(value))


def _money(value: Decimal) -> str:
    """Return dollars with the same number of decimals in each row; what is not 0 never looks so."""
    least = Decimal(1).scaleb(-DECIMALS)
    return f"<{least:f}" if 0 < value < least else f"{value:,.{DECIMALS}f}"


def one_line(text: str) -> str:
    """Return *text* as a terminal may see it.

    Names come from anywhere: none of them may break a line, or the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _data(records: Sequence[Record], head: Sequence[str], form: str) -> str:
    """Return JSON (costs as texts, so that they stay exact) or CSV (what is unknown is empty)."""
    exact = [
        {name: _amount(v) if isinstance(v := record[name], Decimal) else v for name in head}
        for record in records
    ]
    if form == "json":
        return json.dumps(exact, indent=2) + "\n"
    out = io.StringIO()
    writer = csv.DictWriter(out, head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(exact)
    return out.getvalue()


def _amount(value: Decimal) -> str:
    """Write *value* without an exponent and with at least cents."""
    text = f"{value.normalize():f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"

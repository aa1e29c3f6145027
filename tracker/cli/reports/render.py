"""Rows as text: an aligned table with its total, JSON, or CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.rows import SUMS, TIMES, shares, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracker.cli.reports.query import Latencies
    from tracker.cli.reports.rows import Row
    from tracker.cli.reports.unpriced import Unpriced

FORMATS = ("table", "json", "csv", "markdown")
NONE_GIVEN = "(none)"
UNKNOWN = "unknown"
TOTAL = "total"
#: Decimals of money in tables; JSON and CSV have all of them.
DECIMALS = 6
#: Signs of a name that a table shows; the other forms have it whole.
WIDEST = 60
SHARE = "share"
ERROR_RATE = "error_rate"
CACHED_SHARE = "cached_share"
#: Columns that are parts of a whole, from 0 to 1.
PARTS = frozenset((SHARE, ERROR_RATE, CACHED_SHARE))
#: The sums that have a column of their own.
_SHOWN = tuple(name for name in SUMS if name != "cached_input_tokens")
LATENCIES = ("p50_ms", "p95_ms")
#: A text that begins so is taken for a formula by programs that show tables.
_FORMULA = tuple("=+-@\t\r")

Record = dict[str, object]


def render(
    rows: Sequence[Row],
    dimensions: Sequence[str],
    form: str,
    latencies: Latencies | None = None,
) -> str:
    """Return *rows* in *form*, one of ``FORMATS``; tables end with the sum of their rows.

    ``share`` is the part of all costs, ``error_rate`` of the row's calls, and ``cached_share``
    of its input tokens (those that came from a provider's cache); from 0 to 1.
    """
    told = [*_SHOWN, ERROR_RATE, CACHED_SHARE, *(LATENCIES if latencies is not None else ()), SHARE]
    took = {} if latencies is None else latencies
    records = [
        _record(row, dimensions, part, took.get(row.names))
        for row, part in zip(rows, shares(rows), strict=True)
    ]
    head = (*dimensions, *told)
    if form in ("json", "csv"):
        return _data(records, head, form)
    if len(rows) > 1:
        whole = together(rows, (TOTAL, *("" for _ in dimensions[1:])))
        records.append(_record(whole, dimensions, shares([whole])[0], took.get(())))
    if form == "markdown":
        return _markdown(records, head, left=len(dimensions), total=len(rows) > 1)
    records = [record | {name: _cut(record[name]) for name in dimensions} for record in records]
    return _table(records, head, left=len(dimensions), total=len(rows) > 1)


def render_unpriced(rows: Sequence[Unpriced], form: str) -> str:
    """Return groups of calls without a price in *form*, one of ``FORMATS``."""
    records = [dataclasses.asdict(row) for row in rows]
    head = (
        *("service", "model", "reason", "endpoint", "calls"),
        *("input_tokens", "output_tokens", "first", "last"),
    )
    if form in ("json", "csv"):
        return _data(records, head, form)
    return (_markdown if form == "markdown" else _table)(records, head, left=4)


def render_records(
    records: Sequence[Record], head: Sequence[str], form: str, *, left: int, texts: Sequence[str]
) -> str:
    """Return *records* in *form*, one of ``FORMATS``: *left* names, then numbers and *texts*."""
    if form in ("json", "csv"):
        return _data(records, head, form)
    return (_markdown if form == "markdown" else _table)(records, head, left=left, texts=texts)


def _record(
    row: Row,
    dimensions: Sequence[str],
    share: Decimal | None,
    took: tuple[float, float] | None,
) -> Record:
    named = dict(zip(dimensions, row.names, strict=True))
    rate = Decimal(row.errors) / row.calls if row.calls else None
    sums = {name: getattr(row, name) for name in (*_SHOWN, CACHED_SHARE)}
    half, most = (None, None) if took is None else took
    told = {ERROR_RATE: rate, LATENCIES[0]: half, LATENCIES[1]: most, SHARE: share}
    return {**named, **sums, **told}


def _titles(head: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns; of times it is said where their days begin."""
    return tuple(f"{name} (UTC)" if name in TIMES else name for name in head)


def _table(
    records: Sequence[Record],
    head: Sequence[str],
    *,
    left: int,
    total: bool = False,
    texts: Sequence[str] = (),
) -> str:
    """Return an aligned table whose first *left* columns are text; the others go to the right."""
    lines = [
        _titles(head),
        *(
            tuple(_cell(r, name, i < left or name in texts) for i, name in enumerate(head))
            for r in records
        ),
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = [_line(line, widths, left) for line in lines]
    if total:
        text.insert(-1, "  ".join("-" * width for width in widths) + "\n")
    return "".join(text)


def _cut(text: Any) -> Any:
    """Return a name so short that the columns behind it stay in sight, with its begin and end."""
    if not isinstance(text, str) or len(text) <= WIDEST:
        return text
    end = WIDEST // 3
    return f"{text[: WIDEST - end - 1]}…{text[-end:]}"


def _markdown(
    records: Sequence[Record],
    head: Sequence[str],
    *,
    left: int,
    total: bool = False,
    texts: Sequence[str] = (),
) -> str:
    """Return a table of Markdown; a total is set in bold."""
    lines = [_titles(head), [":--" if i < left else "--:" for i in range(len(head))]]
    for record in records:
        cells = [
            _escaped(_cell(record, name, i < left or name in texts)) for i, name in enumerate(head)
        ]
        is_total = total and record is records[-1]
        lines.append([f"**{cell}**" if is_total and cell else cell for cell in cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text: str) -> str:
    """Return *text* as Markdown and HTML show it as it is."""
    marked = re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", text)
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
    if name in PARTS:
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:,.0f}"
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
    exact = [{name: _exact(record[name], name) for name in head} for record in records]
    if form == "json":
        return json.dumps(exact, indent=2) + "\n"
    out = io.StringIO()
    write_csv(out, [head, *([defused(row[name]) for name in head] for row in exact)])
    return out.getvalue()


def write_csv(out: io.StringIO, rows: Iterable[Sequence[object]]) -> None:
    """Write *rows* as lines of CSV."""
    writer = csv.writer(out, lineterminator="\n")
    # Before Python 3.13 only the end of a line is quoted that the writer itself uses.
    quoting = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        has_return = any(isinstance(cell, str) and "\r" in cell for cell in row)
        (quoting if has_return else writer).writerow(row)


def _exact(value: object, name: str) -> object:
    if name in PARTS:
        return None if value is None else round(float(str(value)), 6)
    return amount(value) if isinstance(value, Decimal) else value


def defused(value: object) -> object:
    """Return *value* so that no program takes a name, which comes from anywhere, for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def amount(value: Decimal) -> str:
    """Write *value* without an exponent and with at least cents."""
    text = f"{value.normalize():f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"

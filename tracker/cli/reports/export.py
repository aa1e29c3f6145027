"""Records as they are, in forms that other programs read."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from tracker.cli.reports.columns import ODD_TEXT, TABLE
from tracker.cli.reports.query import selected
from tracker.cli.reports.render import amount, defused, write_csv
from tracker.cli.reports.rows import PICODOLLARS
from tracker.errors import ConfigurationError
from tracker.sinks.jsonl import KEYS
from tracker.sinks.sqlite.reading import limited
from tracker.sinks.sqlite.sink import COLUMNS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from tracker.cli.reports.rows import Selection

_AT_ONCE = 20_000
#: However long it takes, nobody waits for an export for longer.
_SECONDS = 24 * 3600.0
_COSTS = {"cost_usd": "cost_picodollars", "list_cost_usd": "list_cost_picodollars"}
#: What 64 bits of picodollars need, and more; a reader's sums and products need room for theirs.
_DIGITS = 22
_JSON = frozenset(("metadata", "counts", "conditions"))
_TRUTHS = frozenset(("partial", "late"))
_NUMBERS = frozenset(("github_pr", "api_calls"))

Row = dict[str, Any]


def export_to(output: IO[bytes], form: str, file: sqlite3.Connection, selection: Selection) -> int:
    """Write the records of *selection* to *output*; return how many they are.

    Raises sqlite3.Error, OSError, or ConfigurationError if what *form* needs is not installed.
    """
    there = {row[1] for row in file.execute(f"PRAGMA table_info({TABLE})")}
    # A file of an earlier version has no column for what is newer.
    columns = ", ".join(name if name in there else f"NULL AS {name}" for name in COLUMNS)
    where, values = selected(file, selection)
    with limited(file, _SECONDS):
        found = file.execute(
            f"SELECT {columns} FROM {TABLE} WHERE {where} AND ({ODD_TEXT}) IS NOT TRUE"
            " ORDER BY timestamp, id",
            values,
        )
        return FORMATS[form](output, _batches(found))


def _batches(found: sqlite3.Cursor) -> Iterator[list[Row]]:
    while rows := found.fetchmany(_AT_ONCE):
        yield [_row(dict(zip(COLUMNS, values, strict=True))) for values in rows]


def _row(stored: Row) -> Row:
    """Return a record as its fields are called; costs are decimals, and what is JSON is read."""
    row: Row = {}
    for key in KEYS:
        value = stored[_COSTS.get(key, key)]
        if key in _COSTS:
            value = Decimal(value) / PICODOLLARS if type(value) is int else None
        elif key in _JSON:
            value = _read(value)
        elif key in _TRUTHS:
            value = bool(value)
        elif isinstance(value, bytes):
            value = None  # written by nobody of us
        row[key] = value
    return row


def _read(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}  # written by nobody of us


def _to_jsonl(output: IO[bytes], batches: Iterator[list[Row]]) -> int:
    number = 0
    for rows in batches:
        number += len(rows)
        lines = (json.dumps(row, ensure_ascii=False, default=float) for row in rows)
        output.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    return number


def _to_csv(output: IO[bytes], batches: Iterator[list[Row]]) -> int:
    number = 0
    output.write(f"{','.join(KEYS)}\n".encode())
    for rows in batches:
        number += len(rows)
        text = io.StringIO()
        write_csv(text, ([_cell(key, row[key]) for key in KEYS] for row in rows))
        output.write(text.getvalue().encode("utf-8", "replace"))
    return number


def _cell(key: str, value: object) -> object:
    if key in _JSON:
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return defused(value)


def _to_parquet(output: IO[bytes], batches: Iterator[list[Row]]) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(
            "pyarrow is not installed; pip install 'ai-usage-suite[export]'"
        ) from error
    schema = pa.schema([(key, _type_of(key, pa)) for key in KEYS])
    number = 0
    with parquet.ParquetWriter(output, schema, compression="zstd") as writer:
        for rows in batches:
            number += len(rows)
            columns = {key: [_value(key, row[key]) for row in rows] for key in KEYS}
            writer.write_table(pa.table(columns, schema=schema))
    return number


def _type_of(key: str, pa: Any) -> Any:
    if key in _COSTS:
        return pa.decimal128(_DIGITS, 12)
    if key in _TRUTHS:
        return pa.bool_()
    if key == "timestamp":
        return pa.timestamp("us", tz="UTC")
    if key == "latency_ms":
        return pa.float64()
    return pa.int64() if key in _NUMBERS or key.endswith("_tokens") else pa.string()


def _value(key: str, value: Any) -> Any:
    """Return *value* as its column has it; what is none of ours is not known."""
    if key in _JSON:
        return json.dumps(value, ensure_ascii=False)
    if key == "timestamp":
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    if key == "latency_ms":
        return float(value) if isinstance(value, int | float) else None
    if key in _NUMBERS or key.endswith("_tokens"):
        return value if type(value) is int else None
    return value if isinstance(value, str | bool | Decimal) else None


FORMATS: dict[str, Callable[[IO[bytes], Iterator[list[Row]]], int]] = {
    "parquet": _to_parquet,
    "jsonl": _to_jsonl,
    "csv": _to_csv,
}

"""What each dimension is in a row of a store, and which rows are selected: parts of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.reports.rows import METADATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.reports.rows import Selection

TABLE = "usage_metrics"
_DAY = "SUBSTR(timestamp, 1, 10)"
_THURSDAY = f"DATE({_DAY}, '-3 days', 'weekday 4')"
#: Weeks as ISO 8601 counts them (``2026-W47``): of the year in which their Thursday is.
_WEEK = f"""CASE WHEN {_DAY} GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'
     AND {_THURSDAY} IS NOT NULL
THEN STRFTIME('%Y', {_THURSDAY}) || '-W'
     || SUBSTR('0' || ((STRFTIME('%j', {_THURSDAY}) - 1) / 7 + 1), -2)
ELSE {_DAY} END"""
_COLUMNS = {
    "operation_type": "operation_type",
    "operation": "CASE typeof(operation) WHEN 'text' THEN operation END",
    "model": "model",
    "provider": "CASE typeof(service) WHEN 'text' THEN service END",
    "job": "job_id",
    "batch": "batch_id",
    "user": "user_id",
    "environment": "environment",
    "error": "CASE typeof(error) WHEN 'text' THEN error END",
    "hour": "SUBSTR(timestamp, 1, 13)",
    "day": _DAY,
    "week": _WEEK,
    "month": "SUBSTR(timestamp, 1, 7)",
}
#: Dimensions that are fields of the metadata, by their names there.
_FIELDS = {"service": "service", "host": "api_host"}
#: What stands in the index by date of a DynamoDB table does for all others.
WITH_METADATA = frozenset(_FIELDS)

TEXTS = ("timestamp", "environment", "operation_type", "model", "job_id", "batch_id", "user_id")
WHOLE = ("input_tokens", "output_tokens", "total_tokens", "cached_input_tokens")
COSTS = ("cost_picodollars", "list_cost_picodollars")
#: Rows with other values were written by nobody of us, and are counted and left out.
READABLE = " AND ".join(
    [
        *(f"typeof({name}) IN ('text', 'null')" for name in TEXTS),
        *(f"typeof({name}) IN ('integer', 'null')" for name in (*WHOLE, *COSTS)),
    ]
)
#: Whether a text of ours is none; unlike ``typeof`` this takes no time.  Numbers come before texts,
#: and blobs behind.
ODD_TEXT = " OR ".join(f"{name} < '' OR {name} >= x''" for name in TEXTS)
#: The same, of a table whose columns turn numbers into texts, as ours do.
BLOB_TEXT = " OR ".join(f"{name} >= x''" for name in TEXTS)
# A call that failed and told no tokens has no price to be found.
WITHOUT_PRICE = "cost_picodollars IS NULL AND (error IS NULL OR input_tokens IS NOT NULL)"
#: How many such calls there are, and how many failed.  Adding up what is true takes longer.
NUMBER_UNPRICED = f"COUNT(CASE WHEN {WITHOUT_PRICE} THEN 1 END)"
NUMBER_FAILED = "COUNT(error)"


def column(dimension: str) -> str:
    """Return what *dimension* is in a row."""
    if dimension in _COLUMNS:
        return _COLUMNS[dimension]
    name = _FIELDS.get(dimension, dimension.removeprefix(METADATA))
    path = _literal(f'$."{name}"')
    return f"""CASE WHEN typeof(metadata) = 'text' AND json_valid(metadata)
    THEN CASE json_type(metadata, {path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
         ELSE CAST(json_extract(metadata, {path}) AS TEXT) END END"""


def is_of_metadata(dimension: str) -> bool:
    """Whether *dimension* is read from the metadata."""
    return dimension not in _COLUMNS


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def condition(selection: Selection, time: str = "timestamp") -> tuple[str, Sequence[str | None]]:
    """Return the condition on rows in *selection*, and its values; *time* is the column."""
    parts: list[str] = [f"{time} IS NOT NULL"]  # which is not asked of a column that has none
    values: list[str | None] = []
    if selection.since is not None:
        parts, values = [f"{time} >= ?"], [selection.since.isoformat()]
    if selection.until is not None:
        parts.append(f"{time} < ?")
        values.append(selection.until.isoformat())
    wanted = list(selection.where)
    if selection.environment is not None:
        wanted.append(("environment", selection.environment))
    parts += [f"{column(name)} IS ?" for name, _ in wanted]
    return " AND ".join(parts), [*values, *(value for _, value in wanted)]

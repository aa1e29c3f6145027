"""What somebody should look at: calls without a price, outside of all contexts, and that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.cli.reports.columns import TABLE, WITHOUT_PRICE, column
from tracker.cli.reports.query import selected
from tracker.records.metric import OTHER

if TYPE_CHECKING:
    import sqlite3

    from tracker.cli.reports.rows import Selection

#: Of each kind the most frequent.
MOST = 50
_LONGEST = 300
_REASON = f"""CASE WHEN operation = '{OTHER}' THEN 'unknown endpoint'
     WHEN input_tokens IS NULL THEN COALESCE({column("metadata.usage_unknown")}, 'no tokens')
     ELSE COALESCE({column("metadata.price_unknown")}, 'no price') END"""
_ODD = f"""
CREATE TEMP TABLE odd AS
SELECT {column("model")} AS model, {column("provider")} AS provider, {column("error")} AS error,
       {WITHOUT_PRICE} AS unpriced, {_REASON} AS reason,
       {column("host")} || {column("metadata.api_path")} AS endpoint,
       operation_type IS NULL AS outside,
       {column("metadata.caller_file")} || ':' || {column("metadata.caller_line")} AS place,
       COUNT(*) AS calls, TOTAL(cost_picodollars) AS cost, MAX(timestamp) AS last
FROM {TABLE}
WHERE (error IS NOT NULL OR operation_type IS NULL OR cost_picodollars IS NULL) AND {{where}}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
#: Of each kind: its condition, and by what it is told.
_KINDS = {
    "unpriced": ("unpriced", "provider, model, reason, endpoint"),
    "outside": ("outside", "place, model"),
    "failed": ("error IS NOT NULL", "error, model"),
}


def attention(file: sqlite3.Connection, selection: Selection) -> dict[str, list[list[Any]]]:
    """Return of each kind groups of calls: by what, how many, picodollars, and when last.

    Raises sqlite3.Error.
    """
    where, values = selected(file, selection)
    file.execute(_ODD.format(where=where), values)
    found = {}
    for kind, (condition, by) in _KINDS.items():
        rows = file.execute(
            f"SELECT {by}, SUM(calls), SUM(cost), SUBSTR(MAX(last), 1, 16) FROM odd"
            f" WHERE {condition} GROUP BY {by} ORDER BY SUM(calls) DESC, {by} LIMIT {MOST}"
        )
        found[kind] = [[_short(value) for value in row] for row in rows]
    return found


def _short(value: Any) -> Any:
    return value[:_LONGEST] if isinstance(value, str) else value

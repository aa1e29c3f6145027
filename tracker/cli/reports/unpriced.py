"""Stored calls whose cost is not known: finding them, and pricing those that can be by now."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cli.reports.columns import READABLE, WITHOUT_PRICE
from tracker.cli.reports.query import put_together
from tracker.cli.reports.rows import PICODOLLARS
from tracker.errors import SinkError
from tracker.pricing.quote import Served, quote
from tracker.records.counts import is_count, is_word
from tracker.records.metric import OTHER, Usage
from tracker.sinks.sqlite.reading import check_table, limited, read, told
from tracker.sinks.sqlite.shared_file import add_columns
from tracker.sinks.sqlite.sink import ADDED, LARGEST

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

TABLE = "usage_metrics"
OURS = f"{READABLE} AND typeof(id) = 'text' AND typeof(service) = 'text' AND model IS NOT NULL"
ENDPOINT = (
    "CASE WHEN json_valid(metadata) THEN"
    " json_extract(metadata, '$.api_host')"
    " || COALESCE(json_extract(metadata, '$.api_path'), '') END"
)
UNKNOWN = (
    "CASE WHEN json_valid(metadata)"
    " THEN CAST(json_extract(metadata, '$.usage_unknown') AS TEXT) END"
)
UNLISTED = UNKNOWN.replace("usage_unknown", "price_unknown")
GROUPS = f"""
SELECT service, model,
       CASE WHEN operation = '{OTHER}' THEN 'unknown endpoint'
            WHEN input_tokens IS NULL THEN COALESCE({UNKNOWN}, 'no tokens')
            ELSE COALESCE({UNLISTED}, 'no price') END AS reason,
       {ENDPOINT} AS endpoint,
       COUNT(*), SUM(input_tokens / {10**9}), SUM(input_tokens % {10**9}),
       SUM(output_tokens / {10**9}), SUM(output_tokens % {10**9}),
       SUBSTR(MIN(timestamp), 1, 10), SUBSTR(MAX(timestamp), 1, 10)
FROM usage_metrics WHERE {WITHOUT_PRICE} AND {OURS}
GROUP BY service, model, reason, endpoint
ORDER BY COUNT(*) DESC, service, model
"""
#: The columns that a price is found by.
NEEDED = (
    *("id", "service", "model", "operation", "timestamp", "metadata"),
    *Usage._fields,
    *("counts", "conditions"),
)
ROWS = f"""
SELECT {", ".join(NEEDED)}
FROM usage_metrics WHERE {WITHOUT_PRICE} AND {OURS}
"""
UPDATE = """
UPDATE usage_metrics
SET cost_picodollars = ?, list_cost_picodollars = ?, price_basis = ?, price_source = ?,
    price_version = ?, price_rule = ?
WHERE id = ? AND cost_picodollars IS NULL
"""


class New(NamedTuple):
    """A price that was found later; no cost is more than every store can hold."""

    cost: Decimal
    list_cost: Decimal
    basis: str
    source: str | None
    version: str | None
    rule: str | None

    def columns(self) -> tuple[object, ...]:
        """Return it as the embedded store has it."""
        costs = (self.cost, self.list_cost)
        return (*map(_picodollars, costs), self.basis, self.source, self.version, self.rule)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of one model without a price.

    ``reason`` is ``no price`` (the model is in no price list; in words, where it is
    the region or the tier that is in none), ``no tokens``
    (the response told none, or the service is not billed by tokens; in words, where it is known
    why), that all counts are 0, or ``unknown endpoint``
    (what is billed there is not known); ``endpoint`` is host and path, where the path
    is none of those that usually answer with tokens; ``first``
    and ``last`` are the days of the first and the last of them.
    """

    service: str
    model: str
    reason: str
    endpoint: str | None
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    first: str
    last: str


def unpriced_in(database: Path) -> list[Unpriced]:
    """Return the calls of *database* without a price, by model, the most frequent first.

    Raises FileNotFoundError if there is no such file, and SinkError if it is
    not one that this package wrote.
    """
    return read(database, TABLE, unpriced_of)


def unpriced_of(file: sqlite3.Connection) -> list[Unpriced]:
    """As ``unpriced_in``, of a table that is open."""
    return [_group(*row) for row in file.execute(GROUPS).fetchall()]


def _group(
    service: str,
    model: str,
    reason: str,
    endpoint: str | None,
    calls: int,
    inputs: int | None,
    more_inputs: int | None,
    outputs: int | None,
    more_outputs: int | None,
    first: str,
    last: str,
) -> Unpriced:
    sums = (put_together(inputs, more_inputs), put_together(outputs, more_outputs))
    return Unpriced(service, model, reason, endpoint, calls, *sums, first, last)


def reprice(database: Path) -> tuple[int, int]:
    """Price what can be priced by now; return how many calls have a price, and how many lack one.

    Prices are those of the day of the call.  Raises as ``unpriced_in`` does.
    """
    if not database.is_file():
        raise FileNotFoundError(database)
    try:
        file = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True)
        with closing(file), limited(file):
            check_table(file, TABLE, writes=True)
            add_columns(file, TABLE, ADDED)
            found = file.execute(ROWS).fetchall()
            prices = [
                (*price.columns(), row[0]) for row in found if (price := priced(row)) is not None
            ]
            with file:
                file.executemany(UPDATE, prices)
    except (sqlite3.Error, OverflowError, OSError) as error:
        raise SinkError(f"cannot change {database}: {told(error)}") from error
    return len(prices), len(found) - len(prices)


def priced(row: tuple[Any, ...]) -> New | None:
    """Return what the call of *row*, with the columns ``NEEDED``, costs; None if nobody knows."""
    _, service, model, operation, timestamp, metadata, *tokens, counts, conditions = row
    if operation == OTHER:
        return None  # whatever a token costs elsewhere
    try:
        known = {} if metadata is None else json.loads(metadata)
        batch = known.get("is_batch") is True
        host = known.get("api_host")
        served = Served(
            {name: count for name, count in _mapping(counts).items() if is_count(count)},
            {name: word for name, word in _mapping(conditions).items() if is_word(word)},
            None if host is None else f"https://{host}",
            operation,
        )
        at = datetime.fromisoformat(timestamp)
        # What has no zone was written by another: records are in UTC.
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        usage = Usage(*(count if isinstance(count, int) else None for count in tokens))
        price = quote(service, model, usage, at, batch=batch, served=served)
    except (TypeError, ValueError, AttributeError, RecursionError, OverflowError):
        return None  # metadata, or a time, that nobody of us wrote
    if price.cost is None:
        return None
    costs = (price.cost, price.list_cost or price.cost)
    if max(abs(_picodollars(cost)) for cost in costs) > LARGEST:
        return None
    return New(*costs, price.basis, price.source, price.version, price.rule)


def _picodollars(cost: Decimal) -> int:
    return int((cost * PICODOLLARS).to_integral_value())


def _mapping(text: str | None) -> dict[str, Any]:
    """Return the mapping that a column keeps; a file of an earlier version has none."""
    found = {} if text is None else json.loads(text)
    return found if isinstance(found, dict) else {}

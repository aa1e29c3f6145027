"""Stored calls whose cost is not known: finding them, and pricing those that can be by now."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracker.errors import SinkError
from tracker.metric import Usage
from tracker.pricing import quote
from tracker.report.query import PICODOLLARS, WITHOUT_PRICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUPS = f"""
SELECT service, model,
       CASE WHEN input_tokens IS NULL THEN 'no tokens' ELSE 'no price' END AS reason,
       COUNT(*), SUM(input_tokens), SUM(output_tokens),
       SUBSTR(MIN(timestamp), 1, 10), SUBSTR(MAX(timestamp), 1, 10)
FROM usage_metrics WHERE {WITHOUT_PRICE}
GROUP BY service, model, reason
ORDER BY COUNT(*) DESC, service, model
"""
ROWS = f"""
SELECT id, service, model, timestamp, metadata, input_tokens, output_tokens, total_tokens,
       cached_input_tokens, cache_write_tokens, reasoning_tokens
FROM usage_metrics WHERE {WITHOUT_PRICE}
"""
UPDATE = """
UPDATE usage_metrics
SET cost_picodollars = ?, list_cost_picodollars = ?, price_basis = ?, price_source = ?,
    price_version = ?
WHERE id = ? AND cost_picodollars IS NULL
"""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of one model without a price.

    ``reason`` is ``no price`` (the model is in no price list) or ``no tokens``
    (the response told none, or the service is not billed by tokens); ``first``
    and ``last`` are the days of the first and the last of them.
    """

    service: str
    model: str
    reason: str
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
    with closing(_opened(database, "ro")) as file:
        return [Unpriced(*row) for row in _asked(file, GROUPS, database)]


def reprice(database: Path) -> tuple[int, int]:
    """Price what can be priced by now; return how many calls have a price, and how many lack one.

    Prices are those of the day of the call.  Raises as ``unpriced_in`` does.
    """
    with closing(_opened(database, "rw")) as file:
        found = list(_asked(file, ROWS, database))
        prices = [values for row in found if (values := _priced(row)) is not None]
        try:
            with file:
                file.executemany(UPDATE, prices)
        except sqlite3.Error as error:
            raise SinkError(f"cannot change {database}: {error}") from error
    return len(prices), len(found) - len(prices)


def _priced(row: tuple[Any, ...]) -> tuple[object, ...] | None:
    row_id, service, model, timestamp, metadata, *tokens = row
    batch = json.loads(metadata).get("is_batch") is True
    price = quote(service, model, Usage(*tokens), datetime.fromisoformat(timestamp), batch=batch)
    if price.cost is None:
        return None
    costs = (price.cost, price.list_cost or price.cost)
    whole = (int((cost * PICODOLLARS).to_integral_value()) for cost in costs)
    return (*whole, price.basis, price.source, price.version, row_id)


def _opened(database: Path, mode: str) -> sqlite3.Connection:
    if not database.is_file():
        raise FileNotFoundError(database)
    try:
        return sqlite3.connect(f"{database.resolve().as_uri()}?mode={mode}", uri=True)
    except sqlite3.Error as error:
        raise SinkError(f"cannot open {database}: {error}") from error


def _asked(file: sqlite3.Connection, query: str, database: Path) -> Iterator[tuple[Any, ...]]:
    try:
        yield from file.execute(query)
    except sqlite3.Error as error:
        raise SinkError(f"cannot read {database}: {error}") from error

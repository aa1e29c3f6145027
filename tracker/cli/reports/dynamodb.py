"""Sums of stored usage from a DynamoDB table: the same rows as from SQLite.

The index by date is read, which carries no metadata: the partitions of the last days,
or all of it in segments.  Each partition is summed where it is read.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.rows import (
    EVERYTHING,
    LENGTHS,
    PICODOLLARS,
    TIMES,
    Row,
    Selection,
    ordered,
)
from tracker.sinks.dynamodb.item import date_partitions, sort_key
from tracker.sinks.dynamodb.table import connect, explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient

READERS = 8
ATTEMPTS = 8
INDEX = "by-date"
ATTRIBUTES = {
    "operation_type": "operationType",
    "model": "model",
    "provider": "service",
    "job": "jobId",
    "batch": "batchId",
    "user": "userId",
    "environment": "environment",
    "error": "error",
    **dict.fromkeys(TIMES, "timestamp"),
}
#: No call costs, and none counts, that much: digits of such a number would fill the memory.
LARGEST_EXPONENT = 30
_TOKENS = ("inputTokens", "outputTokens", "totalTokens")
_COSTS = ("costUSD", "listCostUSD")

Item = dict[str, dict[str, Any]]


@dataclass(slots=True)
class _Sums:
    """One row while it is being summed; costs in picodollars.  None: no call told it."""

    calls: int = 0
    tokens: tuple[int | None, ...] = (None, None, None)
    costs: tuple[int | None, ...] = (None, None)
    unpriced: int = 0
    errors: int = 0
    unread: int = 0

    def add(self, other: _Sums) -> None:
        self.calls += other.calls
        self.tokens = tuple(map(_plus, self.tokens, other.tokens))
        self.costs = tuple(map(_plus, self.costs, other.costs))
        self.unpriced += other.unpriced
        self.errors += other.errors
        self.unread += other.unread


#: The names of no row: what it counts are items that nobody of us wrote.
UNREADABLE = ("\x00",)
_Names = tuple[str | None, ...]
_Totals = dict[_Names, _Sums]


def usage_by_in_dynamodb(
    table: str,
    *dimensions: str,
    selection: Selection = EVERYTHING,
    client: DynamoDBClient | None = None,
) -> list[Row]:
    """Return the sums of *table* by *dimensions*, as ``usage_by`` does of a file.

    Raises SinkError if the table cannot be read.
    """
    return usage_in_dynamodb(table, dimensions, selection, client=client)[0]


def usage_in_dynamodb(
    table: str,
    dimensions: Sequence[str],
    selection: Selection = EVERYTHING,
    *,
    client: DynamoDBClient | None = None,
) -> tuple[list[Row], int]:
    """As ``usage_by_in_dynamodb``, with the number of items that are none of ours."""
    asked = client or connect(attempts=ATTEMPTS)
    from botocore.exceptions import BotoCoreError, ClientError

    totals: _Totals = defaultdict(_Sums)
    work = partial(_summed, asked, table, dimensions=dimensions, selection=selection)
    try:
        with ThreadPoolExecutor(READERS) as readers:
            for part in readers.map(work, _reads(selection)):
                for names, sums in part.items():
                    totals[names].add(sums)
    except (BotoCoreError, ClientError) as error:
        raise explained(error, table) from error
    unread = totals.pop(UNREADABLE, _Sums()).unread
    return ordered((_row(names, sums) for names, sums in totals.items()), dimensions), unread


def _reads(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    if selection.since is None:
        return _segments()
    return _partitions(selection.since, selection.until)


def _segments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the scans that read the whole index between them."""
    for segment in range(READERS):
        yield "scan", {"Segment": segment, "TotalSegments": READERS}


def _partitions(since: datetime, until: datetime | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the queries of the days from *since* on; clocks that run ahead are allowed a day."""
    last = until or datetime.now(UTC) + timedelta(days=1)
    earliest = {"S": sort_key(since.isoformat(timespec="microseconds"))}
    for ahead in range((last.date() - since.date()).days + 1):
        date = (since + timedelta(days=ahead)).strftime("%Y-%m-%d")
        for key in date_partitions(date):
            yield (
                "query",
                {
                    "KeyConditionExpression": "byDate = :key AND SK >= :since",
                    "ExpressionAttributeValues": {":key": {"S": key}, ":since": earliest},
                },
            )


def _summed(
    client: Any,
    table: str,
    read: tuple[str, dict[str, Any]],
    *,
    dimensions: Sequence[str],
    selection: Selection,
) -> _Totals:
    """Return the sums of what one query or one segment of a scan finds."""
    operation, arguments = read
    pages = client.get_paginator(operation).paginate(TableName=table, IndexName=INDEX, **arguments)
    totals: _Totals = defaultdict(_Sums)
    for item in _items(pages):
        try:
            if _is_selected(item, selection):
                totals[tuple(_name(item, one) for one in dimensions)].add(_of(item))
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            totals[UNREADABLE].add(_Sums(unread=1))
    return totals


def _is_selected(item: Item, selection: Selection) -> bool:
    environment, until = selection.environment, selection.until
    if environment is not None and _text(item, "environment") != environment:
        return False
    if until is not None and datetime.fromisoformat(_text(item, "timestamp") or "") >= until:
        return False
    return all(_name(item, name) == value for name, value in selection.where)


def _name(item: Item, dimension: str) -> str | None:
    text = _text(item, ATTRIBUTES[dimension])
    if text is None or dimension not in TIMES:
        return text
    return text[: LENGTHS[dimension]]


def _items(pages: Iterable[Any]) -> Iterator[Item]:
    for page in pages:
        yield from page["Items"]


def _of(item: Item) -> _Sums:
    costs = tuple(_picodollars(item, name) for name in _COSTS)
    tokens = tuple(_whole(item, name) for name in _TOKENS)
    has_failed = "error" in item
    return _Sums(
        calls=1,
        tokens=tokens,
        costs=costs,
        unpriced=int(costs[0] is None and not (has_failed and tokens[0] is None)),
        errors=int(has_failed),
    )


def _text(item: Item, name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None


def _whole(item: Item, name: str) -> int | None:
    number = _number(item, name)
    return None if number is None else int(number)


def _picodollars(item: Item, name: str) -> int | None:
    number = _number(item, name)
    # Rounded a call, as SQLite's rows are: the sums are equal.
    return None if number is None else int((number * PICODOLLARS).to_integral_value())


def _number(item: Item, name: str) -> Decimal | None:
    """Return a number of *item*; a text stands where DynamoDB's numbers could not hold one."""
    if "N" not in item.get(name, {}):
        return None
    number = Decimal(item[name]["N"])
    if number.adjusted() > LARGEST_EXPONENT:
        raise ValueError(number)
    return number


def _plus(first: int | None, second: int | None) -> int | None:
    return first if second is None else second if first is None else first + second


def _row(names: _Names, sums: _Sums) -> Row:
    inputs, outputs, total = sums.tokens
    cost, list_cost = map(_dollars, sums.costs)
    return Row(
        names=names,
        calls=sums.calls,
        input_tokens=inputs,
        output_tokens=outputs,
        total_tokens=total,
        cost_usd=cost,
        list_cost_usd=list_cost,
        unpriced=sums.unpriced,
        errors=sums.errors,
    )


def _dollars(cost: int | None) -> Decimal | None:
    return None if cost is None else Decimal(cost) / PICODOLLARS

"""A DynamoDB table as a source of reports.

Sums need the index by date only, which carries no metadata: the partitions of the days that are
asked for, or all of it in segments.  What needs more is read from the table itself, in segments.
"""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.columns import is_of_metadata
from tracker.cli.reports.query import usage_of
from tracker.cli.reports.rows import EVERYTHING, Row, Selection
from tracker.cli.reports.sources.jsonl import picodollars, utc
from tracker.cli.reports.sources.source import Answer, Loading
from tracker.errors import SinkError
from tracker.sinks.dynamodb.item import date_partitions, sort_key
from tracker.sinks.dynamodb.table import connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from types_boto3_dynamodb import DynamoDBClient

    from tracker.cli.reports.sources.source import Result, Work

READERS = 8
ATTEMPTS = 8
INDEX = "by-date"
#: No call costs, and none counts, that much: digits of such a number would fill the memory.
LARGEST_EXPONENT = 30
_TEXTS = {
    "service": "service",
    "model": "model",
    "operation": "operation",
    "operation_type": "operationType",
    "job_id": "jobId",
    "batch_id": "batchId",
    "user_id": "userId",
    "environment": "environment",
    "request_id": "requestId",
    "price_basis": "priceBasis",
    "price_source": "priceSource",
    "price_version": "priceVersion",
    "price_rule": "priceRule",
    "error": "error",
}
_WHOLE = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "total_tokens": "totalTokens",
    "cached_input_tokens": "cachedInputTokens",
    "cache_write_tokens": "cacheWriteTokens",
    "reasoning_tokens": "reasoningTokens",
    "api_calls": "apiCalls",
    "github_pr": "githubPR",
}
_COSTS = {"cost_picodollars": "costUSD", "list_cost_picodollars": "listCostUSD"}

Item = dict[str, dict[str, Any]]


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
    names = (*dimensions, *(name for name, _ in selection.where))
    answer = DynamoSource(table, client).ask(
        lambda file: usage_of(file, dimensions, selection),
        selection,
        whole=any(map(is_of_metadata, names)),
    )
    rows, unread = answer.found
    return rows, unread + answer.unread


@dataclass(frozen=True, slots=True)
class DynamoSource:
    """A table, and the client that reads it; by default what boto3 finds."""

    table: str
    client: DynamoDBClient | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table

    def ask(
        self, work: Work[Result], selection: Selection, *, whole: bool = False
    ) -> Answer[Result]:
        """Read what *selection* needs, and ask that."""
        loading = Loading()
        try:
            with connected(self.table, self.client, attempts=ATTEMPTS) as client:
                self._load(client, loading, selection, whole=whole)
        except SinkError:
            loading.file.close()
            raise
        return loading.ask(work, self.table)

    def state(self) -> object:
        """Return nothing: a table does not tell."""
        return None

    def _load(self, client: Any, loading: Loading, selection: Selection, *, whole: bool) -> None:
        turn = threading.Lock()
        numbers = itertools.count()

        def load(read: tuple[str, dict[str, Any]]) -> None:
            operation, arguments = read
            paginator = client.get_paginator(operation)
            for page in paginator.paginate(TableName=self.table, **arguments):
                rows = [row_of_item(item, next(numbers)) for item in page["Items"]]
                with turn:
                    loading.add(rows)

        with ThreadPoolExecutor(READERS) as readers:
            for _ in readers.map(load, _reads(selection, whole=whole)):
                pass


def _reads(selection: Selection, *, whole: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    if whole:
        return _segments(_of_dates(selection))
    if selection.since is None:
        return _segments({"IndexName": INDEX})
    return _partitions(selection.since, selection.until)


def _of_dates(selection: Selection) -> dict[str, Any]:
    """Return what leaves out other days; they are read by DynamoDB, and not sent."""
    if selection.since is None:
        return {}
    return {
        "FilterExpression": "#date >= :since",
        "ExpressionAttributeNames": {"#date": "date"},
        "ExpressionAttributeValues": {":since": {"S": selection.since.strftime("%Y-%m-%d")}},
    }


def _segments(arguments: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the scans that read all of a table or index between them."""
    for segment in range(READERS):
        yield "scan", {"Segment": segment, "TotalSegments": READERS, **arguments}


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
                    "IndexName": INDEX,
                    "KeyConditionExpression": "byDate = :key AND SK >= :since",
                    "ExpressionAttributeValues": {":key": {"S": key}, ":since": earliest},
                },
            )


def row_of_item(item: Item, number: int) -> Mapping[str, object] | None:
    """Return *item* by column; None if it is none of ours."""
    try:
        row: dict[str, object] = {name: _text(item, told) for name, told in _TEXTS.items()}
        row |= {name: _whole(item, told) for name, told in _WHOLE.items()}
        row |= {name: picodollars(_number(item, told)) for name, told in _COSTS.items()}
        row["timestamp"] = utc(_text(item, "timestamp"))
        row["latency_ms"] = _float(_number(item, "latencyMs"))
        row |= {name: int("BOOL" in item.get(name, {})) for name in ("partial", "late")}
        row |= {name: _json(item, name) for name in ("metadata", "counts", "conditions")}
        # The index has no id; its keys hold it.
        keys = [_text(item, name) or "" for name in ("PK", "SK")]
        row["id"] = _text(item, "id") or (" ".join(keys) if any(keys) else f"item {number}")
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return row


def _text(item: Item, name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None


def _whole(item: Item, name: str) -> int | None:
    number = _number(item, name)
    return None if number is None else int(number)


def _float(number: Decimal | None) -> float | None:
    return None if number is None else float(number)


def _json(item: Item, name: str) -> str | None:
    return json.dumps(_as_json(item[name]), ensure_ascii=False) if name in item else None


def _number(item: Item, name: str) -> Decimal | None:
    """Return a number of *item*; a text stands where DynamoDB's numbers could not hold one."""
    if "N" not in item.get(name, {}):
        return None
    number = Decimal(item[name]["N"])
    if number.adjusted() > LARGEST_EXPONENT:
        raise ValueError(number)
    return number


def _as_json(attribute: dict[str, Any]) -> Any:
    """Return a typed value as JSON has it."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {name: _as_json(one) for name, one in value.items()}
    if kind == "L":
        return [_as_json(one) for one in value]
    if kind == "N":
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return None if kind == "NULL" else value

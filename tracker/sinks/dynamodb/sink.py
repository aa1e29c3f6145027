"""Metrics in a DynamoDB table, written in batches that may be sent again at any time.

What the table does not take now is asked for again with full jitter for a few
seconds, then handed back to the spool.  One bad item is found by halving its chunk and
rejected; the others are stored.
"""

from __future__ import annotations

import importlib
import json
import random
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.environment_config import AIUsageEnvironmentConfig, table_for
from tracker.errors import ConfigurationError
from tracker.records.clock import steady
from tracker.records.error_text import described
from tracker.sinks.dynamodb.item import MAX_ITEM_BYTES, Item, item_size, to_item, without_metadata
from tracker.sinks.dynamodb.table import INVALID, check, code_of, connect, explained
from tracker.sinks.protocol import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient

    from tracker.records.metric import Metric

#: Imported before the first write, where a fork waits for it.
LIBRARIES = ("boto3", "botocore.config", "botocore.exceptions")
CHUNK_ITEMS = 25
CHUNK_BYTES = 15 * 1024 * 1024
PATIENCE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
# The program may have seeded the dice of the module, and count on them.
_dice = random.Random()

#: The table takes it later; a connection that was closed may have delivered the request.
LATER = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "TransactionInProgressException",
        "ConnectionClosedError",
    }
)


def destination(table_name: str) -> str:
    """Return the table: each has a sink of its own."""
    return table_name


def from_environment(table_name: str) -> DynamoSink:
    """Return the sink for *table_name*; region, endpoint and credentials are boto3's to find."""
    return DynamoSink(table_name)


@dataclass(frozen=True, slots=True)
class _Record:
    """One item on its way; ``wire`` is the length of its JSON, never less than its size."""

    id: str
    item: Item
    wire: int

    @property
    def key(self) -> tuple[str, str]:
        """The item's key in the table."""
        return _key(self.item)


class DynamoSink:
    """Writes to one table.  boto3 is imported, and its client made, at the first write.

    A metric of an environment that the table's name contradicts is rejected.
    *patience* limits the seconds that one write asks again; *sleep* is for tests.
    """

    def __init__(
        self,
        table_name: str,
        *,
        client: DynamoDBClient | None = None,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.table_name = table_name
        self._client = client
        self._patience = patience
        self._sleep = sleep
        self._refusals: dict[str, str | None] = {}

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics*; the same id again adds nothing.

        Raises SinkError if the table cannot be reached or is not one of ours.
        """
        return self.write_again(metrics, ())

    def write_again(self, metrics: Sequence[Metric], again: Collection[str]) -> Delivery:
        """As ``write``, where those with the ids *again* may be there: their new price stays."""
        rejected: dict[str, str] = {}
        records: dict[tuple[str, str], _Record] = {}  # a key may come once in a request
        for metric in metrics:
            refusal = self._refusal(metric.environment)
            record = None if refusal else _fitting(metric.id, to_item(metric))
            if record is None:
                rejected[metric.id] = refusal or "larger than 400 KB"
            else:
                records[record.key] = record
        if not records:
            return Delivery(rejected=rejected)
        if self._client is None:
            self._client = connect(attempts=1)
        writing = _Writing(self._client, self.table_name, rejected, again)
        return writing.write(records.values(), self._patience, self._sleep)

    def load(self) -> None:
        """Import what the first write needs, without a call over the network."""
        if self._client is None:
            for name in LIBRARIES:
                importlib.import_module(name)

    def close(self) -> None:
        """Close the client's connections; a later write opens them again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _refusal(self, environment: str) -> str | None:
        """Return why a metric of *environment* must not be stored here."""
        if environment not in self._refusals:
            refusal = None
            try:
                config = AIUsageEnvironmentConfig.get_config(environment)
                table_for(self.table_name, config, validate=True)
            except ConfigurationError as error:
                refusal = str(error)
            self._refusals[environment] = refusal
        return self._refusals[environment]


class _Writing:
    """One write: chunks that wait, and what became of the others."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        rejected: dict[str, str],
        again: Collection[str],
    ) -> None:
        self._client = client
        self._table = table
        self._rejected = rejected
        #: Ids of what may be in the table already: asked for, and never answered.
        self._again = set(again)
        self._waiting: deque[list[_Record]] = deque()
        self._is_checked = False

    def write(
        self, records: Iterable[_Record], patience: float, sleep: Callable[[float], None]
    ) -> Delivery:
        """Send *records* until all are stored or rejected, or *patience* is at its end."""
        self._waiting.extend(_chunks(records))
        deadline = steady() + patience
        attempts = 0
        while self._waiting:
            left = self._put(self._waiting.popleft())
            if not left:
                attempts = 0
                continue
            self._waiting.append(left)
            remaining = deadline - steady()
            if remaining <= 0:
                break
            sleep(min(remaining, _pause(attempts)))
            attempts += 1
        retry = frozenset(record.id for chunk in self._waiting for record in chunk)
        return Delivery(retry=retry, rejected=self._rejected)

    def _put(self, chunk: list[_Record]) -> list[_Record]:
        """Send *chunk* and return what is to be sent again."""
        later: list[_Record] = []
        others: list[_Record] = []
        for record in chunk:
            # What lacks a price may have got one since: a batch would take it away again.
            may_be_priced = record.id in self._again and "costUSD" not in record.item
            is_there = self._put_unless_priced(record) if may_be_priced else None
            if is_there is None:
                others.append(record)
            elif not is_there:
                later.append(record)
        return later + self._put_all(others) if others else later

    def _put_unless_priced(self, record: _Record) -> bool | None:
        """Send *record* unless the table has it with a price; return whether it is there now.

        None where it cannot be sent so, for it is bad, or the credentials are for batches only.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        condition = "attribute_not_exists(costUSD)"
        try:
            self._client.put_item(
                TableName=self._table, Item=record.item, ConditionExpression=condition
            )
        except (BotoCoreError, ClientError) as error:
            code = code_of(error)
            if code != "ConditionalCheckFailedException":
                return False if code in LATER else None
        return True

    def _put_all(self, chunk: list[_Record]) -> list[_Record]:
        """Send *chunk* in one request and return what is to be sent again."""
        from botocore.exceptions import BotoCoreError, ClientError

        requests = [{"PutRequest": {"Item": record.item}} for record in chunk]
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: requests})  # type: ignore[dict-item]
        except (BotoCoreError, ClientError) as error:
            code = code_of(error)
            if code in LATER:
                self._again.update(record.id for record in chunk)
                return chunk
            if code not in INVALID:
                raise explained(error, self._table) from error
            self._take_apart(chunk, described(error))
            return []
        unprocessed = answer.get("UnprocessedItems", {}).get(self._table, [])
        keys = {_key(request["PutRequest"]["Item"]) for request in unprocessed}
        return [record for record in chunk if record.key in keys]

    def _take_apart(self, chunk: list[_Record], reason: str) -> None:
        """Split a chunk that was refused; a single item loses its metadata first."""
        if not self._is_checked:
            check(self._client, self._table)  # a wrong table is not its items' fault
            self._is_checked = True
        if len(chunk) > 1:
            middle = len(chunk) // 2
            self._waiting.extend((chunk[:middle], chunk[middle:]))
            return
        record = chunk[0]
        lean = without_metadata(record.item, reason)
        if lean is None:
            self._rejected[record.id] = reason
        else:
            self._waiting.append([_Record(record.id, lean, record.wire)])


def _fitting(record_id: str, item: Item) -> _Record | None:
    """Return the record if *item* may be stored, without its metadata if need be."""
    wire = len(json.dumps(item))
    if wire <= MAX_ITEM_BYTES or item_size(item) <= MAX_ITEM_BYTES:
        return _Record(record_id, item, wire)
    lean = without_metadata(item, "the item was larger than 400 KB")
    return None if lean is None else _fitting(record_id, lean)


def _chunks(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    """Yield lists that one request may carry."""
    chunk: list[_Record] = []
    size = 0
    for record in records:
        if len(chunk) == CHUNK_ITEMS or size + record.wire > CHUNK_BYTES:
            if chunk:
                yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += record.wire
    if chunk:
        yield chunk


def _key(item: Any) -> tuple[str, str]:
    return item["PK"]["S"], item["SK"]["S"]


def _pause(attempts: int) -> float:
    """Return seconds until the next attempt: full jitter under a doubling limit."""
    return _dice.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempts))

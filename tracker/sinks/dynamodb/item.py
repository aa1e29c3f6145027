"""A metric as a DynamoDB item: the keys of the table and of its indexes, and typed attributes.

The record's id is part of the key, so writing an item again changes nothing.
Indexes that every record enters are spread over ``SHARDS`` partitions.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.records.metric import Metric

Attribute = dict[str, Any]
Item = dict[str, Attribute]

#: Readers ask all of them, so the number may grow and never shrink.
SHARDS = 8
MAX_ITEM_BYTES = 400 * 1024
_MAX_KEY_PART_BYTES = 900
#: What DynamoDB's numbers can hold.
_DIGITS = Context(prec=38, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_SAFE_INTEGER = 10**38
_SMALLEST, _LARGEST = 1e-129, 1e125


def to_item(metric: Metric) -> Item:
    """Return *metric* as a DynamoDB-typed camelCase item; unknown values are left out."""
    at = metric.timestamp
    values: dict[str, object] = {
        **_keys(metric),
        "TYPE": "AIUsageMetric",
        "id": metric.id,
        "service": metric.service,
        "model": metric.model,
        "operation": metric.operation,
        "operationType": metric.operation_type,
        "timestamp": at.isoformat(),
        "date": at.strftime("%Y-%m-%d"),
        "month": at.strftime("%Y-%m"),
        "hour": at.strftime("%Y-%m-%d-%H"),
        "requestId": metric.request_id or metric.id,
        "inputTokens": metric.input_tokens,
        "outputTokens": metric.output_tokens,
        "totalTokens": metric.total_tokens,
        "cachedInputTokens": metric.cached_input_tokens,
        "cacheWriteTokens": metric.cache_write_tokens,
        "reasoningTokens": metric.reasoning_tokens,
        "apiCalls": metric.api_calls,
        "costUSD": metric.cost_usd,
        "listCostUSD": metric.list_cost_usd,
        "priceBasis": metric.price_basis,
        "priceSource": metric.price_source,
        "priceVersion": metric.price_version,
        "priceRule": metric.price_rule,
        "latencyMs": metric.latency_ms,
        "userId": metric.user_id,
        "jobId": metric.job_id,
        "batchId": metric.batch_id,
        "githubPR": metric.github_pr,
        "environment": metric.environment,
        "error": metric.error,
        "partial": metric.partial or None,
        "late": metric.late or None,
        "metadata": dict(metric.metadata) or None,
        "counts": dict(metric.counts) or None,
        "conditions": dict(metric.conditions) or None,
    }
    return {name: typed(value) for name, value in values.items() if value is not None}


def shard_of(record_id: str) -> int:
    """Return the partition of the record, out of ``SHARDS``."""
    return zlib.crc32(record_id.encode("utf-8", "replace")) % SHARDS


def date_partitions(date: str) -> list[str]:
    """Return the keys under which the index by date has the records of *date* (2026-11-20)."""
    return [f"DATE#{date}#{shard}" for shard in range(SHARDS)]


def cost_partition(timestamp: str, record_id: str) -> str:
    """Return the key under which the index by cost has a record of *timestamp* (2026-11-20T...)."""
    return f"COST#{timestamp[:7]}#{shard_of(record_id)}"


def sort_key(timestamp: str, record_id: str = "") -> str:
    """Return the sort key of a record; without an id one that sorts before all of that moment."""
    return f"USAGE#{timestamp}#{record_id}"


def item_size(item: Item) -> int:
    """Return the size of *item* as DynamoDB counts it, or a little more."""
    return sum(_bytes(name) + _attribute_size(value) for name, value in item.items())


def without_metadata(item: Item, reason: str) -> Item | None:
    """Return *item* with the *reason* in the place of its metadata; None if it has none."""
    if "metadata" not in item:
        return None
    rest = {name: value for name, value in item.items() if name != "metadata"}
    return {**rest, "metadataDropped": {"S": reason}}


def _keys(metric: Metric) -> dict[str, object]:
    at, shard = metric.timestamp, shard_of(metric.id)
    priced = metric.cost_usd is not None and metric.cost_usd.is_finite()
    return {
        "PK": f"AI_USAGE#{metric.service}#{_part(metric.model)}",
        "SK": sort_key(at.isoformat(timespec="microseconds"), metric.id),
        "byDate": f"DATE#{at.strftime('%Y-%m-%d')}#{shard}",
        "byUser": f"USER#{_part(metric.user_id)}#{shard}",
        "byJob": None if metric.job_id is None else f"JOB#{_part(metric.job_id)}",
        "byBatch": None if metric.batch_id is None else f"BATCH#{_part(metric.batch_id)}",
        "byCost": cost_partition(at.isoformat(), metric.id) if priced else None,
    }


def _part(value: object) -> str:
    """Return *value* as a part of a key; one too long for it ends in its hash."""
    data = str(value).encode("utf-8", "replace")
    if len(data) <= _MAX_KEY_PART_BYTES:
        return data.decode("utf-8")
    head = data[: _MAX_KEY_PART_BYTES - 33].decode("utf-8", "ignore")
    return f"{head}~{hashlib.sha256(data).hexdigest()[:32]}"


def typed(value: object) -> Attribute:
    """Return *value* as DynamoDB takes it: with its type."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, dict):
        return {"M": {str(name): typed(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [typed(item) for item in value]}
    # A lone surrogate cannot be sent as UTF-8.
    return {"S": str(value).encode("utf-8", "replace").decode("utf-8")}


def _number(value: float | Decimal) -> Attribute:
    """Return a number; as a text, if DynamoDB's numbers cannot hold it."""
    if isinstance(value, Decimal):
        fits = value.is_finite() and (value == 0 or -129 <= value.adjusted() <= 124)
        return {"N": str(_DIGITS.plus(value))} if fits else {"S": str(value)}
    if isinstance(value, int):
        fits = -_SAFE_INTEGER < value < _SAFE_INTEGER
        return {"N": str(value)} if fits else {"S": str(Decimal(value))}
    fits = math.isfinite(value) and (value == 0 or _SMALLEST < abs(value) < _LARGEST)
    return {"N": repr(value)} if fits else {"S": repr(value)}


def _attribute_size(attribute: Attribute) -> int:
    ((kind, value),) = attribute.items()
    if kind == "M":
        return 3 + sum(1 + _bytes(name) + _attribute_size(item) for name, item in value.items())
    if kind == "L":
        return 3 + sum(1 + _attribute_size(item) for item in value)
    return _bytes(value) if kind == "S" else 21


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))

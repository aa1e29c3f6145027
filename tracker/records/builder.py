"""From a record to the metric that is stored: attribution, price and metadata put together."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from tracker.context.state import BLANK
from tracker.error_boundary import log, unreadable
from tracker.instrumentation.providers.usage import usage_in
from tracker.pricing.hosts import host_of, provider_at
from tracker.pricing.quote import UNPRICED, Served, quote
from tracker.pricing.regions import region_of
from tracker.records.counts import conditions_in, counts_in, is_count, words_among
from tracker.records.error_text import stored
from tracker.records.metric import OTHER, Call, Metric, Price, Usage
from tracker.records.redaction import REMOVED
from tracker.records.sanitize import LARGEST, MAX_ITEMS, hidden, sanitize, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.records.pending_record import PendingRecord

UNKNOWN_MODEL = "unknown"
UNREADABLE = "<unreadable>"
REASON = "usage_unknown"
UNLISTED = "price_unknown"
FREE = Price(Decimal(0), Decimal(0), "free")
UNFINISHED = Call("unknown", "unknown", None)
BATCH_BASES = frozenset({"batch", "batch_assumed"})
# The chain of enclosing contexts is for the program, not for the store.
_UNREADABLE = unreadable("metadata", "A value among an AI call's metadata cannot be read")
UNSTORED_FIELDS = frozenset({"parent_context"})


def metric_of(
    record: PendingRecord,
    *,
    tags: Mapping[str, str],
    environment: str,
    default_user: str,
    priced: bool,
) -> Metric:
    """Return the metric of *record*; without *priced* it has no cost yet.

    *tags* are the environment's; *default_user* is booked where nobody was named.
    """
    call = record.call or UNFINISHED
    state = record.state
    context = state.context
    at = datetime.fromtimestamp(record.at, UTC)
    batch = record.batch or state.batch_mode
    usage = _believed(call.usage)
    counts, conditions = _counts(call, record.counts), _conditions(call, record.conditions)
    served = Served(counts, conditions, record.base_url, call.operation)
    price = _price_of(record, call, usage, at, served, batch=batch) if priced else UNPRICED
    metadata = _metadata(record, {**tags, **context}) | _host(call, served)
    return Metric(
        id=record.id,
        service=short(call.service),
        model=short(call.model) if call.model else UNKNOWN_MODEL,
        operation=short(call.operation),
        timestamp=at,
        user_id=_id(state.user_id) or short(default_user),
        environment=environment,
        operation_type=_id(context.get("operation_type")),
        job_id=_id(state.job_id),
        batch_id=_id(state.batch_id),
        github_pr=_whole(state.github_pr),
        request_id=_id(call.request_id),
        **usage._asdict(),
        cost_usd=price.cost,
        list_cost_usd=price.list_cost,
        price_basis=price.basis,
        price_source=price.source,
        price_version=price.version,
        price_rule=price.rule,
        latency_ms=call.latency_ms,
        error=stored(call.error),
        partial=call.partial,
        late=record.late,
        metadata=metadata | ({"is_batch": True} if batch else {}) | _reason(record, price),
        counts=served.counts,
        conditions=served.conditions,
    )


def _price_of(
    record: PendingRecord, call: Call, usage: Usage, at: datetime, served: Served, *, batch: bool
) -> Price:
    if record.unbilled:
        return FREE
    # Of a call that failed and told no tokens nobody knows that anything was billed.
    is_told = call.error is None or usage.input_tokens is not None
    # At an endpoint that is not known a token may cost anything.
    if not is_told or call.operation == OTHER:
        return UNPRICED
    price = quote(call.service, call.model, usage, at, batch=batch, served=served)
    if price.basis in BATCH_BASES and not _is_declared_batch_result(record):
        if served.conditions.get("service_tier") != "batch":
            _tell_of_batch_prices()
    return price


def _reason(record: PendingRecord, price: Price) -> dict[str, object]:
    """Return why the cost is not known: what was used, or for what there is no price."""
    if price.cost is not None:
        return {}
    told = {REASON: record.unknown, UNLISTED: price.why}
    return {name: reason for name, reason in told.items() if reason is not None}


def _host(call: Call, served: Served) -> dict[str, object]:
    """Return where the call was sent, if its price is not the usual one of its service."""
    host = None if served.base_url is None else host_of(served.base_url)
    is_usual = provider_at(call.service, host) == call.service
    return {} if is_usual and region_of(call.service, host, "") is None else {"api_host": host}


def _is_declared_batch_result(record: PendingRecord) -> bool:
    """Whether the program itself said of this result, made by no ordinary call, that it is one."""
    return record.batch and record.source is not None


@functools.cache
def _tell_of_batch_prices() -> None:
    log(
        "Batch prices are booked for calls that were not seen to go through a provider's batch"
        " API: those are billed at the list price, which is kept as list_cost_usd. Use"
        " ai_usage_context where calls are ordinary ones"
    )


def _metadata(record: PendingRecord, known: Mapping[str, object]) -> dict[str, object]:
    """Return what is *known* of the call from its beginning, with what is known of it by now."""
    # What a block learned after the call (how long it took, say) belongs to its calls too.
    learned = record.learned
    if learned is None:
        learned = record.node.state if record.node.is_block else BLANK
    # For some nothing was added since.
    added = {} if learned is record.state else learned.context
    merged = {**known, **added, **record.extra}
    return dict(
        _field(given, value)
        for given, value in islice(merged.items(), MAX_ITEMS)
        if given not in UNSTORED_FIELDS
    )


def _field(given: object, value: object) -> tuple[str, object]:
    name = short(given) if type(given) is str else str(_readable(given))
    with _UNREADABLE:
        if hidden(name, value):
            return name, REMOVED
    return name, _readable(value)


def _readable(value: object) -> object:
    """Return *value* made plain; the program's own containers may raise anything."""
    if type(value) is str:
        return short(value)
    with _UNREADABLE:
        return sanitize(value)
    return UNREADABLE


def _id(value: object) -> str | None:
    if value is None:
        return None
    made = _readable(value)
    return made if made is None or isinstance(made, str) else short(str(made))


def _whole(value: object) -> int | None:
    """A whole number that every store can hold; nothing else is believed."""
    if value is None:
        return None
    with _UNREADABLE:
        if isinstance(value, str) and value.isdecimal() and len(value) < 19:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST:
            return int(value)
    return None


def _counts(call: Call, asked: Mapping[str, float] | None) -> Mapping[str, float]:
    """Return every count that the answer told; those that every record has, if it was changed.

    What only the request told is *asked*.
    What is in the program's hands, too, may have been written to since the call.
    """
    with _UNREADABLE:
        found = counts_in(call.told) if usage_in(call.told) == call.usage else {}
        if not found:
            known = call.usage._asdict().items()
            found = {name: count for name, count in known if is_count(count)}
        return counts_in(asked) | found | counts_in(call.counts)
    return {}


def _conditions(call: Call, asked: Mapping[str, str] | None) -> Mapping[str, str]:
    with _UNREADABLE:
        told = conditions_in(call.told) | words_among(call.conditions or {})
        return words_among(asked or {}) | told
    return {}


def _believed(usage: Usage) -> Usage:
    """*usage* without counts that no provider can mean and no store can hold."""
    return Usage(*map(_whole, usage))

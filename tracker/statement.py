"""From a booking to the metric that is stored: attribution, price and metadata put together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tracker.metric import Call, Metric
from tracker.plain import plain
from tracker.pricing import UNPRICED, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.ledger import Booking

UNKNOWN_MODEL = "unknown"
UNFINISHED = Call("unknown", "unknown", None)
# The chain of enclosing contexts is for the program, not for the store.
UNSTORED_FIELDS = frozenset({"parent_context"})


def metric_of(
    booking: Booking,
    *,
    tags: Mapping[str, str],
    environment: str,
    default_user: str,
    priced: bool,
) -> Metric:
    """Return the metric of *booking*; without *priced* it has no cost yet.

    *tags* are the environment's; *default_user* is booked where nobody was named.
    """
    call = booking.call or UNFINISHED
    state = booking.state
    at = datetime.fromtimestamp(booking.at, UTC)
    batch = booking.batch or state.batch_mode
    price = quote(call.service, call.model, call.usage, at, batch=batch) if priced else UNPRICED
    usage = call.usage
    return Metric(
        id=booking.id,
        service=call.service,
        model=call.model or UNKNOWN_MODEL,
        operation=call.operation,
        timestamp=at,
        user_id=_text(state.user_id) or default_user,
        environment=environment,
        operation_type=_text(state.context.get("operation_type")),
        job_id=_text(state.job_id),
        batch_id=_text(state.batch_id),
        github_pr=state.github_pr,
        request_id=call.request_id,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=price.cost,
        list_cost_usd=price.list_cost,
        price_basis=price.basis,
        price_source=price.source,
        price_version=price.version,
        latency_ms=call.latency_ms,
        error=call.error,
        partial=call.partial,
        late=booking.late,
        metadata=_metadata(booking, tags),
    )


def _metadata(booking: Booking, tags: Mapping[str, str]) -> dict[str, object]:
    # What a block learned after the call (how long it took, say) belongs to its calls too.
    learned = booking.learned
    if learned is None:
        learned = booking.node.state.context if booking.node.is_block else {}
    merged = {**tags, **booking.state.context, **learned, **booking.extra}
    return {
        str(name): plain(value) for name, value in merged.items() if name not in UNSTORED_FIELDS
    }


def _text(value: object) -> str | None:
    """Ids are text; programs also hand in numbers and UUIDs."""
    return None if value is None else str(value)

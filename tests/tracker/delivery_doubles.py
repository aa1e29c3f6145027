"""A metric, an owner of records, and stores that behave as a test says."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.patience import reached
from tracker.delivery.destinations import Destination
from tracker.records.metric import Metric
from tracker.sinks.protocol import ALL_STORED, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

METRIC = Metric(
    id="1",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=datetime(2026, 11, 20, tzinfo=UTC),
    user_id="anna",
    environment="development",
    cost_usd=Decimal("0.000045"),
    latency_ms=1.5,
    metadata={"stage": "ocr"},
)


def metrics(*ids: str) -> list[Metric]:
    """Return a metric for each id."""
    return [replace(METRIC, id=row_id) for row_id in ids]


@dataclass
class Store:
    """Keeps ids in the order in which they came; *answer* may raise, or say what is not taken."""

    answer: Callable[[Sequence[Metric]], Delivery] = lambda _metrics: ALL_STORED
    ids: list[str] = field(default_factory=list)

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Answer first, then keep."""
        delivery = self.answer(metrics)
        left = set(delivery.retry) | set(delivery.rejected)
        self.ids += [metric.id for metric in metrics if metric.id not in left]
        return delivery


class Gate:
    """An answer that waits until the test opens it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _metrics: Sequence[Metric]) -> Delivery:
        """Wait, then take everything."""
        self.entered.set()
        reached(self.opened)
        return ALL_STORED


class Owner:
    """Has its records stored in *destinations*."""

    def __init__(self, *destinations: Destination, at_once: Sequence[Any] = ()) -> None:
        self._destinations = destinations
        self._at_once = at_once

    def priced(self, item: Any) -> Metric:
        """Return the item: it is a metric, or an error to raise."""
        if isinstance(item, BaseException):
            raise item
        return item

    def sinks_at_once(self) -> Sequence[Any]:
        """Return what is called at once."""
        return self._at_once

    def has_destinations(self) -> bool:
        """Whether there are others."""
        return bool(self._destinations)

    def destinations(self, *, beside: bool) -> Sequence[Destination]:
        """Return them."""
        return self._destinations


def durable(store: Any) -> Destination:
    """Return *store* as one that is written to directly."""
    return Destination("durable", store, durable=True)

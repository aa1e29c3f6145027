"""The shapes that this package asks of what it is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.metric import Metric


@runtime_checkable
class Sink(Protocol):
    """A store for metrics.  It knows neither context nor tracker."""

    def write(self, metric: Metric) -> None:
        """Store *metric* durably, or raise; writing the same ``metric.id`` again adds nothing."""


class MetricClient(Protocol):
    """A DynamoDB client of an application that takes whole metrics."""

    def put_ai_usage_metric(self, metric: Metric) -> object:
        """Store *metric*."""


class ItemClient(Protocol):
    """The part of boto3's low-level DynamoDB client that is used."""

    def put_item(self, *, TableName: str, Item: Mapping[str, Any]) -> object:
        """Put one DynamoDB-typed item."""


DynamoClient = MetricClient | ItemClient

"""A DynamoDB client that the application passed in.

An object with ``put_ai_usage_metric`` gets the metric itself; any other is used
as boto3's low-level client, one ``put_item`` a metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.sinks.protocol import ALL_STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.records.metric import Metric
    from tracker.sinks.protocol import Delivery


class DynamoClientSink:
    """Hands every metric to the application's own client."""

    kind = "client"

    def __init__(self, client: Any, table_name: str) -> None:
        self.client = client
        self._table_name = table_name

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics*, one call each.  Raises whatever the client raises."""
        for metric in metrics:
            if hasattr(self.client, "put_ai_usage_metric"):
                self.client.put_ai_usage_metric(metric)
            else:
                from tracker.sinks.dynamodb.item import to_item

                self.client.put_item(TableName=self._table_name, Item=to_item(metric))
        return ALL_STORED

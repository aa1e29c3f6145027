"""A DynamoDB client that the application passed in.

An object with ``put_ai_usage_metric`` gets the metric itself; any other is used
as boto3's low-level client, one ``put_item`` a metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.typing import ALL_STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.metric import Metric
    from tracker.typing import Delivery

Attribute = dict[str, Any]


def to_item(metric: Metric) -> dict[str, Attribute]:
    """Return *metric* as a DynamoDB-typed camelCase item; unknown values are left out."""
    at = metric.timestamp
    values: dict[str, object] = {
        "PK": f"AI_USAGE#{metric.service}#{metric.model}",
        "SK": f"USAGE#{at.isoformat()}#{metric.id}",
        "TYPE": "AIUsageMetric",
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
        "apiCalls": metric.api_calls,
        "costUSD": metric.cost_usd,
        "listCostUSD": metric.list_cost_usd,
        "priceBasis": metric.price_basis,
        "latencyMs": metric.latency_ms,
        "userId": metric.user_id,
        "jobId": metric.job_id,
        "batchId": metric.batch_id,
        "githubPR": metric.github_pr,
        "environment": metric.environment,
        "error": metric.error,
        "metadata": dict(metric.metadata) or None,
    }
    return {name: _typed(value) for name, value in values.items() if value is not None}


class DynamoClientSink:
    """Hands every metric to the application's own client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics*, one call each.  Raises whatever the client raises."""
        for metric in metrics:
            if hasattr(self._client, "put_ai_usage_metric"):
                self._client.put_ai_usage_metric(metric)
            else:
                self._client.put_item(TableName=self._table_name, Item=to_item(metric))
        return ALL_STORED


def _typed(value: object) -> Attribute:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, dict):
        return {"M": {name: _typed(item) for name, item in value.items()}}
    if isinstance(value, list):
        return {"L": [_typed(item) for item in value]}
    return {"N": str(value)}

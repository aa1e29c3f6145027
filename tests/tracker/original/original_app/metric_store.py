"""The application's own record of a metric, and its store, which takes nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass
class AIUsageMetric:
    """One call, as the application stores it."""

    service: str
    model: str
    operation: str
    timestamp: datetime
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    api_calls: int = 1
    cost_usd: float | None = None
    latency_ms: int | None = None
    user_id: str | None = None
    job_id: str | None = None
    batch_id: str | None = None
    github_pr: int | None = None
    environment: str | None = None
    error: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what the application's readers could not read back."""
        if self.latency_ms is not None and not isinstance(self.latency_ms, int):
            raise ValueError("latency_ms is whole")
        if self.cost_usd is not None and not isinstance(self.cost_usd, float):
            raise ValueError("cost_usd is a float")

    def to_dynamodb_item(self) -> dict[str, Any]:
        """Return the typed item, with the keys of the table and of its indexes."""
        day = self.timestamp.strftime("%Y-%m-%d")
        item: dict[str, Any] = {
            "PK": {"S": f"AI_USAGE#{self.service}#{self.model}"},
            "SK": {"S": f"USAGE#{self.timestamp.isoformat()}#{self.request_id}"},
            "GSI1PK": {"S": f"AI_USAGE#{self.service}"},
            "GSI1SK": {"S": f"DATE#{day}"},
            "GSI2PK": {"S": "AI_USAGE_COST"},
            "GSI2SK": {"S": f"COST#{day}#{self.service}"},
            "TYPE": {"S": "AIUsageMetric"},
            "date": {"S": day},
            "month": {"S": day[:7]},
            "hour": {"S": self.timestamp.strftime("%Y-%m-%d-%H")},
            "timestamp": {"S": self.timestamp.isoformat()},
            "apiCalls": {"N": str(self.api_calls)},
            "metadata": {"M": {name: {"S": str(v)} for name, v in self.metadata.items()}},
        }
        owners = (("JOB", self.job_id), ("BATCH", self.batch_id), ("USER", self.user_id))
        owner = next((f"{kind}#{name}" for kind, name in owners if name), None)
        if owner is not None:
            item["GSI3PK"] = {"S": owner}
            item["GSI3SK"] = {"S": f"AI_USAGE#{self.timestamp.isoformat()}"}
        texts = {
            "service": self.service,
            "model": self.model,
            "operation": self.operation,
            "requestId": self.request_id,
            "userId": self.user_id,
            "jobId": self.job_id,
            "batchId": self.batch_id,
            "environment": self.environment,
            "error": self.error,
        }
        numbers = {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.total_tokens,
            "costUSD": self.cost_usd,
            "latencyMs": self.latency_ms,
            "githubPR": self.github_pr,
        }
        item |= {name: {"S": value} for name, value in texts.items() if value is not None}
        return item | {n: {"N": str(value)} for n, value in numbers.items() if value is not None}


class MetricStore:
    """Keeps what it is given, if that is a metric of the application."""

    def __init__(self) -> None:
        self.metrics: list[AIUsageMetric] = []

    def put_ai_usage_metric(self, metric: AIUsageMetric) -> None:
        """Store *metric*."""
        if not isinstance(metric, AIUsageMetric):
            raise ValueError("metric must be an instance of the AIUsageMetric class.")
        self.metrics.append(metric)

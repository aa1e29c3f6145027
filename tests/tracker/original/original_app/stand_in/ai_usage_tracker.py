"""The tracker of the original: one record a call, stored at once."""

from __future__ import annotations

import functools
import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from unittest.mock import NonCallableMock

from original_app.metric_store import AIUsageMetric
from original_app.stand_in.environment_config import (
    TABLE,
    AIUsageEnvironmentConfig,
    EnvironmentConfig,
)

#: Dollars for a token in and out, by the exact name.
PRICES = {"gpt-4o-mini": (15e-8, 6e-7), "text-embedding-3-small": (2e-8, 0.0)}
ROW = (
    "service model operation timestamp request_id input_tokens output_tokens total_tokens"
    " cost_usd latency_ms user_id job_id batch_id environment error"
).split()
PLACES = {
    "place": "place_details",
    "places": "place_search",
    "places_nearby": "nearby_search",
    "places_autocomplete": "autocomplete",
    "geocode": "geocode",
}


class AIUsageTracker:
    """Tracks calls."""

    current_job_id: Any = None
    current_batch_id: Any = None
    github_pr: Any = None
    batch_mode = False

    def __init__(
        self,
        dynamo_client: Any = None,
        table_name: str | None = None,
        user_id: str | None = None,
        track_to_dynamo: bool = True,
        track_to_file: bool = False,
        log_file: str = "/tmp/ai_usage.jsonl",
        environment: Any = None,
        environment_config: EnvironmentConfig | None = None,
        validate_table_environment: bool = True,
    ) -> None:
        config = environment_config or AIUsageEnvironmentConfig.get_config(environment)
        self.environment_config = config
        self.environment = config.environment
        self.dynamo_client = dynamo_client
        self.track_to_dynamo = track_to_dynamo and dynamo_client is not None
        self.track_to_file = track_to_file
        self.log_file = log_file
        self.user_id = user_id or os.environ.get("USER_ID", "default")
        base = os.environ.get("DYNAMODB_TABLE_NAME", TABLE)
        self.table_name = table_name or base + config.table_suffix
        isolated = AIUsageEnvironmentConfig.validate_environment_isolation(
            self.table_name, self.environment
        )
        if validate_table_environment and self.table_name.startswith(base) and not isolated:
            raise ValueError(f"{self.table_name} does not match environment {self.environment}")
        self.current_context: dict[str, Any] = {}
        self.pending_metrics: list[AIUsageMetric] = []

    @classmethod
    def create_for_environment(cls, environment: Any = None, **arguments: Any) -> AIUsageTracker:
        """Make a tracker for an environment."""
        config = AIUsageEnvironmentConfig.get_config(environment)
        return cls(environment_config=config, **arguments)

    def set_tracking_context(
        self, job_id: Any = None, batch_id: Any = None, github_pr: Any = None, user_id: Any = None
    ) -> None:
        """Set ids."""
        self.current_job_id = job_id or self.current_job_id
        self.current_batch_id = batch_id or self.current_batch_id
        self.github_pr = github_pr or self.github_pr
        self.user_id = user_id or self.user_id

    def set_context(self, context: dict[str, Any]) -> None:
        """Replace the context, and take its ids over."""
        self.current_context = dict(context)
        names = ("job_id", "batch_id", "github_pr", "user_id")
        self.set_tracking_context(**{name: context.get(name) for name in names})

    def add_context_metadata(self, metadata: dict[str, Any]) -> None:
        """Add to the context."""
        self.current_context.update(metadata)

    def set_batch_mode(self, enabled: bool) -> None:
        """Halve prices."""
        self.batch_mode = enabled

    def flush_metrics(self) -> None:
        """Store what is pending, which nothing ever is."""
        for metric in self.pending_metrics:
            self._store_metric(metric)
        self.pending_metrics = []

    def _create_base_metadata(self) -> dict[str, Any]:
        return {**self.environment_config.auto_tag, **self.current_context}

    def _store_metric(self, metric: AIUsageMetric) -> None:
        if self.track_to_dynamo:
            try:
                self._put(metric)
            except Exception as error:  # noqa: BLE001 - as it was
                print(f"Failed to store metric: {error}")
        if self.track_to_file:
            row = {name: getattr(metric, name) for name in ROW}
            row["timestamp"] = metric.timestamp.isoformat()
            with open(self.log_file, "a") as file:  # noqa: PTH123 - as it was
                file.write(json.dumps(row) + "\n")

    def _put(self, metric: AIUsageMetric) -> None:
        client = self.dynamo_client
        is_plain = isinstance(client, NonCallableMock) and client._mock_methods is None
        if hasattr(client, "put_ai_usage_metric") and not is_plain:
            client.put_ai_usage_metric(metric)
        else:
            client.put_item(TableName=self.table_name, Item=metric.to_dynamodb_item())

    def _record(self, service: str, model: str, operation: str, **told: Any) -> None:
        tokens = told.get("input_tokens"), told.get("output_tokens")
        rates = PRICES.get(model)
        cost = None
        if rates and tokens[0] is not None:
            half = 0.5 if told.pop("is_batch", False) or self.batch_mode else 1.0
            cost = (tokens[0] * rates[0] + (tokens[1] or 0) * rates[1]) * half
        told.pop("is_batch", None)
        metadata = {**self._create_base_metadata(), **told.pop("metadata", {})}
        told = {"user_id": self.user_id, "github_pr": self.github_pr, **told}
        self._store_metric(
            AIUsageMetric(
                service,
                model,
                operation,
                datetime.now(UTC),
                str(uuid.uuid4()),
                cost_usd=cost,
                job_id=self.current_job_id,
                batch_id=self.current_batch_id,
                environment=self.environment.value,
                metadata=metadata,
                **told,
            )
        )

    def _observed(self, service: str, operation: str, function: Any, model: str | None) -> Any:
        @functools.wraps(function)
        def call(*args: Any, is_batch: bool = False, **kwargs: Any) -> Any:
            began = time.time()
            response, told = None, {}
            try:
                response = function(*args, **kwargs)
                return response
            except Exception as error:
                told["error"] = str(error)
                raise
            finally:
                usage = getattr(response, "usage", None)
                inputs = getattr(usage, "prompt_tokens", getattr(usage, "input_tokens", None))
                outputs = getattr(usage, "completion_tokens", getattr(usage, "output_tokens", None))
                metadata = {"function": function.__name__}
                if operation == "embedding":
                    given = kwargs.get("input")
                    metadata["input_count"] = len(given) if isinstance(given, list) else 1
                else:
                    names = ("temperature", "max_tokens")
                    metadata |= {name: kwargs[name] for name in names if name in kwargs}
                self._record(
                    service,
                    model or getattr(response, "model", None) or kwargs.get("model", "unknown"),
                    operation,
                    input_tokens=inputs,
                    output_tokens=outputs,
                    total_tokens=getattr(usage, "total_tokens", None),
                    latency_ms=int((time.time() - began) * 1000),
                    is_batch=is_batch,
                    metadata=metadata,
                    **told,
                )

        return call

    def track_openai_completion(self, func: Any) -> Any:
        """Decorate."""
        return self._observed("openai", "completion", func, None)

    def track_openai_embedding(self, func: Any) -> Any:
        """Decorate."""
        return self._observed("openai", "embedding", func, None)

    def track_anthropic_completion(self, func: Any) -> Any:
        """Decorate."""
        return self._observed("anthropic", "completion", func, None)

    def track_google_places(self, operation: str) -> Any:
        """Return a decorator."""
        return lambda func: self._observed("google_places", operation, func, "places_api")

    def track_github_claude_review(
        self, pr_number: int, model: str = "claude-3-opus-20240229", estimated_tokens: int = 5000
    ) -> None:
        """Book an estimate."""
        self._record(
            "anthropic",
            model,
            "code_review",
            input_tokens=int(estimated_tokens * 0.7),
            output_tokens=int(estimated_tokens * 0.3),
            total_tokens=estimated_tokens,
            user_id="github-actions",
            github_pr=pr_number,
        )

    @classmethod
    def create_wrapped_openai_client(cls, openai_client: Any, tracker: Any) -> Any:
        """Wrap the two resources."""
        return _Wrapped(
            openai_client,
            {
                "chat.completions.create": tracker.track_openai_completion,
                "embeddings.create": tracker.track_openai_embedding,
            },
        )

    @classmethod
    def create_wrapped_places_client(cls, places_client: Any, tracker: Any) -> Any:
        """Wrap the methods."""
        tracks = {name: tracker.track_google_places(called) for name, called in PLACES.items()}
        return _Wrapped(places_client, tracks)


class _Wrapped:
    def __init__(self, wrapped: Any, tracks: dict[str, Any], path: str = "") -> None:
        self._known = wrapped, tracks, path

    def __getattr__(self, name: str) -> Any:
        wrapped, tracks, path = self._known
        value = getattr(wrapped, name)
        path = f"{path}.{name}" if path else name
        if path in tracks:
            return tracks[path](functools.wraps(value, assigned=())(_named(value, name)))
        if any(track.startswith(f"{path}.") for track in tracks):
            return _Wrapped(value, tracks, path)
        return value


def _named(function: Any, name: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    call.__name__ = name
    return call

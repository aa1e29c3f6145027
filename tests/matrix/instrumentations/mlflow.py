"""MLflow: traces of both clients' resources, by its automatic logging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = ("mlflow",)
VARIABLES = {
    "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db",
    "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def install() -> Callable[[], list[Any]]:
    """Log both clients' calls, and keep each span as it ends."""
    import mlflow

    spans: list[Any] = []
    mlflow.tracing.configure(span_processors=[lambda span: spans.append(shown(span))])
    mlflow.openai.autolog()
    mlflow.anthropic.autolog()

    def drain() -> list[Any]:
        seen, spans[:] = spans[:], []
        return seen

    return drain


def shown(span: Any) -> dict[str, Any]:
    """Return what *span* tells, without ids and times."""
    return {
        "name": span.name,
        "status": [span.status.status_code.name, span.status.description],
        "inputs": span.inputs,
        "outputs": span.outputs,
        "attributes": dict(span.attributes),
        "events": [[event.name, dict(event.attributes)] for event in span.events],
    }

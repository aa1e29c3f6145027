"""Datadog: spans of both clients' resources, with what its LLM observability adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = ("ddtrace",)
VARIABLES = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_STARTUP_LOGS": "false",
}


def install() -> Callable[[], list[Any]]:
    """Patch both clients, and keep what would be sent."""
    import ddtrace
    from ddtrace.llmobs import LLMObs
    from ddtrace.trace import TraceFilter, tracer

    records: list[Any] = []

    class Keeping(TraceFilter):
        def process_trace(self, trace: list[Any]) -> None:
            records.extend(shown(span) for span in trace)

    LLMObs.enable(ml_app="matrix", agentless_enabled=True, api_key="none", site="datadoghq.com")
    tracer.configure(trace_processors=[Keeping()])
    ddtrace.patch(openai=True, anthropic=True)

    def drain() -> list[Any]:
        seen, records[:] = records[:], []
        return seen

    return drain


def shown(span: Any) -> dict[str, Any]:
    """Return what *span* tells, without ids and times."""
    return {
        "name": span.name,
        "resource": span.resource,
        "error": span.error,
        "tags": dict(span.get_tags()),
        "metrics": dict(span.get_metrics()),
        "observed": span._get_struct_tag("_llmobs"),
    }

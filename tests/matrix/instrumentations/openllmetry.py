"""OpenLLMetry, by Traceloop: spans of both clients' resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._spans import kept_by

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = (
    "opentelemetry-instrumentation-openai",
    "opentelemetry-instrumentation-anthropic",
    "opentelemetry-sdk",
)


def install() -> Callable[[], list[Any]]:
    """Instrument both clients."""
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    AnthropicInstrumentor().instrument(tracer_provider=provider)
    return kept_by(provider)

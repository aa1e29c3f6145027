"""OpenInference, by Arize: spans of both clients.  It wraps the request method, as we do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._spans import kept_by

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = (
    "openinference-instrumentation-openai",
    "openinference-instrumentation-anthropic",
    "opentelemetry-sdk",
)


def install() -> Callable[[], list[Any]]:
    """Instrument both clients."""
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    AnthropicInstrumentor().instrument(tracer_provider=provider)
    return kept_by(provider)

"""Langfuse: its own wrapper of OpenAI's resources, and what its documents name for Anthropic."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._spans import kept

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = ("langfuse", "opentelemetry-instrumentation-anthropic")


def install() -> Callable[[], list[Any]]:
    """Import its client, which wraps the resources, and instrument Anthropic's."""
    from langfuse import Langfuse

    exporter, drain = kept()
    client = Langfuse(
        public_key="pk-lf-matrix",
        secret_key="sk-lf-matrix",
        base_url="http://127.0.0.1:9",
        span_exporter=exporter,
    )
    importlib.import_module("langfuse.openai")
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    AnthropicInstrumentor().instrument()

    def flushed() -> list[Any]:
        client.flush()
        return drain()

    return flushed

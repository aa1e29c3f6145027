"""Logfire, by Pydantic: it wraps the clients' request method, and the stream's class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._spans import kept

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = ("logfire",)


def install() -> Callable[[], list[Any]]:
    """Instrument all clients of both."""
    import logfire
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    exporter, drain = kept()
    # Its messages tell how long a stream took.
    standing_still = logfire.AdvancedOptions(ns_timestamp_generator=lambda: 10**18)
    logfire.configure(
        advanced=standing_still,
        send_to_logfire=False,
        console=False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
    )
    logfire.instrument_openai()
    logfire.instrument_anthropic()
    return drain

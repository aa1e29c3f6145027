"""Sentry: spans of both clients' resources, in a transaction for each call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUIREMENTS = ("sentry-sdk",)


@contextmanager
def around() -> Iterator[None]:
    """Begin a transaction: spans are kept within one only."""
    import sentry_sdk

    with sentry_sdk.start_transaction(name="matrix"):
        yield


def install() -> Callable[[], list[Any]]:
    """Turn both integrations on, and keep what would be sent."""
    import sentry_sdk
    from sentry_sdk.integrations.anthropic import AnthropicIntegration
    from sentry_sdk.integrations.openai import OpenAIIntegration
    from sentry_sdk.transport import Transport

    events: list[dict[str, Any]] = []

    class Keeping(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            for item in envelope.items:
                if item.payload.json is not None:
                    events.append({"type": item.type, **item.payload.json})

    sentry_sdk.init(
        dsn="http://matrix@127.0.0.1:9/1",
        transport=Keeping,
        traces_sample_rate=1.0,
        send_default_pii=True,
        integrations=[OpenAIIntegration(), AnthropicIntegration()],
    )

    def drain() -> list[Any]:
        sentry_sdk.flush()
        seen, events[:] = events[:], []
        return [shown(event) for event in seen]

    return drain


def shown(event: dict[str, Any]) -> dict[str, Any]:
    """Return what *event* tells of the calls: spans come in one of two envelopes."""
    spans = [
        {key: span.get(key) for key in ("op", "description", "origin", "status", "data")}
        for span in event.get("spans", [])
    ]
    items = [
        {key: item.get(key) for key in ("name", "status", "attributes")}
        for item in event.get("items", [])
    ]
    errors = event.get("exception", {}).get("values", [])
    return {
        "type": event["type"],
        "spans": [span for span in spans if not span["op"].startswith("subprocess")],
        "items": items,
        "errors": [[error["type"], error["value"]] for error in errors],
    }

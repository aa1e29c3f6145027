"""What differs from one provider's client to the next, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers.endpoints import (
    ANTHROPIC_BILLED,
    ANTHROPIC_FREE,
    OPENAI_BILLED,
    OPENAI_FREE,
    operation_at,
    path_of,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

#: The attribute by which our wrapper of a method is known.
MARK = "_ai_usage_observed"


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's SDK.

    ``name`` is its module and the service that is booked.  ``classes`` are its clients;
    a name that an older SDK lacks is passed over.  ``operations`` tells which paths
    answer with what they used, and as what they are booked; ``billed`` those that are billed and
    may not tell, without version and ids; ``free`` those that are not.
    ``asks_for_usage`` are those whose streams tell their usage only when asked.
    ``finals`` are the methods of stream helpers that give the whole answer put together, by
    the module that has them.
    """

    name: str
    classes: tuple[str, ...]
    operations: Mapping[str, str]
    billed: Mapping[str, str]
    free: re.Pattern[str]
    asks_for_usage: frozenset[str] = frozenset()
    finals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def operation_of(self, url: str) -> str | None:
        """Return what a POST to *url* is booked as, or None if it is not billed.

        What is not known is booked as ``other``.
        """
        return self._usual(url) or operation_at(path_of(url), self.billed, self.free)

    def is_usual(self, url: str) -> bool:
        """Return whether *url* is one of those that answer with what they used."""
        return self._usual(url) is not None

    def _usual(self, url: str) -> str | None:
        """Azure puts a deployment before the path, and a caller may give a whole URL."""
        known = self.operations.get(url)
        if known is not None:
            return known
        path = url.partition("?")[0]
        known = self.operations.get(path)
        if known is not None or path.count("/") < 3:
            return known
        return next((op for end, op in self.operations.items() if path.endswith(end)), None)

    def must_ask(self, url: str) -> bool:
        """Return whether a stream from *url* tells its usage only when asked."""
        return url.partition("?")[0].endswith(tuple(self.asks_for_usage))


OPENAI = Provider(
    "openai",
    classes=("OpenAI", "AsyncOpenAI"),
    operations={
        "/chat/completions": "completion",
        "/completions": "completion",
        "/responses": "completion",
        "/responses/compact": "completion",
        "/embeddings": "embedding",
        "/images/generations": "image",
        "/images/edits": "image",
        "/images/variations": "image",
        "/audio/speech": "audio",
        "/audio/transcriptions": "audio",
        "/audio/translations": "audio",
    },
    billed=OPENAI_BILLED,
    free=OPENAI_FREE,
    asks_for_usage=frozenset({"/chat/completions", "/completions"}),
    finals={
        "openai.lib.streaming.chat": (
            "ChatCompletionStream.get_final_completion",
            "AsyncChatCompletionStream.get_final_completion",
        ),
        "openai.lib.streaming.responses": (
            "ResponseStream.get_final_response",
            "AsyncResponseStream.get_final_response",
        ),
    },
)
ANTHROPIC = Provider(
    "anthropic",
    classes=(
        "Anthropic",
        "AsyncAnthropic",
        "AnthropicBedrock",
        "AsyncAnthropicBedrock",
        "AnthropicBedrockMantle",
        "AsyncAnthropicBedrockMantle",
        "AnthropicVertex",
        "AsyncAnthropicVertex",
    ),
    operations={"/v1/messages": "completion", "/v1/complete": "completion"},
    billed=ANTHROPIC_BILLED,
    free=ANTHROPIC_FREE,
    finals={
        "anthropic.lib.streaming": (
            "MessageStream.get_final_message",
            "AsyncMessageStream.get_final_message",
            "BetaMessageStream.get_final_message",
            "BetaAsyncMessageStream.get_final_message",
        ),
    },
)
PROVIDERS = (OPENAI, ANTHROPIC)
SDKS = frozenset(provider.name for provider in PROVIDERS)


def billed_operation(
    provider: Provider, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str | None:
    """Return what a request is booked as, or None if it is not billed.

    *args* and *kwargs* are those of a client's ``request``, without the client.
    """
    options = args[1] if len(args) > 1 else kwargs.get("options")
    if options is None or options.method.lower() != "post":
        return None
    return provider.operation_of(options.url)

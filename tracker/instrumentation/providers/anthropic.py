"""Anthropic, also on Bedrock and on Vertex."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers.fields import field
from tracker.instrumentation.providers.provider import BatchResult, Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Billed by the provider, and not by tokens that the answer tells.
BILLED = {
    "deployments/{id}/run": "agent",
    "dreams": "agent",
    "sessions/{id}/events": "agent",
}
FREE = re.compile(
    r"(?:agents|compliance|deployments|dreams/.*|environments|files|memory_stores|messages/batches"
    r"|messages/count_tokens|models|organizations|sessions|skills|tunnels|user_profiles|vaults)(?:/.*)?"
)
READS = {
    "batch": re.compile(r"/messages/batches(?:/([^/]+))?$"),
    "results": re.compile(r"/messages/batches/([^/]+)/results$"),
}
#: The client's methods that are billed, by the path to them.
CALLS = {
    "messages.create": "completion",
    "messages.parse": "completion",
    "messages.stream": "completion",
    "beta.messages.create": "completion",
    "beta.messages.parse": "completion",
    "beta.messages.stream": "completion",
    "completions.create": "completion",
}


ERROR_CODES = frozenset(
    """
    invalid_request_error authentication_error billing_error permission_error not_found_error
    conflict_error request_too_large rate_limit_error timeout_error api_error overloaded_error
    """.split()
)


def _is_last_word(event: Mapping[str, Any]) -> bool:
    """Tokens are told at the beginning too; those at the end come with the reason to stop."""
    delta = event.get("delta") if event.get("type") == "message_delta" else None
    return field(delta, "stop_reason") is not None


def _is_first_word(event: Mapping[str, Any]) -> bool:
    """The beginning tells one token of output or two, whatever follows."""
    return event.get("type") == "message_start"


def _batch_result(line: Any) -> BatchResult | None:
    result = field(line, "result")
    if result is None:
        return None
    answer = field(result, "message") if field(result, "type") == "succeeded" else None
    return BatchResult(answer, None)


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
    billed=BILLED,
    free=FREE,
    reads=READS,
    finals={
        "anthropic.lib.streaming": (
            "MessageStream.get_final_message",
            "AsyncMessageStream.get_final_message",
            "BetaMessageStream.get_final_message",
            "BetaAsyncMessageStream.get_final_message",
        ),
    },
    calls=CALLS,
    end_events=(rb"event: ?message_stop",),
    is_last_word=_is_last_word,
    is_first_word=_is_first_word,
    batch_result=_batch_result,
    error_codes=ERROR_CODES,
)

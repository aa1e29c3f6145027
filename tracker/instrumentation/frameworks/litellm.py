"""litellm's calls that pass no SDK's client: it posts them by ``post`` of two HTTP handlers.

What it reports to, as logging services, it posts in the same way; so only paths that are known
are taken, and of others the calls whose own type, which litellm hands along, says what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation.answers import header_id_of
from tracker.instrumentation.frameworks import http_post
from tracker.instrumentation.frameworks.http_post import Asked
from tracker.instrumentation.providers.fields import text
from tracker.instrumentation.streaming.follower import follow

if TYPE_CHECKING:
    from types import ModuleType

    from tracker.instrumentation.streaming.accumulator import Accumulator

MODULE = "litellm.llms.custom_httpx.http_handler"
#: What a call is booked as by the name of the function of litellm that was called.
CALL_TYPES = {
    "anthropic_messages": "completion",
    "completion": "completion",
    "generate_content": "completion",
    "generate_content_stream": "completion",
    "responses": "completion",
    "text_completion": "completion",
    "embedding": "embedding",
    "image_edit": "image",
    "image_generation": "image",
    "image_variation": "image",
    "speech": "audio",
    "transcription": "audio",
}
#: Its names of services that are booked under another.
SERVICES = {
    "azure": "openai",
    "azure_text": "openai",
    "text-completion-openai": "openai",
    "gemini": "google",
    "vertex_ai": "google",
}


def patch(module: ModuleType) -> None:
    """Wrap both handlers' method; a second time changes nothing."""
    http_post.patch(module, ("HTTPHandler", "post"), _look, _watch, asynchronous=False)
    http_post.patch(module, ("AsyncHTTPHandler", "post"), _look, _watch, asynchronous=True)


def _look(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked | None:
    call = kwargs.get("logging_obj")
    asked = http_post.asked_at(str(args[0] if args else kwargs.get("url")))
    operation = asked.operation if asked is not None else _operation_of(call)
    if operation is None:
        return None
    named = text(getattr(call, "custom_llm_provider", None)) or ""
    service = SERVICES.get(named, named) or (asked.service if asked is not None else "litellm")
    body = kwargs.get("json") or kwargs.get("data")
    model = text(body.get("model")) if isinstance(body, dict) else None
    model = model or (asked.model if asked is not None else None)
    return Asked(service, operation, model or text(getattr(call, "model", None)))


def _operation_of(call: Any) -> str | None:
    called = text(getattr(call, "call_type", None)) or ""
    # An asynchronous call has the same name with an a before it.
    return CALL_TYPES.get(called) or CALL_TYPES.get(called[1:])


def _watch(response: Any, accumulator: Accumulator) -> None:
    accumulator.request_id = header_id_of(response)
    follow(response, response, accumulator, asynchronous=False)  # it is no stream of an SDK

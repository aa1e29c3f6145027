"""What a client's call gave back: a parsed answer, a stream, or a raw HTTP response.

Only objects of the SDKs' own classes are taken apart; an application's doubles
have whatever attribute they are asked for.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tracker.instrumentation.providers import SDKS

_OURS = __name__.partition(".")[0]
DEFERRED_MODULE = "tracker.instrumentation.streaming.deferred"
#: The HTTP libraries of the SDKs and of frameworks, whose own errors frameworks let through.
HTTP_LIBRARIES = frozenset({"httpx", "httpx2"})
REQUEST_ID_HEADERS = ("x-request-id", "request-id")


def of_sdk(answer: object) -> bool:
    """Return whether *answer* is of a class that a provider's SDK defines."""
    return type(answer).__module__.partition(".")[0] in SDKS


def is_parsed(answer: object) -> bool:
    """Return whether *answer* is data that was read from a response, and holds on to none."""
    return isinstance(answer, dict) or hasattr(type(answer), "__pydantic_fields__")


def is_deferred(answer: object) -> bool:
    """Return whether *answer* is a manager that sends its request when it is entered.

    ``.stream(...)`` helpers and ``with_streaming_response`` return one.
    """
    kind = type(answer)
    return (
        kind.__name__.endswith("Manager") and of_sdk(answer)
    ) or kind.__module__ == DEFERRED_MODULE


def stream_of(answer: object) -> Any:
    """Return the SDK's ``Stream`` that *answer* is, or that it is a helper of, or None.

    The iterator that it reads is not asked for: some make it when it is first read.
    """
    raw = getattr(answer, "_raw_stream", answer)
    held = getattr(raw, "__dict__", {})
    if "response" not in held or not ("_iterator" in held or hasattr(raw.__class__, "_iterator")):
        return None
    return raw


def http_response_of(answer: object) -> Any:
    """Return the HTTP response that *answer* was or will be read from, if it holds on to it."""
    for name in ("http_response", "response", "_response"):
        held = getattr(answer, name, None)
        if hasattr(held, "is_stream_consumed"):
            return held
    return answer if hasattr(answer, "is_stream_consumed") else None


def header_id_of(http_response: Any) -> str | None:
    """Return the provider's id of *http_response*."""
    headers = http_response.headers
    return next((found for name in REQUEST_ID_HEADERS if (found := headers.get(name))), None)


def id_behind(error: BaseException) -> str | None:
    """Return the provider's id of the HTTP response that the SDK was reading when *error* came."""
    http_response = response_behind(error)
    return None if http_response is None else header_id_of(http_response)


def response_behind(error: BaseException) -> Any:
    """Return the HTTP response that the SDK was reading when *error* came, if it was reading one.

    Only the SDK's own frames know it, and those of its HTTP library, which calls hooks with it: an
    answer gets its id after it was parsed.  Our own, which hold the error just now, are not looked
    into: up to Python 3.12 what was seen is kept with a frame, and the error would never be let go
    of, nor would the variables of all functions that it went through, until garbage is searched.
    """
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        root = _root_of(frame.f_globals.get("__name__"))
        http_response = None
        if root != _OURS:
            http_response = http_response_of(frame.f_locals.get("self"))
        if http_response is None and root in HTTP_LIBRARIES:
            http_response = http_response_of(frame.f_locals.get("response"))
        if http_response is not None:
            return http_response
        trace = trace.tb_next
    return None


def _root_of(module: object) -> str:
    return str(module).partition(".")[0]


def is_encoded(http_response: Any) -> bool:
    """Return whether the bytes of *http_response* are compressed."""
    encoding: str = http_response.headers.get("content-encoding", "identity")
    return encoding != "identity"


def content_of(http_response: Any) -> bytes | None:
    """Return the body of *http_response* if it was read as a whole already."""
    if not http_response.is_stream_consumed:
        return None
    # Read piece by piece, by somebody else: then it is gone.
    with suppress(RuntimeError):
        content: bytes = http_response.content
        return content
    return None

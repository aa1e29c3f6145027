"""Capture of the openai client, at the one method that every call form goes through.

``OpenAI.request`` and ``AsyncOpenAI.request`` see chat, parse, responses,
embeddings, raw and streaming forms alike, and the SDK's own retries happen
inside them.  The patch is passive while nobody observes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tracker import ledger
from tracker.guard import guarded
from tracker.instrumentation import claims
from tracker.instrumentation.observer import failed, is_quiet, open_booking
from tracker.instrumentation.streams import Tally, tap_async, tap_sync
from tracker.instrumentation.usage import model_of, request_id_of, usage_of
from tracker.metric import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from tracker.ledger import Booking

SERVICE = "openai"
OPERATIONS = {
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
}
PATCHED_CLASSES = ("OpenAI", "AsyncOpenAI")

# Servers that answered our request for a stream's usage with an error.
_refuse_usage: set[str] = set()


def patch(openai: ModuleType) -> None:
    """Wrap the request method of both client classes."""
    import wrapt

    with guarded("patch"):
        wrapt.wrap_function_wrapper(openai, "OpenAI.request", _request)
        wrapt.wrap_function_wrapper(openai, "AsyncOpenAI.request", _request_async)


def unpatch(openai: ModuleType) -> None:
    """Take the wrappers off again; the clients inherit their own method back."""
    import wrapt

    for name in PATCHED_CLASSES:
        client_class = getattr(openai, name)
        method = client_class.__dict__.get("request")
        if isinstance(method, wrapt.FunctionWrapper):
            del client_class.request


class _Request:
    """One call on its way: what was asked, and where it will be booked."""

    __slots__ = ("_asked_for_usage", "booking", "host", "model", "operation", "options", "stream")

    def __init__(self, options: Any, booking: Booking, operation: str, host: str, *, stream: bool):
        self.options = options
        self.booking = booking
        self.operation = operation
        self.host = host
        self.stream = stream
        body = options.json_data
        model = body.get("model") if isinstance(body, dict) else None
        self.model: str | None = model if isinstance(model, str) else None
        self._asked_for_usage = False

    def ask_for_usage(self) -> None:
        """Have a chat stream report its tokens, unless the caller decided on that already."""
        body = self.options.json_data
        if not self.stream or self.options.url != "/chat/completions" or not isinstance(body, dict):
            return
        if isinstance(body.get("stream_options"), dict) or self.host in _refuse_usage:
            return
        if _raw_form(self.options):
            return
        self.options.json_data = {**body, "stream_options": {"include_usage": True}}
        self._asked_for_usage = True

    def withdraw_usage(self, error: Exception) -> bool:
        """Return whether *error* is the server refusing what we added; if so, take it out."""
        if not self._asked_for_usage or getattr(error, "status_code", None) not in (400, 422):
            return False
        if "stream_options" not in str(error) and "include_usage" not in str(error):
            return False
        _refuse_usage.add(self.host)
        body = dict(self.options.json_data)
        del body["stream_options"]
        self.options.json_data = body
        self._asked_for_usage = False
        return True

    def answered(self, response: Any, tap: Callable[[Any, Tally], None]) -> None:
        """Book *response*, or tap it where it is a stream."""
        with guarded("capture"):
            if self.stream and hasattr(response, "_iterator"):
                self._tap(response, tap)
                return
            source = _body_of(response)
            request_id = request_id_of(response) or request_id_of(source)
            request_id = request_id or getattr(response, "request_id", None)
            call = Call(
                SERVICE,
                self.operation,
                model_of(source) or self.model,
                usage_of(source),
                request_id,
                self.booking.elapsed_ms(),
                partial=self.stream,
            )
            claims.claim(response, self.booking, SERVICE, request_id)
            ledger.book(self.booking, call)

    def _tap(self, stream: Any, tap: Callable[[Any, Tally], None]) -> None:
        tally = Tally(self.booking, SERVICE, self.operation, self.model)
        tally.swallow_usage = self._asked_for_usage
        claims.claim(stream, self.booking, SERVICE, None)
        tap(stream, tally)


def _begin(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Request | None:
    """Return the call to observe, or None: nobody observes, or it is not one that is billed."""
    options = args[1] if len(args) > 1 else kwargs.get("options")
    operation = OPERATIONS.get(getattr(options, "url", ""))
    if options is None or operation is None or options.method.lower() != "post":
        return None
    booking = open_booking()
    if booking is None:
        return None
    host = str(getattr(client, "base_url", ""))
    request = _Request(options, booking, operation, host, stream=bool(kwargs.get("stream")))
    request.ask_for_usage()
    return request


def _request(
    wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if is_quiet():
        return wrapped(*args, **kwargs)
    request = None
    with guarded("capture"):
        request = _begin(client, args, kwargs)
    if request is None:
        return wrapped(*args, **kwargs)
    try:
        try:
            response = wrapped(*args, **kwargs)
        except Exception as error:
            if not request.withdraw_usage(error):
                raise
            response = wrapped(*args, **kwargs)
    except BaseException:
        failed(request.booking)
        raise
    request.answered(response, tap_sync)
    return response


def _request_async(
    wrapped: Callable[..., Awaitable[Any]],
    client: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Awaitable[Any]:
    if is_quiet():
        return wrapped(*args, **kwargs)
    request = None
    with guarded("capture"):
        request = _begin(client, args, kwargs)
    if request is None:
        return wrapped(*args, **kwargs)
    return _observed(request, wrapped, args, kwargs)


async def _observed(
    request: _Request,
    wrapped: Callable[..., Awaitable[Any]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    try:
        try:
            response = await wrapped(*args, **kwargs)
        except Exception as error:
            if not request.withdraw_usage(error):
                raise
            response = await wrapped(*args, **kwargs)
    except BaseException:
        failed(request.booking)
        raise
    request.answered(response, tap_async)
    return response


def _raw_form(options: Any) -> bool:
    headers = options.headers if isinstance(options.headers, dict) else {}
    return any(name.lower() == "x-stainless-raw-response" for name in headers)


def _body_of(response: Any) -> Any:
    """Return what carries the usage: the response, or the JSON body inside a raw one."""
    raw = getattr(response, "http_response", None)
    if raw is None or not getattr(raw, "is_stream_consumed", False):
        return response
    if "json" not in raw.headers.get("content-type", ""):
        return response
    return json.loads(raw.content)

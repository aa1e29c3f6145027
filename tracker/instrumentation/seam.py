"""Capture of the providers' clients, at the one method that every call form goes through.

``OpenAI.request``, ``Anthropic.request`` and their asynchronous twins see plain,
parsed, streaming and raw forms alike, and the SDK's own retries happen inside
them.  The patch is passive while nobody observes.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker import ledger
from tracker.guard import guarded, logger
from tracker.instrumentation import claims
from tracker.instrumentation.answers import header_id_of, http_response_of
from tracker.instrumentation.live import follow
from tracker.instrumentation.observer import failed, is_quiet, open_booking
from tracker.instrumentation.providers import PROVIDERS, Provider
from tracker.instrumentation.streams import Tally
from tracker.instrumentation.usage import model_of, request_id_of, usage_of
from tracker.metric import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from tracker.ledger import Booking

ASK = {"include_usage": True}

# Servers that answered our request for a stream's usage with an error.
_refuse_usage: set[str] = set()


def await_imports() -> None:
    """Patch each provider's client when it is imported, or now if it is already."""
    import wrapt

    for provider in PROVIDERS:
        wrapt.register_post_import_hook(functools.partial(patch, provider), provider.name)
        for module, methods in provider.finals.items():
            hook = functools.partial(_patch_finals, provider, methods)
            wrapt.register_post_import_hook(hook, module)


def patch(provider: Provider, module: ModuleType) -> None:
    """Wrap the request method of the client classes of *module*; a second time changes nothing."""
    import wrapt

    found = False
    for name in provider.classes:
        with guarded("patch"):
            method = getattr(getattr(module, name, None), "request", None)
            found = found or method is not None
            if method is not None and not isinstance(method, wrapt.BoundFunctionWrapper):
                wrapper = _request_async if name.startswith("Async") else _request
                wrapt.wrap_function_wrapper(
                    module, f"{name}.request", functools.partial(wrapper, provider)
                )
    if not found:
        logger.warning(
            "AI usage tracking: this version of %s is not known: its calls are not captured",
            provider.name,
        )


def unpatch(provider: Provider, module: ModuleType) -> None:
    """Take the wrappers off again; the clients inherit their own method back."""
    import wrapt

    for name in provider.classes:
        client_class = getattr(module, name, None)
        if isinstance(vars(client_class or object).get("request"), wrapt.FunctionWrapper):
            del client_class.request  # type: ignore[union-attr] # it is one here


class _Request:
    """One call on its way: what was asked, and where it will be booked."""

    __slots__ = (
        "_unasked",
        "booking",
        "host",
        "model",
        "operation",
        "options",
        "service",
        "stream",
    )

    def __init__(
        self,
        provider: Provider,
        options: Any,
        booking: Booking,
        operation: str,
        host: str,
        *,
        stream: bool,
    ) -> None:
        self.service = provider.name
        self.options = options
        self.booking = booking
        self.operation = operation
        self.host = host
        body = options.json_data
        model = body.get("model") if isinstance(body, dict) else None
        self.model: str | None = model if isinstance(model, str) else None
        self._unasked: Any = None
        if stream and isinstance(body, dict) and provider.must_ask(options.url):
            self._ask_for_usage(body)

    def _ask_for_usage(self, body: dict[str, Any]) -> None:
        """Have the stream report its tokens, unless the caller decided on that already."""
        given = body.get("stream_options")
        given = given if isinstance(given, dict) else {}
        if "include_usage" not in given and self.host not in _refuse_usage:
            self._unasked = body
            self.options.json_data = {**body, "stream_options": {**given, **ASK}}

    def withdraw_usage(self, error: Exception) -> bool:
        """Return whether *error* is the server refusing what we added; if so, take it out."""
        if self._unasked is None or getattr(error, "status_code", None) not in (400, 422):
            return False
        if "stream_options" not in str(error) and "include_usage" not in str(error):
            return False
        _refuse_usage.add(self.host)
        self.options.json_data, self._unasked = self._unasked, None
        return True

    def answered(self, answer: Any) -> None:
        """Book *answer*, or follow it where its end is still to come."""
        with guarded("capture"):
            request_id = request_id_of(answer)
            http_response = None if request_id else http_response_of(answer)
            if http_response is None:
                claims.claim(answer, self.booking, self.service, request_id)
                ledger.book(self.booking, self._call(answer, request_id))
                return
            tally = Tally(
                self.booking,
                self.service,
                self.operation,
                self.model,
                header_id_of(http_response),
                swallow_usage=self._unasked is not None,
            )
            follow(answer, http_response, tally)

    def _call(self, answer: Any, request_id: str | None) -> Call:
        return Call(
            self.service,
            self.operation,
            model_of(answer) or self.model,
            usage_of(answer),
            request_id,
            self.booking.elapsed_ms(),
        )


def _begin(
    provider: Provider, client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Request | None:
    """Return the call to observe, or None: nobody observes, or it is not one that is billed."""
    options = args[1] if len(args) > 1 else kwargs.get("options")
    if options is None or options.method.lower() != "post":
        return None
    operation = provider.operation_of(options.url)
    if operation is None:
        return None
    booking = open_booking()
    if booking is None:
        return None
    stream = bool(kwargs.get("stream"))
    # Building it takes microseconds, and only streams ask.
    host = str(getattr(client, "base_url", "")) if stream else ""
    return _Request(provider, options, booking, operation, host, stream=stream)


def _request(
    provider: Provider,
    wrapped: Callable[..., Any],
    client: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if is_quiet():
        return wrapped(*args, **kwargs)
    request = None
    with guarded("capture"):
        request = _begin(provider, client, args, kwargs)
    if request is None:
        return wrapped(*args, **kwargs)
    try:
        try:
            answer = wrapped(*args, **kwargs)
        except Exception as error:
            if not request.withdraw_usage(error):
                raise
            answer = wrapped(*args, **kwargs)
    except BaseException:
        failed(request.booking)
        raise
    request.answered(answer)
    return answer


def _request_async(
    provider: Provider,
    wrapped: Callable[..., Awaitable[Any]],
    client: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Awaitable[Any]:
    if is_quiet():
        return wrapped(*args, **kwargs)
    request = None
    with guarded("capture"):
        request = _begin(provider, client, args, kwargs)
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
            answer = await wrapped(*args, **kwargs)
        except Exception as error:
            if not request.withdraw_usage(error):
                raise
            answer = await wrapped(*args, **kwargs)
    except BaseException:
        failed(request.booking)
        raise
    request.answered(answer)
    return answer


def _patch_finals(provider: Provider, methods: tuple[str, ...], module: ModuleType) -> None:
    """Have the answers that stream helpers put together known as the streams they came from."""
    import wrapt

    for method in methods:
        with suppress(AttributeError):  # a helper that an older SDK does not have
            wrapper = _final_async if "Async" in method else _final
            wrapt.wrap_function_wrapper(module, method, functools.partial(wrapper, provider.name))


def _final(
    service: str,
    wrapped: Callable[..., Any],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    final = wrapped(*args, **kwargs)
    with guarded("capture"):
        claims.share(helper._raw_stream, final, service)
    return final


async def _final_async(
    service: str,
    wrapped: Callable[..., Awaitable[Any]],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    final = await wrapped(*args, **kwargs)
    with guarded("capture"):
        claims.share(helper._raw_stream, final, service)
    return final

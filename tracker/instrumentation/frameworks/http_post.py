"""Calls that a framework posts by itself, past the providers' SDKs.

What is billed is known by the path; where a path tells nothing, the framework's own name for the
call may.  The answer is the framework's HTTP response, of which the usage is read as it passes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.error_boundary import boundary, log
from tracker.instrumentation.observation import failed, is_quiet, open_record
from tracker.instrumentation.providers import PROVIDERS
from tracker.instrumentation.providers.provider import MARK
from tracker.instrumentation.services import failed_calls
from tracker.instrumentation.streaming.accumulator import Accumulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from tracker.records.pending_record import PendingRecord

_CAPTURING = boundary("capture")


class Asked(NamedTuple):
    """What a request asks for: service, operation, and the model as far as it is known."""

    service: str
    operation: str
    model: str | None = None


#: From the arguments of a method that posts, to what is asked, or None if it is not billed.
Look = "Callable[[tuple[Any, ...], dict[str, Any]], Asked | None]"


def asked_at(url: str) -> Asked | None:
    """Return what a POST to *url*, of whatever host, asks for, or None if that is unknown."""
    for provider in PROVIDERS:
        asked = provider.asked_at(url)
        if asked is not None:
            return Asked(provider.name, *asked)
    return None


def patch(
    module: ModuleType,
    names: tuple[str, str],
    look: Callable[[tuple[Any, ...], dict[str, Any]], Asked | None],
    watch: Callable[[Any, Accumulator], None],
    *,
    asynchronous: bool,
) -> None:
    """Wrap a method that posts, *names* are its class's and its own; again changes nothing."""
    owner: Any = getattr(module, names[0], None)
    method = getattr(owner, names[1], None)
    if method is None:
        log(
            "AI usage tracking: this version of %s is not known: its posts by %s are not captured",
            module.__name__.partition(".")[0],
            names[0],
        )
    elif not hasattr(method, MARK):
        observing = _observing_async if asynchronous else _observing
        setattr(owner, names[1], observing(method, look, watch))


class _Posted:
    """One call on its way."""

    def __init__(self, asked: Asked, record: PendingRecord) -> None:
        self._asked = asked
        self._record = record

    def failed(self, error: BaseException) -> None:
        """Note that *error* came instead of an answer."""
        with _CAPTURING:
            call = failed_calls.failed_call(self._record, *self._asked, error)
            if call is not None:
                failed_calls.book(self._record, call)
                return
        failed(self._record)

    def answered(self, response: Any, watch: Callable[[Any, Accumulator], None]) -> None:
        """Follow *response*."""
        with _CAPTURING:
            service, operation, model = self._asked
            watch(response, Accumulator(self._record, service, operation, model))


def _begin(
    look: Callable[[tuple[Any, ...], dict[str, Any]], Asked | None],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> _Posted | None:
    """Return the call to observe, or None: nobody observes, it is not billed, or we failed."""
    with _CAPTURING:
        asked = look(args, kwargs)
        record = None if asked is None else open_record()
        if asked is None or record is None:
            return None
        url = args[0] if args else kwargs.get("url")
        record.base_url = url if isinstance(url, str) else getattr(url, "url", None)
        return _Posted(asked, record)
    return None


def _observing(method: Callable[..., Any], look: Any, watch: Any) -> Callable[..., Any]:
    """Return a *method* that posts, observed."""

    @functools.wraps(method)
    def post(poster: Any, *args: Any, **kwargs: Any) -> Any:
        posted = None if is_quiet() else _begin(look, args, kwargs)
        if posted is None:
            return method(poster, *args, **kwargs)
        try:
            response = method(poster, *args, **kwargs)
        except BaseException as error:
            posted.failed(error)
            raise
        posted.answered(response, watch)
        return response

    setattr(post, MARK, True)
    return post


def _observing_async(
    method: Callable[..., Awaitable[Any]], look: Any, watch: Any
) -> Callable[..., Awaitable[Any]]:
    """Return an asynchronous *method* that posts, observed."""

    @functools.wraps(method)
    async def post(poster: Any, *args: Any, **kwargs: Any) -> Any:
        posted = None if is_quiet() else _begin(look, args, kwargs)
        if posted is None:
            return await method(poster, *args, **kwargs)
        try:
            response = await method(poster, *args, **kwargs)
        except BaseException as error:
            posted.failed(error)
            raise
        posted.answered(response, watch)
        return response

    setattr(post, MARK, True)
    return post

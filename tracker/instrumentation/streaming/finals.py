"""The answers that stream helpers put together: known as the streams that they came from.

They hand them out in many ways: as the final answer, as a snapshot of what came until now, with an
event, with an error.  What a helper keeps is looked at when somebody hands in an answer that is
not known, and when the helper is closed.
"""

from __future__ import annotations

import functools
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from tracker.records.pending_record import PendingRecord

_CAPTURING = boundary("capture")
#: Where helpers keep what they put together; and the state of those that keep it there.
_KEPT = ("current_completion_snapshot", "current_message_snapshot", "_completed_response")
_STATE = "_state"
#: The helpers that were made last: few are open at a time, and closing one has its answer known.
_latest: deque[weakref.ref[Any]] = deque(maxlen=64)


def patch_finals(service: str, methods: tuple[str, ...], module: ModuleType) -> None:
    """Wrap the *methods* of *module* that give such answers, of *service*; and their helpers."""
    import wrapt

    for method in methods:
        with suppress(AttributeError):  # a helper that an older SDK does not have
            final, closing = (
                (_final_async, _closing_async) if "Async" in method else (_final, _closing)
            )
            wrapt.wrap_function_wrapper(module, method, functools.partial(final, service))
            helper = method.partition(".")[0]
            wrapt.wrap_function_wrapper(module, f"{helper}.__init__", _made)
            closing = functools.partial(closing, service)
            wrapt.wrap_function_wrapper(module, f"{helper}.close", closing)


def stream_behind(response: object, service: str) -> PendingRecord | None:
    """Return the record of the stream of *response*: a helper, or what one has put together."""
    for reference in list(_latest):
        helper = reference()
        if helper is not None and any(part is response for part in (helper, *_parts(helper))):
            return deduplication.find(helper._raw_stream, service, None)
    return None


def _parts(helper: Any) -> list[Any]:
    """Return what *helper* has put together until now."""
    parts = []
    for holder in (helper, getattr(helper, _STATE, None)):
        for name in _KEPT:
            with suppress(AttributeError, AssertionError):  # nothing has come yet
                parts.append(getattr(holder, name))
    return [part for part in parts if part is not None]


def _made(
    wrapped: Callable[..., None], helper: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    wrapped(*args, **kwargs)
    _latest.append(weakref.ref(helper))


def _closing(
    service: str,
    wrapped: Callable[..., Any],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    _share(helper, service)
    return wrapped(*args, **kwargs)


async def _closing_async(
    service: str,
    wrapped: Callable[..., Awaitable[Any]],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    _share(helper, service)
    return await wrapped(*args, **kwargs)


def _share(helper: Any, service: str) -> None:
    with _CAPTURING:
        for part in _parts(helper):
            deduplication.share(helper._raw_stream, part, service)


def _final(
    service: str,
    wrapped: Callable[..., Any],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    final = wrapped(*args, **kwargs)
    with _CAPTURING:
        deduplication.share(helper._raw_stream, final, service)
    return final


async def _final_async(
    service: str,
    wrapped: Callable[..., Awaitable[Any]],
    helper: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    final = await wrapped(*args, **kwargs)
    with _CAPTURING:
        deduplication.share(helper._raw_stream, final, service)
    return final

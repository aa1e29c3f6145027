"""The answers that stream helpers put together: known as the streams that they came from."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

_CAPTURING = boundary("capture")


def patch_finals(service: str, methods: tuple[str, ...], module: ModuleType) -> None:
    """Wrap the *methods* of *module* that give such answers, of *service*."""
    import wrapt

    for method in methods:
        with suppress(AttributeError):  # a helper that an older SDK does not have
            wrapper = _final_async if "Async" in method else _final
            wrapt.wrap_function_wrapper(module, method, functools.partial(wrapper, service))


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

"""Calls of lm15, the engine in DSPy: it posts them by transports that need no HTTP client.

A response gives its body as an iterator of pieces, which is watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation import deduplication
from tracker.instrumentation.answers import REQUEST_ID_HEADERS
from tracker.instrumentation.frameworks import http_post
from tracker.instrumentation.services import failed_calls
from tracker.instrumentation.streaming.body_readers import watched

if TYPE_CHECKING:
    from types import ModuleType

    from tracker.instrumentation.frameworks.http_post import Asked
    from tracker.instrumentation.streaming.accumulator import Accumulator

PACKAGES = ("lm15", "dspy._vendor.lm15")
SYNC, ASYNC = "transports._sync", "transports._async"


def patch(module: ModuleType) -> None:
    """Wrap the synchronous transport's method; a second time changes nothing."""
    http_post.patch(module, ("StdlibTransport", "stream"), _look, _watch, asynchronous=False)


def patch_async(module: ModuleType) -> None:
    """Wrap the asynchronous transport's method; a second time changes nothing."""
    names = ("StdlibAsyncTransport", "_do_stream")
    http_post.patch(module, names, _look, _watch, asynchronous=True)


def _look(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked | None:
    request = args[0] if args else kwargs["request"]
    return http_post.asked_at(request.url) if request.method.upper() == "POST" else None


def _watch(response: Any, accumulator: Accumulator) -> None:
    if response.status >= failed_calls.ERRORS_FROM:  # it raises by itself, later
        accumulator.refused(response.status)
        return
    ids = (response.header(name) for name in REQUEST_ID_HEADERS)
    accumulator.request_id = next((found for found in ids if found), None)
    deduplication.remember(
        response, accumulator.record, accumulator.service, accumulator.request_id
    )
    response._chunks = watched(response._chunks, response.header("content-type") or "", accumulator)

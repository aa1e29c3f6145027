"""Connections that the providers' clients keep open: each is counted when it has been made.

What is billed on one passes as messages in both directions, and not through the clients' request
method.  So a connection is one call without tokens, which ``ai-usage unpriced`` names.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import is_quiet, open_record
from tracker.instrumentation.providers.endpoints import place_of
from tracker.instrumentation.providers.fields import text
from tracker.records import recorder
from tracker.records.metric import Call

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

OPERATION = "realtime"
#: The managers' methods that connect: both names are of one function.
SYNC, ASYNC = ("__enter__", "enter"), ("__aenter__", "enter")
_MARK = "_ai_usage_counted"


def count_connections(service: str, manager: str, path: str, module: ModuleType) -> None:
    """Wrap the connecting methods of *manager*, and of its asynchronous twin, in *module*."""
    for name, methods, counting in (
        (manager, SYNC, _counting),
        (f"Async{manager}", ASYNC, _counting_async),
    ):
        with boundary("patch"):
            kind = getattr(module, name, None)
            for method in methods:
                original = vars(kind or object).get(method)
                if original is not None and not hasattr(original, _MARK):
                    seen = functools.partial(_connected, service, path, name)
                    setattr(kind, method, counting(original, seen))


def _counting(method: Callable[..., Any], seen: Callable[..., None]) -> Callable[..., Any]:
    @functools.wraps(method)
    def connect(manager: Any) -> Any:
        connection = method(manager)
        seen(manager, connection)
        return connection

    setattr(connect, _MARK, True)
    return connect


def _counting_async(method: Callable[..., Any], seen: Callable[..., None]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def connect(manager: Any) -> Any:
        connection = await method(manager)
        seen(manager, connection)
        return connection

    setattr(connect, _MARK, True)
    return connect


def _connected(service: str, path: str, name: str, manager: Any, connection: Any) -> None:
    """Book *connection*, which *manager*, of the class *name*, has made."""
    if is_quiet():
        return
    with boundary("capture"):
        record = open_record()
        if record is None:
            return
        # A manager keeps them under names of its own class's.
        client = getattr(manager, f"_{name}__client", None)
        model = text(getattr(manager, f"_{name}__model", None))
        record.extra = {**record.extra, **place_of(client, path)}
        deduplication.remember(connection, record, service, None)
        recorder.accept(record, Call(service, OPERATION, model, latency_ms=record.elapsed_ms()))

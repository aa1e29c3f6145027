"""Connections that the providers' clients keep open: each is watched when it has been made.

What is billed on one passes as messages in both directions, and not through the clients' request
method.  A connection on which nothing told its usage is one call without tokens, which
``ai-usage unpriced`` names.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tracker.context import scope
from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import (
    goes_unseen,
    is_observed,
    open_for,
    open_record,
)
from tracker.instrumentation.providers.endpoints import place_of
from tracker.instrumentation.providers.fields import text
from tracker.instrumentation.services import failed_calls
from tracker.instrumentation.streaming.messages import OPERATION, Watched, watch
from tracker.records import recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tracker.records.pending_record import PendingRecord

#: Where the messages are those of a stream of responses.
RESPONSES = "/responses"
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
        try:
            connection = method(manager)
        except Exception as error:
            seen(manager, None, error)
            raise
        seen(manager, connection, None)
        return connection

    setattr(connect, _MARK, True)
    return connect


def _counting_async(method: Callable[..., Any], seen: Callable[..., None]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def connect(manager: Any) -> Any:
        try:
            connection = await method(manager)
        except Exception as error:
            seen(manager, None, error)
            raise
        seen(manager, connection, None)
        return connection

    setattr(connect, _MARK, True)
    return connect


def _connected(
    service: str, path: str, name: str, manager: Any, connection: Any, error: Exception | None
) -> None:
    """Watch *connection*, which *manager*, of the class *name*, has made; or book the *error*."""
    # A manager keeps them under names of its own class's.
    client = getattr(manager, f"_{name}__client", None)
    shared = getattr(getattr(client, "_ai_usage", None), "shared", None)
    if shared is None and goes_unseen():
        return
    with boundary("capture"):
        record = _record_for(shared)
        if record is None:
            return
        record.base_url = getattr(client, "base_url", None)
        model = text(getattr(manager, f"_{name}__model", None))
        record.extra = {**record.extra, **place_of(client, path)}
        if error is not None:
            call = failed_calls.failed_connection(record, service, OPERATION, model, error)
            failed_calls.book(record, call)
            if not recorder.is_kept(record) and not is_observed(record):
                record.owner.settle([record])
            return
        deduplication.remember(connection, record, service, None)
        operation = "completion" if path == RESPONSES else OPERATION
        watched = Watched(record, service, operation, model)
        watch(connection, watched, asynchronous=name.startswith("Async"))


def _record_for(shared: Any) -> PendingRecord | None:
    """Return a record for the block, or for the tracker that the client carries."""
    if shared is None:
        return open_record()
    return open_for(shared.tracker, scope.current(), by_client=True)

"""Where records go: a store, how it is reached, and the key of its rows in the spool."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.config import settings
from tracker.error_boundary import tolerated
from tracker.records.sanitize import scrub
from tracker.sinks import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.sinks.protocol import ClientSink, Sink


@dataclass(frozen=True, slots=True)
class Destination:
    """One store.

    ``durable`` ones are written to directly, others through the spool.
    """

    key: str
    sink: Sink
    durable: bool


_lock = threading.RLock()
_known: dict[str, Destination] = {}


def named(table_name: str) -> list[Destination]:
    """Return the stores that the settings name, for a tracker whose table is *table_name*."""
    return [_named(name, table_name) for name in settings.current().sinks]


def _named(name: str, table_name: str) -> Destination:
    key = registry.key_of(name, table_name)
    return known(key, lambda: registry.make(name, table_name), durable=registry.KNOWN[name].durable)


def known(key: str, make: Callable[[], Sink], *, durable: bool) -> Destination:
    """Return the destination *key* of this process; its sink is made once."""
    found = _known.get(key)
    if found is None:
        with _lock:
            found = _known.get(key) or _known.setdefault(key, Destination(key, make(), durable))
    return found


def of_client(table_name: str, sink: ClientSink) -> Destination:
    """Return the destination that *sink* reaches under *table_name* by boto3's client.

    Region and endpoint are part of its key, so that rows which a process leaves in the
    spool reach the same place by another's client.  A newer client takes over from an
    older one, whose credentials may have expired.
    """
    at = sink.client.meta
    key = f"{sink.kind}:{at.region_name}:{scrub(at.endpoint_url)}:{table_name}"
    with _lock:
        found = _known.get(key)
        if found is None or getattr(found.sink, "client", None) is not sink.client:
            found = _known[key] = Destination(key, sink, False)
    return found


def all_known() -> list[Destination]:
    """Return the destinations that this process has used."""
    with _lock:
        return list(_known.values())


def is_remote_client(client: Any) -> bool:
    """Whether *client* is boto3's own, whose calls go over the network.

    Any other object is the application's: it is called where the original called it.
    """
    botocore = sys.modules.get("botocore.client")
    return botocore is not None and isinstance(client, botocore.BaseClient)


def forget() -> None:
    """Close all sinks and forget them: at exit, and between tests."""
    with _lock:
        gone = list(_known.values())
        _known.clear()
    for destination in gone:
        close = getattr(destination.sink, "close", None)
        if close is not None:
            with tolerated(f"sink {destination.key}", "Failed to close a store"):
                close()


def after_fork() -> None:
    """Leave the parent's sinks alone, and make new ones when they are needed."""
    global _lock
    _lock = threading.RLock()
    _inherited.extend(_known.values())  # kept: a sink's end could touch what its parent uses
    _known.clear()


_inherited: list[Destination] = []

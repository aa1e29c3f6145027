"""The store of a tracker that was given none: SQLite, one connection a file and process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from tracker.sinks.sqlite import SqliteSink, default_database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tracker.metric import Metric
    from tracker.typing import Delivery, Sink

_lock = threading.Lock()
_open: dict[Path, SqliteSink] = {}
_inherited: list[SqliteSink] = []
_override: Sink | None = None


class DefaultSink:
    """Writes to whatever the default store is at that moment.

    It is looked up at each write, so that ``AI_USAGE_DATABASE`` and
    ``tracker.testing.capture`` also reach trackers that exist already.
    """

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics* in the default store.  Raises SinkError if that fails."""
        return current().write(metrics)


def current() -> Sink:
    """Return the default store: the override of a test, else the SQLite file."""
    if _override is not None:
        return _override
    path = default_database()
    with _lock:
        return _open.setdefault(path, SqliteSink(path))


def override(sink: Sink | None) -> Sink | None:
    """Make *sink* the default store (None ends that) and return what overrode it before."""
    global _override
    before, _override = _override, sink
    return before


def close_all() -> None:
    """Close every SQLite file that this process opened."""
    with _lock:
        for sink in _open.values():
            sink.close()
        _open.clear()


def _renew_locks() -> None:
    """Start a forked child with fresh locks and files: its parent may have held them."""
    global _lock
    _lock = threading.Lock()
    # Kept alive on purpose: closing an inherited connection could touch its parent's log.
    _inherited.extend(_open.values())
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)

"""Which responses are booked already: by identity, and by the provider's request id.

Never by ``response.id`` (fakes, caches and compatible servers repeat it) and
never by equality.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from typing import TYPE_CHECKING

from tracker.context import unattributed
from tracker.delivery import fork_registry

if TYPE_CHECKING:
    from tracker.records.pending_record import PendingRecord

#: Request ids that are known of each service at least; at most twice as many are.
REQUEST_IDS = 4096


class _Known(weakref.ref[object]):
    """A response that is booked; when it is gone, nobody can hand it in again."""

    __slots__ = ("key", "record")

    key: int
    record: PendingRecord


# Single operations on dicts, so no lock: a response may be forgotten while any lock is held.
_by_identity: dict[int, _Known] = {}
# By service, and then by request id: a key made of both would be one more object for each call.
_by_request: defaultdict[str, dict[str, PendingRecord]] = defaultdict(dict)
_older_by_request: dict[str, dict[str, PendingRecord]] = {}
_lock = threading.RLock()  # for beginning anew only


def remember(response: object, record: PendingRecord, service: str, request_id: str | None) -> None:
    """Remember that *response* is booked as *record*.

    An object that takes no weak reference (a dict, say) is only known by its
    request id, if it has one.
    """
    try:
        known = _Known(response, _forget)
    except TypeError:
        pass
    else:
        known.key = key = id(response)
        known.record = record
        _by_identity[key] = known
    if request_id:
        known_ids = _by_request[service]
        known_ids[request_id] = record
        if len(known_ids) >= REQUEST_IDS:
            _begin_anew(service)


def find(response: object, service: str, request_id: str | None) -> PendingRecord | None:
    """Return the record of *response*, if some path made one."""
    known = _by_identity.get(id(response))
    if known is not None and known() is response:
        return known.record
    if not request_id:
        return None
    newer, older = _by_request.get(service, {}), _older_by_request.get(service, {})
    return newer.get(request_id) or older.get(request_id)


def share(known: object, response: object, service: str) -> None:
    """Remember that *response* is another form of *known*, if that one is booked."""
    record = find(known, service, None)
    if record is not None:
        remember(response, record, service, None)


def _begin_anew(service: str) -> None:
    """Keep the last request ids of *service* as the older ones, whose place they take."""
    with _lock:
        if len(_by_request[service]) >= REQUEST_IDS:  # and no other thread was first
            _older_by_request[service], _by_request[service] = _by_request[service], {}


def _forget(known: _Known) -> None:
    # It is called before the memory is given back: no newer object can have this number yet.
    _by_identity.pop(known.key, None)
    if known.record.after is not None:  # every answer comes here, and hardly one was waited for
        unattributed.release(known.record)


def _after_fork() -> None:
    """Start a child with a free lock: a thread of its parent may have held it."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)

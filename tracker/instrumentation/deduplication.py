"""Which responses are booked already: by identity, and by the provider's request id.

Never by ``response.id`` (fakes, caches and compatible servers repeat it) and
never by equality.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from tracker.context import unattributed
from tracker.delivery import fork_registry, writer

if TYPE_CHECKING:
    from tracker.records.pending_record import PendingRecord

#: Request ids that are known of each service at least; at most twice as many are.
REQUEST_IDS = 4096
#: So many answers are put down in a row before they are sorted in, if neither somebody looks for
#: one nor the writer comes by, who does it while the program goes on.
NEWEST = 512
#: So many responses may be known that are gone, or as many as there are others.  Each keeps its
#: record, and with it a block whose table of pending calls may once have been large.
GONE = 16

#: The reference to a response, if it takes one; its service; its request id; its record.
_Known = tuple["weakref.ref[Any] | None", str, "str | None", "PendingRecord"]


class _Awaited(weakref.ref[object]):
    """A response that is waited for until it is gone: then nobody can hand it in any more."""

    __slots__ = ("record",)

    record: PendingRecord


# Each answer is put down, and hardly one is looked for: so they are sorted in together, most when
# they are gone already.
_newest: deque[_Known] = deque()
# A response that is gone is no key any more; being told of each one's end would take its time.
_by_identity: dict[int, _Known] = {}
_most = 2 * GONE
# By service, and then by request id: a key made of both would be one more object for each call.
_by_request: defaultdict[str, dict[str, PendingRecord]] = defaultdict(dict)
_older_by_request: dict[str, dict[str, PendingRecord]] = {}
_lock = threading.RLock()  # for sorting in only
_ref = weakref.ref


def remember(response: object, record: PendingRecord, service: str, request_id: str | None) -> None:
    """Remember that *response* is booked as *record*.

    An object that takes no weak reference (a dict, say) is only known by its
    request id, if it has one.
    """
    known: weakref.ref[object] | None
    try:
        known = _ref(response) if record.after is None else _awaited(response, record)
    except TypeError:
        known = None
    _newest.append((known, service, request_id, record))
    if len(_newest) >= NEWEST:
        _sort_in()


def find(response: object, service: str, request_id: str | None) -> PendingRecord | None:
    """Return the record of *response*, if some path made one."""
    if _newest:
        _sort_in()
    known = _by_identity.get(id(response))
    if known is not None and known[0] is not None and known[0]() is response:
        return known[3]
    if not request_id:
        return None
    newer, older = _by_request.get(service, {}), _older_by_request.get(service, {})
    return newer.get(request_id) or older.get(request_id)


def share(known: object, response: object, service: str) -> None:
    """Remember that *response* is another form of *known*, if that one is booked."""
    record = find(known, service, None)
    if record is not None:
        remember(response, record, service, None)


def _sort_in() -> None:
    """Have what was put down found by identity, while that is possible, and by request id."""
    with _lock:
        for known in list(_newest):
            reference, service, request_id, record = known
            response = None if reference is None else reference()
            if response is not None:
                _by_identity[id(response)] = known
            if request_id:
                known_ids = _by_request[service]
                known_ids[request_id] = record
                if len(known_ids) >= REQUEST_IDS:  # they become the older ones
                    _older_by_request[service], _by_request[service] = known_ids, {}
            # A finaliser that came in between, in this thread, has sorted in the rest.
            if _newest and _newest[0] is known:
                _newest.popleft()
        if len(_by_identity) > _most:
            _throw_away()


def _throw_away() -> None:
    """Forget the responses that are gone."""
    global _most
    for key, known in list(_by_identity.items()):
        if known[0] is None or known[0]() is None:
            _by_identity.pop(key, None)
    _most = 2 * max(len(_by_identity), GONE)


def _awaited(response: object, record: PendingRecord) -> _Awaited:
    known = _Awaited(response, _release)
    known.record = record
    return known


def _release(known: _Awaited) -> None:
    unattributed.release(known.record)


def _tidy() -> None:
    if _newest:
        _sort_in()


def _after_fork() -> None:
    """Start a child with a free lock: a thread of its parent may have held it."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)
writer.afterwards(_tidy)

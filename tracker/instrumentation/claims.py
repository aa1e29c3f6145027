"""Which responses are booked already: by identity, and by the provider's request id.

Never by ``response.id`` (fakes, caches and compatible servers repeat it) and
never by equality.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

from tracker.instrumentation import outside

if TYPE_CHECKING:
    from tracker.ledger import Booking

MAX_REQUEST_IDS = 4096

_lock = threading.RLock()  # a weak reference's callback may run while it is held
_by_identity: dict[int, tuple[weakref.ref[object], Booking]] = {}
_by_request: OrderedDict[tuple[str, str], Booking] = OrderedDict()


def claim(response: object, booking: Booking, service: str, request_id: str | None) -> None:
    """Remember that *response* is booked as *booking*.

    An object that takes no weak reference (a dict, say) is only known by its
    request id, if it has one.
    """
    key = id(response)
    try:
        reference = weakref.ref(response, functools.partial(_forget, key))
    except TypeError:
        reference = None
    with _lock:
        if reference is not None:
            _by_identity[key] = (reference, booking)
        if request_id:
            _by_request[service, request_id] = booking
            if len(_by_request) > MAX_REQUEST_IDS:
                _by_request.popitem(last=False)


def find(response: object, service: str, request_id: str | None) -> Booking | None:
    """Return the booking of *response*, if some path made one."""
    with _lock:
        known = _by_identity.get(id(response))
        if known is not None and known[0]() is response:
            return known[1]
        return _by_request.get((service, request_id)) if request_id else None


def share(known: object, response: object, service: str) -> None:
    """Remember that *response* is another form of *known*, if that one is booked."""
    booking = find(known, service, None)
    if booking is not None:
        claim(response, booking, service, None)


def _forget(key: int, _reference: object) -> None:
    with _lock:
        known = _by_identity.get(key)
        # The number may belong to a newer object by now.
        if known is not None and known[0]() is None:
            del _by_identity[key]
            outside.release(known[1])


def _after_fork() -> None:
    """Start a child with a free lock: a thread of its parent may have held it."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

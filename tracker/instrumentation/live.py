"""Following an answer whose end is still to come: a stream, or a body that is not read yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation import claims
from tracker.instrumentation.answers import stream_of
from tracker.instrumentation.bodies import watch
from tracker.instrumentation.streams import tap

if TYPE_CHECKING:
    from tracker.instrumentation.streams import Tally


def follow(answer: Any, http_response: Any, tally: Tally) -> None:
    """Claim *answer*, and book it by *tally* when it has ended, or now if it has."""
    stream = stream_of(answer)
    claims.claim(http_response, tally.booking, tally.service, tally.request_id)
    for known in (answer, stream):
        if known is not None:
            claims.claim(known, tally.booking, tally.service, None)
    if stream is None or _is_exhausted(stream._iterator):
        watch(http_response, tally)
    else:
        tap(stream, tally)


def _is_exhausted(iterator: Any) -> bool:
    """Return whether *iterator*, a generator of one kind or the other, has ended."""
    return getattr(iterator, "gi_frame", iterator) is None or (
        getattr(iterator, "ag_frame", iterator) is None
    )

"""Following an answer whose end is still to come: a stream, or a body that is not read yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation import deduplication
from tracker.instrumentation.answers import is_encoded, stream_of
from tracker.instrumentation.streaming.body_readers import watch
from tracker.instrumentation.streaming.stream_wrapper import wrap_stream

if TYPE_CHECKING:
    from tracker.instrumentation.streaming.accumulator import Accumulator


def follow(
    answer: Any, http_response: Any, accumulator: Accumulator, *, asynchronous: bool
) -> None:
    """Remember *answer*, and book it by *accumulator* when it has ended, or now if it has.

    *asynchronous* tells which kind of client it is of: a stream that another library wraps may
    have the methods of both.
    """
    stream = stream_of(answer)
    deduplication.remember(
        http_response, accumulator.record, accumulator.service, accumulator.request_id
    )
    for known in (answer, stream):
        if known is not None:
            deduplication.remember(known, accumulator.record, accumulator.service, None)
    if not _is_wrapped(stream, http_response, accumulator, asynchronous=asynchronous):
        watch(http_response, accumulator)


def _is_wrapped(
    stream: Any, http_response: Any, accumulator: Accumulator, *, asynchronous: bool
) -> bool:
    """Count the chunks of *stream*, if they are what is to be counted; return whether they are."""
    if stream is None or _is_exhausted(stream):
        return False
    if accumulator.swallows_usage and not is_encoded(http_response):
        # What we asked for is held back below all who observe: some sit inside of the iterator.
        return False
    return wrap_stream(stream, accumulator, asynchronous=asynchronous)


def _is_exhausted(stream: Any) -> bool:
    """Return whether the generator, of one kind or the other, that *stream* reads has ended."""
    iterator = vars(stream).get("_iterator")
    return iterator is not None and (
        getattr(iterator, "gi_frame", iterator) is None
        or getattr(iterator, "ag_frame", iterator) is None
    )

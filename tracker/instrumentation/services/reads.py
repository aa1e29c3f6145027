"""Requests that are not billed themselves, and whose answers tell what was.

A response that was begun in the background tells its usage when it is asked for later; a batch
tells where its results are; and the file of those has an answer in each line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary
from tracker.instrumentation.answers import content_of, http_response_of, is_parsed, stream_of
from tracker.instrumentation.observation import Observation, current, is_made_by_client_of
from tracker.instrumentation.services import background, batches
from tracker.instrumentation.streaming.body_readers import watch
from tracker.instrumentation.streaming.stream_wrapper import wrap_stream
from tracker.records import recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.instrumentation.providers.provider import Provider
    from tracker.instrumentation.services.taker import Taker
    from tracker.protocols import CallOwner

_CAPTURING = boundary("capture")


#: What takes the answer of each kind of read: made of the service and the id in the path.
_TAKERS: dict[str, Callable[[str, str], Taker]] = {
    "response": background.Awaited,
    "batch": batches.Described,
    "results": batches.results_taker,
}


def read_of(provider: Provider, url: str) -> tuple[str, str] | None:
    """Return which kind of read a request to *url* is, and the id in it, or None."""
    path = url.partition("?")[0]
    for kind, pattern in provider.reads.items():
        found = pattern.search(path)
        if found is not None:
            return kind, found[1] or ""
    return None


class Reading:
    """Stands in for the SDK's parser of an answer that is read, in the way of ``_Parsing``.

    A raw answer is looked at as a whole, or watched while the program reads it.
    """

    __slots__ = ("_asynchronous", "_is_seen", "_parser", "_taker", "begun", "followed", "unparsed")

    def __init__(self, taker: Taker, parser: Any, *, asynchronous: bool) -> None:
        self._taker = taker
        # What was not given is an object of the SDK that is no function.
        self._parser = parser if callable(parser) else None
        self._asynchronous = asynchronous
        self._is_seen = False
        self.begun: Any = None
        self.followed = True  # a failure is no record: nothing would have been billed
        self.unparsed: Any = None

    def __call__(self, answer: Any) -> Any:
        """Look at *answer*, and return it as the SDK's own parser does."""
        with _CAPTURING:
            self._look(answer)
            self._taker.parsed(answer, asynchronous=self._asynchronous)
        return answer if self._parser is None else self._parser(answer)

    def answered(self, answer: Any, _record: object, _service: str) -> bool:
        """Note what the request gave; return True: nothing is to be booked of the answer itself."""
        self._look(answer)
        return True

    def _look(self, answer: Any) -> None:
        if self._is_seen:
            return
        self._is_seen = True
        taker: Any = self._taker
        if is_parsed(answer):
            taker.take(answer)
            taker.finish(partial=False)
            return
        stream = stream_of(answer)
        if stream is not None and wrap_stream(stream, taker, asynchronous=self._asynchronous):
            return
        http_response = http_response_of(answer)
        if http_response is None:
            return
        if isinstance(taker, batches.Unknown) and content_of(http_response) is None:
            return  # a file of the program's own may be large
        watch(http_response, taker, taker.reader)


def begin(provider: Provider, options: Any, *, asynchronous: bool) -> Any:
    """Return a call to observe whose answer tells of another, or None if *options* ask for none.

    It has no record, and its parser is a ``Reading``.
    """
    read = read_of(provider, options.url)
    if read is None:
        return None
    kind, name = read
    parser = getattr(options, "post_parser", None)
    taker = _TAKERS[kind](provider.name, name)
    reading = options.post_parser = Reading(taker, parser, asynchronous=asynchronous)
    return (provider.name, kind, None, None, None, reading, asynchronous)


class Lending(Observation):
    """Has what is read inside booked to a tracker, whose client reads it."""

    __slots__ = ()

    def __enter__(self) -> Lending:
        self.parent = current.get()
        current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if current.get() is self:
            current.set(self.parent)
        with _CAPTURING:
            if self.parent is not None:
                self.parent.records.extend(self.records)
            for record in self.records if self.parent is None else ():
                if record.call is not None and not recorder.is_kept(record):
                    record.owner.settle([record])


class _Nobody:
    """Lends nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


NOBODY = _Nobody()


def lending(
    tracker: CallOwner, provider: Provider, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Lending | _Nobody:
    """Return what has a read, by a client that carries *tracker*, booked to it.

    *args* and *kwargs* are those of the client's ``request``.
    """
    options = args[1] if len(args) > 1 else kwargs.get("options")
    is_read = options is not None and read_of(provider, options.url) is not None
    if not is_read or is_made_by_client_of(tracker):
        return NOBODY
    return Lending(tracker, by_client=True)

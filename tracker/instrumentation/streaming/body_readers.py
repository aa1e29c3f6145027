"""Reading usage off the bytes of a response that the program reads itself.

The raw and the streaming-response forms hand out the HTTP response.  Its byte
stream is replaced by a wrapper: bytes pass as they come, events of a stream one by one.
"""

from __future__ import annotations

import json
import re
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import wrapt

from tracker.error_boundary import boundary
from tracker.instrumentation.answers import content_of, is_encoded
from tracker.instrumentation.providers import PROVIDERS
from tracker.instrumentation.providers.usage import ELSEWHERE
from tracker.instrumentation.services.pieces import note_told
from tracker.records.error_text import of_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from tracker.instrumentation.streaming.accumulator import Accumulator

SEPARATOR = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# Inside a JSON text a quotation mark is escaped, so these are keys and no words of a completion.
TELLING = re.compile(rb'"(?:usage|error|%s)"\s*:\s*\{' % "|".join(ELSEWHERE).encode())
NO_USAGE = re.compile(rb',\s*"usage"\s*:\s*null')
LAST = re.compile(
    rb"^(?:%s)\s*$" % b"|".join(event for one in PROVIDERS for event in one.end_events),
    re.MULTILINE,
)
DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)


class Reader(Protocol):
    """Watches a body pass."""

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Give the pieces of *data* that go on to the program, each noted when it is taken."""

    def end(self) -> list[bytes]:
        """Note that the body is complete; return what is left for the program."""


class EventReader:
    """Watches server-sent events; each goes on as a piece of its own once it is complete."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._rest = b""
        self._start = 0
        self._first = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the events that *data* completes, without the one that is ours."""
        self._rest = rest = self._rest[self._start :] + data
        # A separator may begin in what came before.
        start, position = 0, max(len(rest) - len(data) - 3, 0)
        self._start = 0
        while found := SEPARATOR.search(rest, position):
            event = rest[start : found.end()]
            # Noted here: who takes the event may close the stream, and what came behind it stays.
            self._start = start = position = found.end()
            if self._passes(event):
                yield self._as_asked(event)

    def end(self) -> list[bytes]:
        """Return what came after the last event that was taken."""
        rest, self._rest = self._rest[self._start :], b""
        start, events = 0, []
        for found in SEPARATOR.finditer(rest):
            events.append(rest[start : found.end()])
            start = found.end()
        events.append(rest[start:])
        return [self._as_asked(event) for event in events if event and self._passes(event)]

    def _as_asked(self, event: bytes) -> bytes:
        """Return *event* as a server sends it to who asked for no usage: it says nothing of it."""
        if self._accumulator.swallows_usage and len(NO_USAGE.findall(event)) == 1:
            with boundary("stream"), suppress(ValueError):
                told = json.loads(b"\n".join(DATA.findall(event)))
                if isinstance(told, dict) and told.get("usage", told) is None:
                    return NO_USAGE.sub(b"", event)
        return event

    def _passes(self, event: bytes) -> bool:
        keep = True
        with boundary("stream"):
            if self._first or TELLING.search(event):
                keep = self._read(event)
            if LAST.search(event):
                self._accumulator.finish(partial=False)
        return keep

    def _read(self, event: bytes) -> bool:
        try:
            told = json.loads(b"\n".join(DATA.findall(event)))
        except ValueError:
            return True  # a comment, or no JSON
        if not isinstance(told, dict):
            return True
        self._first = False
        keep = self._accumulator.take(told)
        if isinstance(error := told.get("error"), dict):
            self._accumulator.finish(partial=True, error=of_answer(error))
        return keep


class JsonReader:
    """Watches a body that is one JSON document."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Pass *data* on."""
        self._parts.append(data)
        return [data]

    def end(self) -> list[bytes]:
        """Read the whole."""
        # What is broken off is no JSON.
        with boundary("stream"), suppress(ValueError):
            told = json.loads(b"".join(self._parts))
            note_told(self._accumulator.record, told)
            self._accumulator.take(told)
            self._accumulator.note_background(told)
        return []


class EncodedReader:
    """Watches a compressed body: it goes on as it is, and its text is read when it has ended."""

    def __init__(self, reader: Reader, http_response: Any) -> None:
        self._reader = reader
        self._headers = http_response.headers
        self._decoding = type(http_response)
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Pass *data* on."""
        self._parts.append(data)
        return [data]

    def end(self) -> list[bytes]:
        """Read the whole, or as much as came, in the way of the HTTP client itself."""
        with boundary("stream"), suppress(ValueError, RuntimeError):
            body = self._decoding(200, headers=self._headers, content=b"".join(self._parts))
            _read_whole(self._reader, body.content)
        return []


def watch(http_response: Any, accumulator: Accumulator, reader: Reader | None = None) -> None:
    """Read the usage of *http_response* into *accumulator* now, or while the program reads it.

    *reader* watches the bytes, where the kind of content does not tell how.
    """
    content_type = http_response.headers.get("content-type", "")
    reader = _reader_of(content_type, accumulator) if reader is None else reader
    content = content_of(http_response)
    if reader is not None and content is not None:
        passed = _read_whole(reader, content)
        if accumulator.swallows_usage:
            # A hook or a transport has read it; whoever reads it now gets what the program asked.
            http_response._content = passed
    if reader is None or content is not None or http_response.is_closed:
        accumulator.finish(partial=False)
        return
    if is_encoded(http_response):
        reader = EncodedReader(reader, http_response)
    http_response.stream = _body_of(http_response.stream)(http_response.stream, reader, accumulator)
    weakref.finalize(http_response, accumulator.drop, reader.end).atexit = False


def watched(pieces: Any, content_type: str, accumulator: Accumulator) -> Any:
    """Return *pieces*, an iterator of a body's bytes, of either kind, watched as it is used."""
    reader = _reader_of(content_type, accumulator)
    if reader is None:
        accumulator.finish(partial=False)
        return pieces
    kind = _AsyncBody if hasattr(pieces, "__aiter__") else _SyncBody
    wrapper = kind(pieces, reader, accumulator)
    weakref.finalize(wrapper, accumulator.drop, reader.end).atexit = False
    return wrapper


class Tail:
    """The bytes of a stream that came last: some of their events may not have been read yet.

    A server sends the end of an answer, its usage and the end of the stream at once, and a program
    has what it wants with the first of them.
    """

    def __init__(self, accumulator: Accumulator) -> None:
        self.latest = b""
        self._accumulator = accumulator

    def follow(self, http_response: Any) -> None:
        """Keep what comes of *http_response*, whose events the client reads."""
        if is_encoded(http_response):
            return
        self.latest = content_of(http_response) or b""
        if not self.latest:
            stream = http_response.stream
            kind = _AsyncKept if hasattr(stream, "__aiter__") else _SyncKept
            http_response.stream = kind(stream, self)

    def read(self) -> None:
        """Take what is told in them, in their order: what was read already is told again."""
        latest, self.latest = self.latest, b""
        if self._accumulator.done:
            return
        _read_whole(EventReader(self._accumulator), latest)


class _Kept(wrapt.ObjectProxy):  # type: ignore[type-arg] # not subscriptable in wrapt 1
    """A byte stream of which *tail* has what came last; it passes for the class that it wraps."""

    def __init__(self, stream: Any, tail: Tail) -> None:
        super().__init__(stream)
        self._self_tail = tail


class _SyncKept(_Kept):
    def __iter__(self) -> Iterator[bytes]:
        tail = self._self_tail
        for data in self.__wrapped__:
            tail.latest = data
            yield data


class _AsyncKept(_Kept):
    def __aiter__(self) -> _Keeping:
        return _Keeping(self.__wrapped__.__aiter__(), self._self_tail)


class _Keeping:
    """No asynchronous generator: where one is left, the event loop has to end it."""

    def __init__(self, pieces: AsyncIterator[bytes], tail: Tail) -> None:
        self._pieces = pieces
        self._tail = tail

    def __aiter__(self) -> _Keeping:
        return self

    async def __anext__(self) -> bytes:
        data = self._tail.latest = await anext(self._pieces)
        return data


def _body_of(stream: Any) -> type[_Body]:
    """Return what stands in for *stream*, with the ways of iterating that it has."""
    if not hasattr(stream, "__aiter__"):
        return _SyncBody
    return _EitherBody if hasattr(stream, "__iter__") else _AsyncBody


def _read_whole(reader: Reader, content: bytes) -> bytes:
    """Return *content* as it goes on to the program."""
    return b"".join([*reader.feed(content), *reader.end()])


def _reader_of(content_type: str, accumulator: Accumulator) -> Reader | None:
    if "event-stream" in content_type:
        return EventReader(accumulator)
    return JsonReader(accumulator) if "json" in content_type else None


class _Body(wrapt.ObjectProxy):  # type: ignore[type-arg] # not subscriptable in wrapt 1
    """A byte stream whose bytes are watched; it passes for the class that it wraps."""

    def __init__(self, stream: Any, reader: Reader, accumulator: Accumulator) -> None:
        super().__init__(stream)
        self._self_reader = reader
        self._self_accumulator = accumulator

    def _self_complete(self) -> list[bytes]:
        rest = self._self_reader.end()
        self._self_accumulator.finish(partial=False)
        return rest

    def _self_broken(self, error: BaseException | None = None) -> None:
        self._self_reader.end()
        told = None if isinstance(error, GeneratorExit) else error
        self._self_accumulator.finish(partial=True, error=told)


class _SyncBody(_Body):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for data in self.__wrapped__:
                yield from self._self_reader.feed(data)
        except BaseException as error:
            self._self_broken(error)
            raise
        yield from self._self_complete()

    def close(self) -> None:
        self._self_broken()
        self.__wrapped__.close()


class _AsyncBody(_Body):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self.__wrapped__:
                for piece in self._self_reader.feed(data):
                    yield piece
        except BaseException as error:
            self._self_broken(error)
            raise
        for piece in self._self_complete():
            yield piece

    async def aclose(self) -> None:
        self._self_broken()
        await self.__wrapped__.aclose()


class _EitherBody(_SyncBody, _AsyncBody):
    """Of a body that was given as a whole, which clients of both kinds may read."""

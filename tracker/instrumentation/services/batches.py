"""Results of batches that a program downloads: each line one record, under the batch's own id.

A line names its call and not its batch.  Which file is of which batch is told by the batch, which
programs ask for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast

from tracker.delivery import fork_registry
from tracker.error_boundary import boundary, warn
from tracker.instrumentation.answers import of_sdk
from tracker.instrumentation.observation import current, failed, open_record
from tracker.instrumentation.providers.fields import field, text
from tracker.instrumentation.services.taker import Taker
from tracker.records import recorder
from tracker.records.batch_lines import TIMES, download, recognise

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

    from tracker.protocols import CallOwner

#: So many batches and files are remembered.
MAX_KNOWN = 4096
#: How the file of a batch begins whose batch nobody asked for.
BEGINNING = b'{"id": "batch_req_'
_UNKNOWN = (
    "The results of a batch were downloaded which this program did not ask for, and are not"
    " recorded: ask for it first, by client.batches.retrieve(), or hand both to"
    " record_batch_results()"
)
_LINE_END = b"\n"

Batch = dict[str, object]
# By service, and the id of a batch or of a file of its results.
_known: OrderedDict[tuple[str, str], Batch] = OrderedDict()
_lock = threading.RLock()


class Described(Taker):
    """Takes what is read of one batch, or of a page of them."""

    def __init__(self, service: str, _batch_id: str) -> None:
        self._service = service

    def take(self, told: Any) -> bool:
        """Remember the ids and times of each batch."""
        with boundary("stream"):
            listed = field(told, "data")
            for batch in listed if isinstance(listed, list) else (told,):
                self._remember(batch)
        return True

    def _remember(self, batch: Any) -> None:
        batch_id = text(field(batch, "id"))
        if batch_id is None:
            return
        known: Batch = {"id": batch_id, **{name: field(batch, name) for name in TIMES}}
        files = (text(field(batch, name)) for name in ("output_file_id", "error_file_id"))
        with _lock:
            for name in (batch_id, *files):
                if name is not None:
                    _known[(self._service, name)] = known
            while len(_known) > MAX_KNOWN:
                _known.popitem(last=False)


def results_taker(service: str, name: str) -> Results | Unknown:
    """Return what takes the results that have the *name* of a file, or of a batch."""
    batch = _known.get((service, name))
    return Unknown() if batch is None else Results(batch)


class Results(Taker):
    """Takes the lines of a file as a reader of its bytes.

    What is not read of them is booked when somebody reads it.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._owner = _owner()
        self._rest = b""
        self.reader = self

    def feed(self, data: bytes) -> list[bytes]:
        """Pass *data* on, and book the lines that it ends."""
        whole, end, rest = (self._rest + data).rpartition(_LINE_END)
        self._rest = rest
        if end:
            self._book(whole.split(_LINE_END))
        return [data]

    def end(self) -> list[bytes]:
        """Book the last line."""
        rest, self._rest = self._rest, b""
        self._book([rest])
        return []

    def parsed(self, answer: Any, *, asynchronous: bool) -> None:
        """Have the lines that a decoder makes of the bytes known as what was booked of these."""
        lines = getattr(answer, "_iterator", None) if of_sdk(answer) else None
        if lines is not None and self._owner is not None:
            answer._iterator = (_known_async if asynchronous else _known_lines)(lines, self._batch)

    def _book(self, lines: Iterable[bytes]) -> None:
        if self._owner is None:
            return
        with boundary("stream"):
            records = download(lines, self._batch, self._owner)
            observer = current.get()
            if observer is not None:
                observer.records.extend(records)
            else:
                self._owner.settle([one for one in records if not recorder.is_kept(one)])


def _known_lines(lines: Iterable[Any], batch: Batch) -> Iterator[Any]:
    for line in lines:
        with boundary("stream"):
            recognise(line, batch)
        yield line


async def _known_async(lines: AsyncIterable[Any], batch: Batch) -> AsyncIterator[Any]:
    async for line in lines:
        with boundary("stream"):
            recognise(line, batch)
        yield line


class Unknown(Taker):
    """Takes a file of which nobody said what it is: the results of a batch, it may be."""

    def __init__(self) -> None:
        self._begun = False
        self.reader = self

    def feed(self, data: bytes) -> list[bytes]:
        """Pass *data* on, and tell if it is what should have been recorded."""
        if not self._begun and data.startswith(BEGINNING):
            warn("batch", _UNKNOWN)
        self._begun = True
        return [data]

    def end(self) -> list[bytes]:
        """Nothing is left."""
        return []


def _owner() -> CallOwner | None:
    """Return the tracker to which a call would belong here and now, or None."""
    record = open_record()
    if record is None:
        return None
    failed(record)  # there is no call of its own
    return cast("CallOwner", record.owner)


def _after_fork() -> None:
    """Start a child with a free lock; what its parent learned of batches holds for it, too."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)

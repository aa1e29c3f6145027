"""Lines of a batch's results: what each says, and the record that is made of it."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.config.misuse import forgiven, tell
from tracker.context import scope
from tracker.delivery import fork_registry
from tracker.errors import ConfigurationError
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import open_for
from tracker.instrumentation.providers import PROVIDERS
from tracker.instrumentation.providers.beside import beside
from tracker.instrumentation.providers.fields import field
from tracker.instrumentation.providers.usage import model_of, usage_of
from tracker.records import recorder
from tracker.records.metric import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracker.protocols import CallOwner
    from tracker.records.pending_record import PendingRecord

# When a batch ended, by the names that the providers give it; else when it began.
TIMES = ("ended_at", "completed_at", "created_at")

#: So many results that were downloaded are remembered.
MAX_DOWNLOADED = 20_000
_downloaded: OrderedDict[str, PendingRecord] = OrderedDict()
_lock = threading.RLock()

#: Of so many parts at most a line is put together.
MAX_PARTS = 1_000

#: The end of the last year that a time can be in, in seconds since the epoch.
LATEST = 253_402_300_800


class BatchImport(NamedTuple):
    """How many lines were recorded, had failed and so were not billed, or could not be read."""

    recorded: int
    failed: int
    unreadable: int


class _Line(NamedTuple):
    """One result: whose it is, its own id, and the answer, if there is one."""

    service: str
    custom_id: str
    answer: Any
    request_id: str | None


def download(lines: Iterable[bytes], batch: object, owner: CallOwner) -> list[PendingRecord]:
    """Record *lines* of the results of *batch* that the program downloads; return the new records.

    What was recorded so is passed over from then on, by ``record_batch_results`` too: not every
    store knows that it has a record already.
    """
    records, _ = imported(lines, batch, owner)
    with _lock:
        for record in records:
            _downloaded[record.id] = record
        while len(_downloaded) > MAX_DOWNLOADED:
            _downloaded.popitem(last=False)
    return records


def imported(
    lines: Iterable[object] | str | bytes, batch: object, owner: CallOwner
) -> tuple[list[PendingRecord], BatchImport]:
    """Return the records of *lines*, but for those that were downloaded, and how many are what."""
    identity = _identity_of(batch)
    counts = {"recorded": 0, "failed": 0, "unreadable": 0}
    records = []
    for given in _each(lines):
        outcome = "unreadable"
        with forgiven("a line of batch results"):
            line = None if identity is None else _read(given)
            if line is not None and line.answer is None:
                outcome = "failed"
            elif line is not None and identity is not None:
                known = _downloaded.get(record_id(line.service, identity[0], line.custom_id))
                if known is None:
                    records.append(_book(line, *identity, owner))
                else:
                    deduplication.remember(line.answer, known, line.service, line.request_id)
                outcome = "recorded"
        counts[outcome] += 1
    return records, BatchImport(**counts)


def recognise(given: object, batch: object) -> None:
    """Have the answer of a line of *batch* known, if that was recorded when it was downloaded.

    A program that counts for itself hands the answer to its tracker.
    """
    identity = _identity_of(batch)
    line = None if identity is None else _read(given)
    if identity is None or line is None or line.answer is None:
        return
    known = _downloaded.get(record_id(line.service, identity[0], line.custom_id))
    if known is not None:
        deduplication.remember(line.answer, known, line.service, line.request_id)


def _each(lines: Any) -> Iterable[object]:
    """Return the lines that say something."""
    with forgiven("the lines of batch results"):
        # `str.splitlines` also ends a line at characters that a text in JSON may have in it.
        given = io.StringIO(lines, newline=None) if isinstance(lines, str) else lines
        each = iter(given.splitlines() if isinstance(given, bytes) else given)
        said = (line for line in each if not isinstance(line, str | bytes) or line.strip())
        return _in_one(said)
    return ()


def _in_one(lines: Iterable[object]) -> Iterator[object]:
    """Yield *lines*, texts of objects as what they say; parts of a line count as one.

    What ``iter_lines`` of the openai client gives ends at such characters too, and lacks them.
    """
    parts: list[str] = []
    for line in lines:
        if not isinstance(line, str) or not (parts or line.lstrip().startswith("{")):
            yield line
            continue
        told = _object(line)
        if told is None:
            parts.append(line)
            told = _object("".join(parts)) if len(parts) > 1 else None
            if told is None and len(parts) < MAX_PARTS:
                continue
        else:
            yield from parts
        yield from parts if told is None else (told,)
        parts = []
    yield from parts


def _object(line: str) -> dict[str, Any] | None:
    """Return what *line* says if it is the text of a JSON object."""
    import json

    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _book(line: _Line, batch_id: str, at: float, owner: CallOwner) -> PendingRecord:
    record = open_for(owner, scope.current())
    record.id = record_id(line.service, batch_id, line.custom_id)
    record.at = at
    record.batch = True
    record.source = batch_id  # a result of the batch API, not an ordinary call
    record.extra = {"provider_batch_id": batch_id, "custom_id": line.custom_id}
    if record.state.batch_id is None:
        record.state = record.state.with_ids(batch_id=batch_id)
    operation = "embedding" if field(line.answer, "object") == "list" else "completion"
    model, usage = model_of(line.answer), usage_of(line.answer)
    call = Call(line.service, operation, model, usage, line.request_id)
    told, counts, conditions = beside(line.answer)
    call = call._replace(told=told, counts=counts, conditions=conditions)
    deduplication.remember(line.answer, record, line.service, line.request_id)
    recorder.accept(record, call)
    return record


def record_id(service: str, batch_id: str, custom_id: str) -> str:
    """Return the id of the record of one result, in the form that other records' ids have."""
    import hashlib
    import json

    named = json.dumps([service, batch_id, custom_id])
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _read(given: object) -> _Line | None:
    """Return what a line of any provider says, or None if it is not one."""
    if isinstance(given, str | bytes):
        import json

        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    custom_id = field(given, "custom_id")
    if not isinstance(custom_id, str):
        return None
    for provider in PROVIDERS:
        found = None if provider.batch_result is None else provider.batch_result(given)
        if found is not None:
            return _Line(provider.name, custom_id, *found)
    return None


def _identity_of(batch: object) -> tuple[str, float] | None:
    """Return the batch's id, and the time of its records in seconds since the epoch."""
    with forgiven("a batch"):
        batch_id = field(batch, "id")
        time = next((known for name in TIMES if (known := field(batch, name)) is not None), None)
        at = _seconds(time)
        if isinstance(batch_id, str) and batch_id and at is not None:
            return batch_id, at
    tell(
        ConfigurationError(
            "the results of a batch are recorded under its id and its time: give the batch that"
            " the client's retrieve() returned, or a mapping with 'id' and 'ended_at'"
        )
    )
    return None


def _seconds(time: object) -> float | None:
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return None
    if isinstance(time, datetime):
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return float(time) if isinstance(time, int | float) and 0 < time < LATEST else None


def _after_fork() -> None:
    """Start a child with a free lock; what its parent recorded is recorded."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)

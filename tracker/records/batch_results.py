"""Importing what a provider's batch API answered: each line of a results file is one billed call.

::

    batch = client.messages.batches.retrieve(batch_id)
    record_batch_results(client.messages.batches.results(batch.id), batch)

    batch = client.batches.retrieve(batch_id)
    record_batch_results(client.files.content(batch.output_file_id).text, batch)

A record's id is made of the provider, the batch and the line's own id, and its
time is the batch's: importing the same results again changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tracker.config.misuse import forgiven, forgiving, has_methods, kind_of, tell
from tracker.context import scope
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
    from collections.abc import Iterable

    from tracker.protocols import CallOwner
    from tracker.records.pending_record import PendingRecord

# When a batch ended, by the names that the providers give it; else when it began.
TIMES = ("ended_at", "completed_at", "created_at")

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


@forgiving
def record_batch_results(
    lines: Iterable[object] | str | bytes,
    batch: object,
    *,
    tracker: CallOwner | None = None,
) -> BatchImport:
    """Record the results of a message batch of Anthropic or a batch of OpenAI.

    *lines* are the lines of the results file (text, bytes, JSON objects or the client's own
    result objects); *batch* is the client's batch object, or a mapping with its ``id`` and
    one of its times.  They are booked to *tracker*, by default to the current block's,
    at the provider's batch price.

    Lines of a batch without an id or a time cannot be recorded: that is told, and they count as
    unreadable (ConfigurationError with ``AI_USAGE_STRICT=1``).
    """
    identity = _identity_of(batch)
    owner = _tracker(tracker)
    counts = {"recorded": 0, "failed": 0, "unreadable": 0}
    records = []
    for given in _each(lines):
        outcome = "unreadable"
        with forgiven("a line of batch results"):
            line = None if identity is None else _read(given)
            if line is not None and line.answer is None:
                outcome = "failed"
            elif line is not None and identity is not None:
                records.append(_book(line, *identity, owner))
                outcome = "recorded"
        counts[outcome] += 1
    owner.settle([record for record in records if not recorder.is_kept(record)])
    return BatchImport(**counts)


def _each(lines: Any) -> Iterable[object]:
    """Return the lines that say something."""
    with forgiven("the lines of batch results"):
        each = iter(lines.splitlines() if isinstance(lines, str | bytes) else lines)
        return (line for line in each if not isinstance(line, str | bytes) or line.strip())
    return ()


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
    call = call._replace(**beside(line.answer)._asdict())
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


def _tracker(given: CallOwner | None) -> CallOwner:
    if has_methods(given, "node", "borrows", "settle"):
        return cast("CallOwner", given)
    if given is not None:
        tell(TypeError(f"record_batch_results: {kind_of(given)} is no tracker"))
    block = scope.current()
    while block is not None and not (block.is_block and block.can_record):
        block = block.parent
    if block is not None:
        recorder: CallOwner = block.tracker
        return recorder
    from tracker.ai_usage_tracker import AIUsageTracker

    return AIUsageTracker.create_for_environment()

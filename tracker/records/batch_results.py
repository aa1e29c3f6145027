"""Importing what a provider's batch API answered: each line of a results file is one billed call.

::

    batch = client.messages.batches.retrieve(batch_id)
    record_batch_results(client.messages.batches.results(batch.id), batch)

    batch = client.batches.retrieve(batch_id)
    record_batch_results(client.files.content(batch.output_file_id).text, batch)

Results that a client downloads inside a context or for a tracker are recorded by themselves, if the
same program has asked for the batch before; recording them here as well changes nothing.

A record's id is made of the provider, the batch and the line's own id, and its
time is the batch's: importing the same results again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tracker.config.misuse import forgiving, has_methods, kind_of, tell
from tracker.context import scope
from tracker.records import recorder
from tracker.records.batch_lines import BatchImport, imported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.protocols import CallOwner

__all__ = ["BatchImport", "record_batch_results"]


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
    owner = _tracker(tracker)
    records, counts = imported(lines, batch, owner)
    owner.settle([record for record in records if not recorder.is_kept(record)])
    return counts


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

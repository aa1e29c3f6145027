"""What is kept of an answer when it comes, and is read when its record is stored.

The program waits for the first, the writer has time for the second.  A model of an SDK is the
program's own, which may write to it or hold on to it: so its numbers are copied at once.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers import fields
from tracker.instrumentation.providers.beside import beside_told, beyond_usage
from tracker.instrumentation.providers.fields import text
from tracker.instrumentation.providers.usage import usage_told
from tracker.records.counts import numbers_in
from tracker.records.metric import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A named tuple's own constructor takes twice as long.
_tuple_of = tuple.__new__
#: What reads it, how the call began, the model that answered, the usage, the request id, when the
#: call ended, its failure, what else is counted, and the terms.
Kept = tuple[Any, ...]


#: What ``kept`` looks for in an answer.
READ_LATER = (
    *("_request_id", "usage", "model", "service_tier"),
    *("output", "tool_usage", "quality", "size", "svg_usage"),
)


def kept(
    begun: tuple[Any, ...], told: Mapping[str, Any], request_id: str | None, failure: str | None
) -> Kept | None:
    """Return what is to be read later of the answer that says *told*.

    None where its usage is no model of an SDK: then it is read at once.  *begun* is the call, and
    *failure* tells of an answer that could not be parsed.
    """
    usage = copied(told.get("usage"))
    if usage is None:
        return None
    words = told.get("service_tier")
    counts = None
    if "output" in told or "quality" in told:
        counts, words = beyond_usage(told.get)
    elif words is not None:
        words = {"service_tier": words}
    model = told.get("model")
    return (read, begun, model, usage, request_id, perf_counter(), failure, counts, words)


def copied(usage: Any) -> dict[str, Any] | None:
    """Return the fields of *usage*, a model of an SDK, as they are now; None if it is none."""
    if type(type(usage)) is not fields.class_of_models:
        return None
    found: dict[str, Any] = usage.__dict__.copy()
    more = usage.__pydantic_extra__
    if more:
        found.update(more)
    for value in found.values():
        if value is not None and type(value) is not int:
            break
    else:
        return found
    for name, value in found.items():
        if value is not None and type(value) is not int:
            found[name] = _inner(value)
    return found


def _inner(value: Any) -> Any:
    inner = copied(value)
    if inner is not None:
        return inner
    if isinstance(value, list | tuple):
        return [numbers_in(part) for part in value]
    return numbers_in(value) if isinstance(value, dict) else value


def read(kept: Kept) -> Call:
    """Return the call of which *kept* is what its answer told."""
    _, (service, operation, asked, record, *_), named, usage, request_id, *rest = kept
    ended, failure, counts, words = rest
    model = text(named) or text(asked)
    took = (ended - record.started) * 1000.0
    told = usage_told({"usage": usage}.get)
    end = (request_id, took, failure, False, usage, counts, words)
    return _tuple_of(Call, (service, operation, model, told, *end))


def called(
    begun: tuple[Any, ...], facts: Callable[[str], Any], request_id: str | None, failure: str | None
) -> Call:
    """Return what ``kept`` keeps, read at once."""
    service, operation, asked, record, _, _, _ = begun
    model = text(facts("model")) or text(asked)
    usage, took = usage_told(facts), record.elapsed_ms()
    return Call(
        service, operation, model, usage, request_id, took, failure, False, *beside_told(facts)
    )

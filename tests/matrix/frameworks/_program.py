"""Runs in an entry's environment: every use of a framework, and what we recorded of it.

``python -m matrix.frameworks._program NAME ORDER``, where the order is ``ours first`` (a context
was entered before the framework was imported), ``theirs first``, or ``without us``: then nothing of
ours is imported, and what is told is what each use raises by itself.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import traceback
from typing import TYPE_CHECKING, Any

from matrix import results
from matrix.catalogue import load
from matrix.frameworks import ALONE

from ._case import Kit
from ._server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tracker.records.metric import Metric

    from ._case import Case
    from ._server import Answer, Server


def told(answer: Answer, job: str) -> tuple[Any, ...]:
    """Return what a record of *answer* must say."""
    found = (answer.request_id, answer.service, answer.model)
    return (*found, answer.input_tokens, answer.output_tokens, answer.job or job)


def said(metric: Metric) -> tuple[Any, ...]:
    """Return what *metric* says of its answer."""
    found = (metric.request_id, metric.service, metric.model)
    return (*found, metric.input_tokens, metric.output_tokens, metric.job_id)


def trouble(answers: Iterable[Answer], metrics: Iterable[Metric], job: str) -> str | None:
    """Return how the records differ from the server's log, if they do."""
    due, seen = [told(answer, job) for answer in answers], [said(metric) for metric in metrics]
    if not due:
        return "the server was not asked"
    missing = [record for record in due if record not in seen]
    extra = list(seen)
    for record in due:
        if record in extra:
            extra.remove(record)
    if missing or extra:
        return f"{len(due)} answers, {len(seen)} records; not recorded {missing}, instead {extra}"
    marked = [(metric.error, metric.partial, metric.late) for metric in metrics]
    wrong = [mark for mark in marked if mark != (None, False, False)]
    return f"error, partial, late: {wrong}" if wrong else None


def used(case: Case, kit: Kit) -> None:
    """Make the use, in an event loop if it is asynchronous."""
    if inspect.iscoroutinefunction(case.run):
        asyncio.run(case.run(kit))
    else:
        case.run(kit)


def in_a_block(case: Case, server: Server) -> Kit:
    """Make the use in a block."""
    from tracker import ai_usage_context

    kit = Kit(server)
    with ai_usage_context("matrix", job_id=kit.job):
        used(case, kit)
    return kit


def wrapping(tracker: Any) -> Callable[[Any], Any]:
    """Return what wraps a client of either provider for *tracker*."""

    def wrap(client: Any) -> Any:
        provider = type(client).__module__.partition(".")[0]
        return getattr(type(tracker), f"create_wrapped_{provider}_client")(client, tracker)

    return wrap


def wrapped(case: Case, server: Server) -> Kit:
    """Make the use with wrapped clients, without a block."""
    from tracker import AIUsageTracker

    tracker = AIUsageTracker()
    kit = Kit(server, wrapping(tracker))
    tracker.set_tracking_context(job_id=kit.job)
    used(case, kit)
    return kit


def wrapped_in_a_block(case: Case, server: Server) -> Kit:
    """Make the use with wrapped clients of a block's tracker."""
    from tracker import ai_usage_context

    kit = Kit(server)
    with ai_usage_context("matrix", job_id=kit.job) as tracker:
        kit.wrap = wrapping(tracker)
        used(case, kit)
    return kit


def raised_by(error: BaseException) -> str:
    """Return what *error* is and says, without where."""
    return traceback.format_exception_only(error)[-1].strip()


def judged(
    case: Case, server: Server, way: Callable[[Case, Server], Kit]
) -> tuple[str | None, str]:
    """Make the use in one way; return what is wrong with its records, if anything is.

    And, where the use raised, what it raised.
    """
    from tracker import error_boundary
    from tracker.testing import capture

    del server.answers[:], server.strange[:]
    error_boundary.reset()
    with capture() as metrics:
        try:
            kit = way(case, server)
        except Exception as error:  # noqa: BLE001 - whatever a framework raises is told
            lines = traceback.format_exc().strip().splitlines()[-8:]
            return " | ".join(lines), raised_by(error)
        gc.collect()
    if server.strange:
        return f"the server does not know {server.strange}", ""
    held = error_boundary.counts()
    return f"held back: {held}" if held else trouble(server.answers, metrics, kit.job), ""


def alone(case: Case, server: Server) -> str:
    """Make the use where nothing of ours is; return what it raises, "" if nothing.

    A use that brings our package in by itself shows nothing of that kind.
    """
    try:
        used(case, Kit(server))
    except Exception as error:  # noqa: BLE001 - as above
        return raised_by(error) if "tracker" not in sys.modules else ""
    return ""


def main(name: str, order: str) -> int:
    """Make every use in every way that it has."""
    if order == "ours first":
        from tracker.instrumentation.installation import install

        install()
    cases = load("frameworks", name).case.found
    with serving() as server:
        for case in cases:
            if order == ALONE:
                results.tell({"use": case.name, "raised": alone(case, server)})
                continue
            ways = {"": in_a_block}
            if case.clients:
                ways |= {", wrapped": wrapped, ", wrapped in a block": wrapped_in_a_block}
            for label, way in ways.items():
                found, raised = judged(case, server, way)
                cell = f"{case.name}{label}"
                results.tell({"cell": cell, "use": case.name, "trouble": found, "raised": raised})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

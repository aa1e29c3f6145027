"""Who calls belong to, on its way to another process: W3C baggage in the headers of a request.

::

    httpx.post(url, headers=inject({}))                     # here, inside a block

    with ai_usage_context("answer", **extract(request.headers)):    # and there

A job, a batch, a user and the operation go along with HTTP requests, tasks of a queue, the input
of a state machine: with whatever has keys and texts.  Nothing is sent unless ``inject`` is called,
and never to a provider.  Baggage that arrives is a stranger's text: ``extract`` believes only what
is short, printable and of a known name; who must not choose a user names the ``fields`` to take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.config.misuse import forgiven, forgiving, has_methods
from tracker.context import scope
from tracker.propagate import carriers, members
from tracker.propagate.open_telemetry import current

if TYPE_CHECKING:
    from collections.abc import Collection

    from tracker.context.state import State

__all__ = ["FIELDS", "extract", "inject"]

#: What goes along, in the names that a context has for it.
FIELDS = ("job_id", "batch_id", "user_id", "parent_operation")


@forgiving
def inject(carrier: Any, fields: Collection[str] = FIELDS, tracker: Any = None) -> Any:
    """Add to *carrier* who calls made here belong to, and return it.

    *carrier* is a dict, or headers of any library.  Baggage that is in it, or current in
    OpenTelemetry, stays.  *tracker* is asked in place of the current block.  Where nobody is
    named, *carrier* is as it was.
    """
    with forgiven("inject"):
        told = {name: value for name, value in _told(tracker).items() if name in fields}
        written = members.named(told)
        if written:
            header = members.joined(carriers.get(carrier), written, current())
            carriers.put(carrier, header)
    return carrier


@forgiving
def extract(carrier: Any = None, fields: Collection[str] = FIELDS) -> dict[str, str]:
    """Return what *carrier* says of who calls belong to, as fields of a context.

    *carrier* is a dict, or headers of any library, or pairs of them as ASGI has; without one it is
    what OpenTelemetry has received.  What is missing, too long or no text is left out, so
    that any carrier gives a dict, which may be empty.
    """
    known: dict[str, str] = {}
    with forgiven("extract"):
        told = current() if carrier is None else members.read(carriers.get(carrier))
        known = members.believed(told)
    return {name: known[name] for name in FIELDS if name in known and name in fields}


def _told(tracker: Any) -> dict[str, Any]:
    """Return who calls made here belong to; ``None`` where nobody said."""
    state: State | None = None
    if has_methods(tracker, "node"):
        state = tracker.node().state
    elif (node := scope.current()) is not None:
        state = node.state
    if state is None:
        return {}
    return {
        "job_id": state.job_id,
        "batch_id": state.batch_id,
        "user_id": state.user_id,
        "parent_operation": state.context.get("operation_type"),
    }

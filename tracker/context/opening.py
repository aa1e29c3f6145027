"""What a block tells of itself: how it began, made into a dict on demand, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.errors import ContextFieldError
from tracker.records import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What only the tracker's constructor takes.
RESERVED_FIELDS = frozenset(
    {
        "dynamo_client",
        "environment_config",
        "log_file",
        "table_name",
        "track_to_dynamo",
        "track_to_file",
        "validate_table_environment",
    }
)
#: When a block began and ended, in nanoseconds of one clock, and what it failed with.
Outcome = tuple[int, int, str | None]


class Opening(NamedTuple):
    """What the context of a block is made of.

    Most blocks end before anybody reads their context, and for the calls of the others the
    writer does, in its own time.  ``at`` is in seconds since the epoch, ``outer`` the
    same of the block around, or its context.  ``fields`` must not change any more.  ``made`` is
    empty until somebody asked, and then has the dict.
    """

    operation: str
    fields: Mapping[str, Any]
    at: float
    thread: int
    outer: Opening | Mapping[str, Any] | None
    made: list[dict[str, Any]]

    def context(self) -> Mapping[str, Any]:
        """Return the context: operation type, time, thread, the outer context, fields."""
        # Not by recursion: a task that starts its successor makes a chain of any length.
        if self.made:
            return self.made[0]
        chain = [self]
        while isinstance(outer := chain[-1].outer, Opening) and not outer.made:
            chain.append(outer)
        for opening in reversed(chain):
            opening.made.append(opening._put_together())
        return self.made[0]

    def _put_together(self) -> dict[str, Any]:
        context: dict[str, Any] = {
            "operation_type": self.operation,
            "start_time": clock.text(self.at),
            "thread_id": self.thread,
        }
        outer = self.outer
        if outer is not None:
            told = dict(outer.made[0] if isinstance(outer, Opening) else outer)
            context["parent_operation"] = told.get("operation_type")
            context["parent_context"] = told
        for name, value in self.fields.items():
            if value is not None:
                context[name] = value
        return context


def described_end(outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* as it stands in the metadata of the block's calls."""
    began, ended, error = outcome
    told: dict[str, Any] = {
        "operation_duration_ms": (ended - began) // 1000 / 1000,
        "error_occurred": error is not None,
    }
    if error is not None:
        told["error_message"] = error
    return told


def collision(fields: Mapping[str, Any]) -> ContextFieldError:
    """Return that *fields* are not for a context, for they belong to the tracker."""
    collisions = sorted(RESERVED_FIELDS & fields.keys())
    names = ", ".join(collisions)
    return ContextFieldError(
        f"{names}: not a field of a context. Arguments of the tracker belong to its constructor"
        f" (ai_usage_context(..., tracker=AIUsageTracker({collisions[0]}=...)));"
        " other metadata needs another name"
    )

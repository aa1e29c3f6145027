"""What the parts of this package ask of a tracker, so that none of them imports the class.

Whatever has these methods is a tracker to them: a program's subclass, or a test double.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracker.context.scope import Node
    from tracker.context.standing import Standing
    from tracker.delivery.destinations import Destination
    from tracker.records.metric import Metric
    from tracker.records.pending_record import Home, PendingRecord
    from tracker.sinks.protocol import Sink


class CallOwner(Protocol):
    """What an observer of calls asks of a tracker."""

    def node(self) -> Node:
        """Return the block, or the standing state, that the tracker books to here and now."""

    def borrows(self, block: Home, *, by_client: bool = False) -> bool:
        """Return whether calls that it records inside *block*, of another tracker, take its ids.

        *by_client* says that a client which carries the tracker makes them.
        """

    def settle(self, records: Iterable[PendingRecord], *, wait: bool = True) -> None:
        """Store *records* that are not stored yet."""


class MetricOwner(Protocol):
    """What delivery asks of a tracker."""

    def priced(self, item: PendingRecord | Metric) -> Metric:
        """Return the metric of a record, with its price."""

    def sinks_at_once(self) -> Sequence[Sink]:
        """Return the stores in the program's own memory, which are called where a block ends."""

    def has_destinations(self) -> bool:
        """Whether there are other stores, too."""

    def destinations(self, *, beside: bool) -> Sequence[Destination]:
        """Return those other stores; *beside* says that a store at once has the metric already."""


class Portable(Protocol):
    """What a pickle of a tracker asks of it."""

    _standing: Standing

    def node(self) -> Node:
        """Return the block, or the standing state, that the tracker books to here and now."""

    def begin(self) -> None:
        """Observe the clients of this process from now on."""

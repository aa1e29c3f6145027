"""The shapes that this package asks of what it is handed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tracker.records.metric import Metric


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sink made of the metrics that it was handed: all it does not name is stored.

    ``retry`` are ids that it could not take now and may take later, ``rejected``
    ids that it will never take, each with the reason.
    """

    retry: frozenset[str] = frozenset()
    rejected: Mapping[str, str] = field(default_factory=dict)


ALL_STORED = Delivery()


@runtime_checkable
class Sink(Protocol):
    """A store for metrics.  It knows neither context nor tracker.

    Sinks are called from one thread at a time.
    """

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics* durably; the same ``metric.id`` again adds nothing.

        Raises (a SinkError, or whatever its client raises) if all of them are to be
        handed to it again.
        """


@runtime_checkable
class SinkOfChanges(Sink, Protocol):
    """A store in which others change records: ``reprice`` gives them the price that they lack."""

    def write_again(self, metrics: Sequence[Metric], again: Collection[str]) -> Delivery:
        """As ``write``, where those with the ids *again* may be there: their new price stays."""


@runtime_checkable
class TellingApart(Protocol):
    """A sink's module that says what tells its destinations apart, beside what makes the sink.

    Without it that is all that a sink is made with: the name of the tracker's table.
    """

    def destination(self, table_name: str, /) -> str:
        """Return what stands for where records of *table_name* go: a table, a file, an address.

        A process makes one sink for each; "" where it has one for all.  Rows in the spool wait for
        the sink with the same, of whatever process, and people see it: it holds no credential.
        It is asked for each record, and loads nothing.
        """


class ClientSink(Sink, Protocol):
    """A sink that hands metrics to a client; *kind* is the form in which that gets them."""

    kind: str
    client: Any


class MetricClient(Protocol):
    """A DynamoDB client of an application that takes whole metrics."""

    def put_ai_usage_metric(self, metric: Metric) -> object:
        """Store *metric*."""


class ItemClient(Protocol):
    """The part of boto3's low-level DynamoDB client that is used."""

    def put_item(self, *, TableName: str, Item: Mapping[str, Any]) -> object:
        """Put one DynamoDB-typed item."""

"""A metric as callers of the original know it, and its item with the keys of that's indexes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tracker.records.builder import UNKNOWN_MODEL
from tracker.records.metric import Metric
from tracker.records.sanitize import Told
from tracker.sinks.dynamodb.item import to_item, typed

if TYPE_CHECKING:
    from tracker.sinks.dynamodb.item import Item

PLACES_SERVICE, PLACES_MODEL = "google_places", "places_api"
#: What our indexes have in an item, and the original's table has not.
_OWN_KEYS = frozenset({"byDate", "byUser", "byJob", "byBatch", "byCost"})


@dataclasses.dataclass(frozen=True, slots=True)
class OriginalMetric(Metric):
    """A metric whose latency is whole milliseconds, with what only the program itself may see.

    ``message`` is the text of the exception with which the call failed; ``entity`` is the
    program's own record, where that is what was handed to be stored.
    """

    message: str | None = dataclasses.field(default=None, repr=False)
    entity: Any = dataclasses.field(default=None, compare=False, repr=False)

    @property
    def date(self) -> str:
        """The day, as in ``2026-11-30``."""
        return self.timestamp.strftime("%Y-%m-%d")

    @property
    def month(self) -> str:
        """The month, as in ``2026-11``."""
        return self.timestamp.strftime("%Y-%m")

    @property
    def hour(self) -> str:
        """The hour, as in ``2026-11-30-14``."""
        return self.timestamp.strftime("%Y-%m-%d-%H")

    def to_dynamodb_item(self) -> Item:
        """Return the DynamoDB-typed item, with the keys of the original's table and indexes."""
        item = {name: value for name, value in to_item(self).items() if name not in _OWN_KEYS}
        if self.message is not None:
            item["error"] = {"S": self.message}
        return {**{name: typed(value) for name, value in _keys(self).items()}, **item}


def of_metric(metric: Metric, message: str | None = None) -> OriginalMetric:
    """Return *metric* as callers of the original know it."""
    told = {one.name: getattr(metric, one.name) for one in dataclasses.fields(Metric)}
    if metric.latency_ms is not None:
        told["latency_ms"] = int(metric.latency_ms)
    if metric.service == PLACES_SERVICE and metric.model == UNKNOWN_MODEL:
        told["model"] = PLACES_MODEL
    return OriginalMetric(**told, message=message)


def for_program(metric: OriginalMetric) -> OriginalMetric:
    """Return *metric* with the text of the exception, for the program that raised it."""
    if metric.message is None:
        return metric
    return dataclasses.replace(metric, error=Told(metric.message, metric.error or ""))


def for_stores(metric: OriginalMetric) -> OriginalMetric:
    """Take back what ``for_program`` did: our stores keep an exception's type and its place."""
    error = metric.error
    return dataclasses.replace(metric, error=error.stored) if isinstance(error, Told) else metric


def _keys(metric: OriginalMetric) -> dict[str, str]:
    """Return the keys of the original's indexes: by service and day, by cost, by who it was for."""
    keys = {
        "GSI1PK": f"AI_USAGE#{metric.service}",
        "GSI1SK": f"DATE#{metric.date}",
        "GSI2PK": "AI_USAGE_COST",
        "GSI2SK": f"COST#{metric.date}#{metric.service}",
    }
    owners = (("JOB", metric.job_id), ("BATCH", metric.batch_id), ("USER", metric.user_id))
    owner = next((f"{kind}#{name}" for kind, name in owners if name), None)
    if owner is not None:
        keys |= {"GSI3PK": owner, "GSI3SK": f"AI_USAGE#{metric.timestamp.isoformat()}"}
    return keys

"""The application's own store, which gets metrics in the form that the original gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.config.misuse import has_methods
from tracker.original.entity import PUT, class_for, made_of
from tracker.original.metric import OriginalMetric, for_program, of_metric
from tracker.sinks.protocol import ALL_STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.records.metric import Metric
    from tracker.sinks.protocol import Delivery

#: No client has a method of this name; what seems to have it has any.
_NO_METHOD = "no_method_of_any_client"


class OriginalClientSink:
    """Hands every metric to the application's own client, as one of its class if there is one."""

    kind = "original"

    def __init__(self, client: Any, table_name: str) -> None:
        self.client = client
        self._table_name = table_name

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics*, one call each.  Raises whatever the client raises."""
        for metric in metrics:
            handed = handed_of(metric, self.client)
            if takes_metrics(self.client):
                self.client.put_ai_usage_metric(handed)
            else:
                self.client.put_item(TableName=self._table_name, Item=_item(handed, metric))
        return ALL_STORED


def handed_of(metric: Metric, client: Any) -> Any:
    """Return *metric* as the program gets it: its own entity, one of its class, or ours."""
    known = metric if isinstance(metric, OriginalMetric) else of_metric(metric)
    if known.entity is not None:
        return known.entity
    kind = class_for(client)
    return for_program(known) if kind is None else _made(known, kind)


def _made(metric: OriginalMetric, kind: type[Any]) -> Any:
    made = made_of(metric, kind)
    return for_program(metric) if made is metric else made


def takes_metrics(client: Any) -> bool:
    """Whether *client* is asked by ``put_ai_usage_metric``.

    A mock that has any attribute says nothing by having this one, unless a test gave it that.
    """
    if not has_methods(client, _NO_METHOD):
        return has_methods(client, PUT)
    told = getattr(client, "__dict__", {})
    return (PUT in told or PUT in told.get("_mock_children", {})) and has_methods(client, PUT)


def _item(handed: Any, metric: Metric) -> Any:
    """Return the item that *handed* says it is; of one that says none, ours of *metric*."""
    if has_methods(handed, "to_dynamodb_item"):
        return handed.to_dynamodb_item()
    known = metric if isinstance(metric, OriginalMetric) else of_metric(metric)
    return known.to_dynamodb_item()

"""``AIUsageTracker`` as programs reach it through the original's module.

It is a tracker of ours in all that it does; what it shows to its callers, and hands to a store of
the application, is what the original showed and handed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.ai_usage_tracker import DEFAULT_LOG_FILE, usual
from tracker.ai_usage_tracker import AIUsageTracker as OwnTracker
from tracker.config.misuse import has_methods
from tracker.context import unattributed
from tracker.original.client import OriginalClientSink, handed_of, takes_metrics
from tracker.original.entity import read
from tracker.original.environment_config import (
    DEFAULT_TABLE,
    AIUsageEnvironmentConfig,
    Environment,
    EnvironmentConfig,
)
from tracker.original.metric import OriginalMetric, for_stores, of_metric
from tracker.records.metric import Metric
from tracker.records.pending_record import PendingRecord
from tracker.records.sanitize import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.environment_config import AIUsageEnvironmentConfig as OwnEnvironmentConfig

__all__ = [
    "DEFAULT_LOG_FILE",
    "DEFAULT_TABLE",
    "AIUsageEnvironmentConfig",
    "AIUsageTracker",
    "Environment",
    "EnvironmentConfig",
]


class _TracksToDynamo:
    """Whether metrics go to the application's client: only where there is one."""

    def __get__(self, tracker: Any, _kind: object = None) -> bool:
        if tracker is None:
            return True
        wanted: bool = vars(tracker).get("_wants_dynamo", True)
        return wanted and tracker.dynamo_client is not None

    def __set__(self, tracker: Any, value: bool) -> None:
        vars(tracker)["_wants_dynamo"] = value


class AIUsageTracker(OwnTracker):
    """Books AI calls to whoever the program says they are for, and stores them.

    ``track_to_dynamo`` is false without a client.  A client gets metrics of the application's own
    class ``AIUsageMetric``, if one is loaded: by ``put_ai_usage_metric``, if it has that of its
    own, else as ``put_item``'s item.
    """

    keeps_messages = True
    track_to_dynamo: bool = _TracksToDynamo()  # type: ignore[assignment]

    @classmethod
    def environments(cls) -> type[OwnEnvironmentConfig]:
        """Return what detects environments; a program's tests replace it in this module."""
        return AIUsageEnvironmentConfig

    def fields_of_call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the original notes of a call's arguments."""
        if operation == "embedding":
            given = arguments.get("input")
            return {"input_count": len(given) if isinstance(given, list | tuple) else 1}
        names = ("temperature", "max_tokens") if operation == "completion" else ()
        return {name: arguments[name] for name in names if arguments.get(name) is not None}

    def priced(self, item: Any) -> Metric:
        """Return the metric that our stores keep of *item*, a record or what the program made."""
        if isinstance(item, PendingRecord):
            return self._metric(item, priced=True)
        if isinstance(item, Metric):
            return for_stores(item) if isinstance(item, OriginalMetric) else of_metric(item)
        return read(item)

    def _handed(self, record: PendingRecord) -> Any:
        return handed_of(self.priced(record), self.dynamo_client)

    def _metric(self, record: PendingRecord, *, priced: bool = False) -> Metric:
        error = None if record.call is None else record.call.error
        message = str(error) if isinstance(error, Told) else None
        return of_metric(super()._metric(record, priced=priced), message)

    def _has_client(self) -> bool:
        client = self.dynamo_client
        return self.track_to_dynamo and (takes_metrics(client) or has_methods(client, "put_item"))

    def _client_sink(self) -> OriginalClientSink:
        return OriginalClientSink(self.dynamo_client, self.table_name)


AIUsageTracker._usual = usual(AIUsageEnvironmentConfig)
# Looked up when called: programs' tests replace it in this module.
unattributed.made_by(lambda: AIUsageTracker())

"""The application's own class of metrics: found, made of a metric of ours, and read.

A store of the application may ask of what class its argument is.  So it gets one of the class
that its method names, or that is loaded under the original's name.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
import weakref
from collections import deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tracker.error_boundary import tolerated, unreadable
from tracker.original.metric import OriginalMetric
from tracker.records import clock
from tracker.records.builder import UNKNOWN_MODEL
from tracker.records.error_text import asked_for
from tracker.records.sanitize import LARGEST, sanitize, short

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the class is called in the original application.
CLASS_NAME = "AIUsageMetric"
PUT = "put_ai_usage_metric"
#: What a class must take to be one of metrics.
NEEDED = frozenset({"service", "model", "operation", "timestamp"})
NUMBERS = ("input_tokens", "output_tokens", "total_tokens", "github_pr")
#: How many of those that were made last are known again, if they are handed back to be stored.
MAX_MADE = 64
_BUILDING = tolerated("entity", "Cannot make a metric of the application's own class")
_READING = unreadable("entity", "A metric that the application made cannot be read")
#: What was made of which metric: its class may have no room for a mark, or for weak references.
_made: deque[tuple[Any, OriginalMetric]] = deque(maxlen=MAX_MADE)
#: What the method of a store names, by the store's class; None if it names nothing.
_by_store: weakref.WeakKeyDictionary[type, type[Any] | None] = weakref.WeakKeyDictionary()
_loaded: tuple[int, list[type[Any]]] = (0, [])


def class_for(client: object) -> type[Any] | None:
    """Return the application's class of metrics that *client* takes, or None if it has none."""
    store: type = type(client)
    if store not in _by_store:
        _by_store[store] = _named_by(store)
    return _by_store[store] or _named_like_it(store)


def made_of(metric: OriginalMetric, kind: type) -> Any:
    """Return *metric* as one of the application's class *kind*; itself if that takes none."""
    with _BUILDING:
        takes = _parameters(kind)
        told = {**_extra(metric), **_told(metric, takes)}
        made = kind(**{name: value for name, value in told.items() if name in takes})
        _made.append((made, metric))
        return made
    return metric


def read(entity: Any) -> OriginalMetric:
    """Return what our stores keep of *entity*, a metric that the application made itself."""
    known: list[OriginalMetric] = [metric for made, metric in list(_made) if made is entity]
    if known:
        return known[-1]
    get = functools.partial(_attribute, entity)
    cost = _money(get("cost_usd"))
    error = get("error")
    whole = {name: _whole(get(name)) for name in NUMBERS}
    return OriginalMetric(
        id=uuid4().hex,
        service=_text(get("service")) or UNKNOWN_MODEL,
        model=_text(get("model")) or UNKNOWN_MODEL,
        operation=_text(get("operation")) or UNKNOWN_MODEL,
        timestamp=_moment(get("timestamp")),
        user_id=_text(get("user_id")) or "default",
        environment=_text(get("environment")) or UNKNOWN_MODEL,
        job_id=_text(get("job_id")),
        batch_id=_text(get("batch_id")),
        request_id=_text(get("request_id")),
        api_calls=_whole(get("api_calls")) or 1,
        cost_usd=cost,
        list_cost_usd=cost,
        price_basis="unpriced" if cost is None else "standard",
        price_source=None if cost is None else "application",
        latency_ms=_whole(get("latency_ms")),
        error=(asked_for(error) or "error") if isinstance(error, str) and error else None,
        metadata=_metadata(get("metadata")),
        entity=entity,
        **whole,  # type: ignore[arg-type] # mypy takes them for all other fields
    )


def _named_by(store: type) -> type[Any] | None:
    """Return the class that the store's method says it takes, or that its module knows."""
    method = getattr(store, PUT, None)
    function = inspect.unwrap(method) if callable(method) else None
    if not inspect.isfunction(function):
        return None
    hints: Mapping[str, Any] = {}
    with tolerated("entity-hints", "Cannot read what a store of the application takes"):
        hints = _hints(function)
    candidates = [*hints.values(), function.__globals__.get(CLASS_NAME)]
    return next((found for found in candidates if _is_of_metrics(found)), None)


def _hints(function: Any) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError:  # imported for type checkers only
        return {}


def _named_like_it(store: type) -> type[Any] | None:
    """Return the class of the original's name that is loaded, if there is one, or one near by."""
    global _loaded
    number, found = _loaded
    # A module that was loaded anew has another class of the name.
    if number != len(sys.modules) or any(_at_home(kind.__module__) is not kind for kind in found):
        homes = [name for name in list(sys.modules) if _is_of_metrics(_at_home(name))]
        found = [kind for name in homes if (kind := _at_home(name)).__module__ == name]
        _loaded = len(sys.modules), found
    root = store.__module__.partition(".")[0]
    near = [kind for kind in found if kind.__module__.partition(".")[0] == root]
    chosen = near or found
    return chosen[0] if len(chosen) == 1 else None


def _at_home(module: str) -> Any:
    """Return what *module* calls by the original's name."""
    return getattr(sys.modules.get(module), "__dict__", {}).get(CLASS_NAME)


def _is_of_metrics(kind: object) -> bool:
    return isinstance(kind, type) and not issubclass(kind, OriginalMetric) and takes_metric(kind)


def takes_metric(kind: type) -> bool:
    """Whether *kind* is made of what a metric has."""
    return _parameters(kind).keys() >= NEEDED


@functools.lru_cache(maxsize=64)
def _parameters(kind: type) -> Mapping[str, str]:
    """Return what *kind* is made of by name, each with its annotation as text."""
    with tolerated("entity-signature", "Cannot read how a class of the application is made"):
        parameters = inspect.signature(kind).parameters.values()
        named = [one for one in parameters if one.kind is not one.VAR_KEYWORD]
        return {one.name: str(one.annotation) for one in named}
    return {}


def _told(metric: OriginalMetric, takes: Mapping[str, str]) -> dict[str, Any]:
    """Return what the original tells a metric, as it tells it."""
    cost, latency = metric.cost_usd, metric.latency_ms
    if cost is not None and "Decimal" not in takes.get("cost_usd", ""):
        cost = float(cost)  # type: ignore[assignment]
    if latency is not None:
        latency = float(latency) if "float" in takes.get("latency_ms", "") else int(latency)
    return {
        "request_id": metric.request_id or metric.id,
        "cost_usd": cost,
        "latency_ms": latency,
        "error": metric.error if metric.message is None else metric.message,
        "metadata": dict(metric.metadata),
    }


def _extra(metric: OriginalMetric) -> dict[str, Any]:
    fields = OriginalMetric.__dataclass_fields__
    return {name: getattr(metric, name) for name in fields if name not in ("message", "entity")}


def _attribute(entity: Any, name: str) -> Any:
    with _READING:
        return getattr(entity, name, None)
    return None


def _text(value: object) -> str | None:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return short(str(value))
    return None


def _whole(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return int(value)
    return None


def _money(value: object) -> Decimal | None:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        amount = Decimal(str(value))
        return amount if amount.is_finite() else None
    return None


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        with _READING:
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(clock.now(), UTC)


def _metadata(value: object) -> dict[str, object]:
    with _READING:
        made = sanitize(value) if isinstance(value, dict) else {}
        return made if isinstance(made, dict) else {}
    return {}

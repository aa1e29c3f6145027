"""A metric as one line of JSON, and back: what the spool keeps."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.records.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

_DECIMALS = ("cost_usd", "list_cost_usd")
_NOTHING = type(None)
_NOT_OURS = "not a spooled metric"
#: What JSON must have made of each kind of field.
_FORMS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, _NOTHING),
    "int": (int,),
    "int | None": (int, _NOTHING),
    "float | None": (float, int, _NOTHING),
    "bool": (bool,),
    "Basis": (str,),
    "datetime": (datetime,),
    "Decimal | None": (Decimal, _NOTHING),
    "Mapping[str, object]": (dict,),
    "Mapping[str, float]": (dict,),
    "Mapping[str, str]": (dict,),
}
#: What is in those whose values are of one kind.
_VALUES: dict[str, tuple[type, ...]] = {"counts": (int, float), "conditions": (str,)}
_MAPPINGS = ("metadata", *_VALUES)
_FIELDS = {field.name: _FORMS[str(field.type)] for field in dataclasses.fields(Metric)}


def encode(metric: Metric) -> str:
    """Return *metric* as JSON; costs are texts, so that they stay exact."""
    values = {name: getattr(metric, name) for name in _FIELDS}
    values["timestamp"] = metric.timestamp.isoformat()
    for name in _DECIMALS:
        values[name] = None if values[name] is None else str(values[name])
    for name in _MAPPINGS:
        values[name] = dict(values[name])
    return json.dumps(values, ensure_ascii=True)


def decode(text: str, row_id: str) -> Metric:
    """Return the metric that ``encode`` wrote under *row_id*.

    Fields that a newer version wrote and this one does not know are left out.
    Raises ValueError if *text* is none of ours.
    """
    try:
        told = json.loads(text).items()
        values: dict[str, Any] = {name: value for name, value in told if name in _FIELDS}
        values["timestamp"] = datetime.fromisoformat(values["timestamp"])
        for name in _DECIMALS:
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        metric = Metric(**values)
    except (AttributeError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{_NOT_OURS}: {type(error).__name__}") from error
    wrong = [
        name for name, forms in _FIELDS.items() if not isinstance(getattr(metric, name), forms)
    ]
    wrong += [
        name
        for name, forms in _VALUES.items()
        if name not in wrong
        and not all(type(value) in forms for value in getattr(metric, name).values())
    ]
    if wrong or metric.id != row_id:
        raise ValueError(f"{_NOT_OURS}: {', '.join(wrong) or 'another id'}")
    return metric


def decoded(rows: Iterable[tuple[str, str]]) -> tuple[list[Metric], dict[str, str]]:
    """Return the metrics of (id, payload) *rows*, and by id what is wrong with the others."""
    metrics: list[Metric] = []
    broken: dict[str, str] = {}
    for row_id, payload in rows:
        try:
            metrics.append(decode(payload, row_id))
        except ValueError as error:
            broken[row_id] = _told(error)
    return metrics, broken


def _told(error: ValueError) -> str:
    """Return what is wrong with a row, and nothing that the row may have chosen."""
    text = str(error)
    return text if text.startswith(_NOT_OURS) else f"{_NOT_OURS}: {type(error).__name__}"

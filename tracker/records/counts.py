"""Every count that an answer tells, under the provider's own names.

Numbers only: what a record keeps of an answer's usage has no room for a text, but for the few
short words (a service tier, a region) that its price depends on.  Pure functions, which run off
the caller's path.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

Count = int | float
Counts = Mapping[str, Count]
Conditions = Mapping[str, str]

MAX_COUNTS = 96
MAX_DEPTH = 5
MAX_LIST = 256
LARGEST = 2**63 - 1
#: Words of an answer, and of its usage, that its price depends on.
CONDITIONS = ("service_tier", "speed", "inference_geo", "quality", "size", "requested_model")
#: Of these an answer says yes or no: whether the tokens are billed by the provider itself.
SWITCHES = ("is_byok",)
#: What tells the parts of a list apart; a model may do it as well.
LABELS = ("type", "modality")
WORDS = frozenset((*CONDITIONS, *SWITCHES, *LABELS, "model"))
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}")
#: Names that were looked at already.
_names: set[object] = set()
MAX_NAMES = 1_024
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,99}")


def counts_in(told: object) -> dict[str, Count]:
    """Return the numbers in *told*, a usage as a dict or as an object, by their names.

    Nested names are joined by a dot.  The parts of a list are told apart by their type or modality,
    and their model in brackets; those that are alike are added up.
    """
    found: dict[str, Count] = {}
    _collect(told, "", found, MAX_DEPTH)
    return found


def joined(before: Mapping[str, Any], told: object) -> dict[str, Any]:
    """Return what two parts of one stream tell together, in the form of ``numbers_in``.

    The later count of a kind holds: Anthropic tells its input first and its output last.  But
    what was counted is not taken back by a part that says 0 of it, as compatible servers do.
    """
    return _joined(before, numbers_in(told)) if before else numbers_in(told)


def numbers_in(told: object, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return the numbers of *told*, and the words that tell them apart, as dicts of its shape."""
    found: dict[str, Any] = {}
    if depth == 0:
        return found
    for name, value in (_fields(told) or {}).items():
        if not isinstance(name, str) or value is None:
            continue
        if is_count(value) or (name in WORDS and isinstance(value, str | bool)):
            found[name] = value
        elif isinstance(value, list | tuple):
            found[name] = [numbers_in(part, depth - 1) for part in value[:MAX_LIST]]
        elif (inner := numbers_in(value, depth - 1)) or _fields(value) is not None:
            found[name] = inner
    return found


def _joined(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(before)
    for name, value in after.items():
        known = both.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            both[name] = _joined(known, value)
        elif value or not known:
            both[name] = value
    return both


def conditions_in(told: object) -> dict[str, str]:
    """Return the words in *told* that its price depends on."""
    fields = _fields(told)
    return {} if fields is None else words_among(fields)


def words_among(fields: Mapping[Any, Any]) -> dict[str, str]:
    """Return those of *fields* that are words which a price depends on."""
    words = {name: word for name in CONDITIONS if is_word(word := fields.get(name))}
    return words | {name: "true" for name in SWITCHES if fields.get(name) is True}


def is_word(value: object) -> TypeGuard[str]:
    """Return whether *value* is one short word, and so no text of a prompt or an answer."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """Return whether *value* is a number that counts something, and that every store can hold."""
    kind = type(value)
    if kind is int:  # as nearly all are
        return 0 <= value <= LARGEST  # type: ignore[operator]
    if kind is bool or not isinstance(value, int | float):
        return False
    return 0 <= value <= LARGEST and math.isfinite(value)


def _is_name(name: object) -> bool:
    """Return whether *name* is a name of a count; answers repeat them, so they are kept."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        return False
    if len(_names) < MAX_NAMES:
        _names.add(name)
    return True


def _collect(told: object, prefix: str, found: dict[str, Count], depth: int) -> None:
    fields = _fields(told)
    if fields is None or depth == 0:
        return
    for name, value in fields.items():
        if value is None or type(value) is str or not (name in _names or _is_name(name)):
            continue
        if is_count(value):
            if len(found) < MAX_COUNTS or prefix + name in found:
                found[prefix + name] = found.get(prefix + name, 0) + value
        elif isinstance(value, list | tuple):
            for part in value[:MAX_LIST]:
                _collect(part, f"{prefix}{name}{_label(part)}.", found, depth - 1)
        elif not isinstance(value, int | float | str):
            _collect(value, f"{prefix}{name}.", found, depth - 1)


def _label(part: object) -> str:
    fields = _fields(part) or {}
    words = [fields[name] for name in LABELS if is_word(fields.get(name))]
    model = fields.get("model")
    named = isinstance(model, str) and _MODEL.fullmatch(model) is not None
    return "".join(f".{word}" for word in words) + (f"[{model}]" if named else "")


def _fields(told: object) -> Mapping[Any, Any] | None:
    """Return the fields of a dict, of a model of an SDK, or of another plain object."""
    if type(told) is dict or isinstance(told, Mapping):
        return told
    if isinstance(told, int | float | str | bytes | list | tuple | type) or told is None:
        return None
    known = getattr(told, "__dict__", None)
    if not isinstance(known, dict):
        return None
    more = getattr(told, "__pydantic_extra__", None)
    return {**known, **more} if isinstance(more, dict) and more else known

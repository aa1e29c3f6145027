"""Reading one field of a provider's response, whatever it is made of.

Responses come as SDK objects, dicts or test doubles; only real numbers and strings are believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: The class of pydantic's classes, once a model of it was seen.
class_of_models: type | None = None


def field(record: Any, name: str) -> Any:
    """Return *name* of an object or a mapping, or None."""
    return None if record is None else reader(record)(name)


def reader(record: Any) -> Callable[[str], Any]:
    """Return the function from a name to *record*'s value of that name, or None.

    An SDK's model raises, slowly, for a field that it lacks; so its dict is read.
    """
    kind = type(record)
    if kind is dict:
        known: dict[str, Any] = record
        return known.get
    if (type(kind) is class_of_models or is_model(kind)) and not record.__pydantic_extra__:
        known = record.__dict__
        return known.get
    if isinstance(record, Mapping):
        return record.get
    return lambda name: getattr(record, name, None)


def is_model(kind: type) -> bool:
    """Return whether *kind* is a class of models; asking one is slow, so what tells it is kept."""
    global class_of_models
    if not hasattr(kind, "__pydantic_extra__"):
        return False
    if type(kind).__module__.partition(".")[0] == "pydantic":
        class_of_models = type(kind)
    return True


def text(value: object) -> str | None:
    """Return *value* if it is a text that says something."""
    return value if isinstance(value, str) and value else None


def number(value: Any) -> int | None:
    """Return *value* if it is a number of tokens."""
    return value if isinstance(value, int) and type(value) is not bool and value >= 0 else None

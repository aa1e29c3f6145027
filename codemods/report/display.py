"""Text for a terminal: what comes from a tree can say nothing to it but itself.

File names, configuration, journals and messages of the interpreter may hold control
characters, escape sequences, or marks that turn the direction of writing.  Every text
that is printed goes through here; they are shown as escapes, as Python writes them.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from codemods.model.frozen import Frozen, replace
from codemods.model.source import SourceFile

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport

T = TypeVar("T")


def line(text: str) -> str:
    """Return *text* as part of one line: a line break in it is shown as an escape too."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str, keep: str = "\n") -> str:
    """Return *text* with its lines; of what is no printable character only *keep* stays."""
    return "".join(char if char in keep else _shown(char) for char in text)


def report(given: RunReport) -> RunReport:
    """Return the report *given* with all its texts as parts of a line."""
    return cast("RunReport", _displayed(given))


def record(given: T) -> T:
    """Return *given*, a record of the model, with all its texts as parts of a line."""
    return cast("T", _displayed(given))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def _displayed(value: Any) -> Any:
    """Return *value*, a record or what one holds, with every text in it as part of a line."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return line(value)
    if isinstance(value, tuple):
        return tuple(map(_displayed, value))
    if isinstance(value, SourceFile):  # its text is not printed, and may be long
        return replace(value, display=line(value.display))
    if isinstance(value, Frozen):
        shown = {name: _displayed(getattr(value, name)) for name in value.__match_args__}
        return replace(value, **shown)
    if not hasattr(value, "__dataclass_fields__") or isinstance(value, type):
        return value
    import dataclasses  # only now: the records of a clean run are none of these

    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dataclasses.replace(value, **{k: _displayed(v) for k, v in fields.items()})

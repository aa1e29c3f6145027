"""The formats in which a run is reported, each a module of its own.

A new format is a module here with ``render``, and a line in the table: the command line offers
what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport

#: Each name with its module, which is loaded when a report is shown in it.
FORMATS = {
    "text": "codemods.report.text",
    "json": "codemods.report.json",
}
DEFAULT = "text"


@dataclass(frozen=True, slots=True)
class Look:
    """How a report for people looks; formats for programs are the same whatever it is.

    ``quiet`` shows only what needs a person.
    """

    quiet: bool = False
    coloured: bool = False


class Format(Protocol):
    """The module of a format."""

    def render(self, report: RunReport, look: Look) -> str:
        """Return the whole report, which ends with a newline unless it is empty."""


def rendered(report: RunReport, name: str, look: Look) -> str:
    """Return *report* in the format that is called *name* in the table."""
    return cast("Format", import_module(FORMATS[name])).render(report, look)

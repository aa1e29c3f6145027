"""The formats in which a run is reported, each a module of its own.

A new format is a module here with ``render``, and a line in the table: the command line offers
what is in it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from codemods.model.frozen import Frozen
from codemods.report.around import NOTHING, Around

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport

#: Each name with its module, which is loaded when a report is shown in it.
FORMATS = {
    "text": "codemods.report.text",
    "concise": "codemods.report.lines.concise",
    "full": "codemods.report.lines.full",
    "json": "codemods.report.json",
    "jsonl": "codemods.report.jsonl",
    "sarif": "codemods.report.services.sarif",
    "github": "codemods.report.services.github",
    "gitlab": "codemods.report.services.gitlab",
    "junit": "codemods.report.services.junit",
    "azure": "codemods.report.services.azure",
    "checkstyle": "codemods.report.services.checkstyle",
    "markdown": "codemods.report.services.markdown",
    "html": "codemods.report.html.page",
}
DEFAULT = "text"
#: Those that are lines for a person, or in a job's log: they may follow one another there.
LOGS = frozenset({"text", "concise", "full", "github", "azure"})
#: Those that tell more of a tree than its sources say: who owns a file.
OF_OWNERS = frozenset({"html", "sarif"})


class Look(Frozen):
    """How a report for people looks; formats for programs are the same whatever it is.

    ``quiet`` shows only what needs a person.  ``around`` is what is known beside the records,
    which formats for programs may tell too.
    """

    quiet: bool = False
    coloured: bool = False
    around: Around = NOTHING


AS_IT_IS = Look()


class Format(Protocol):
    """The module of a format."""

    def render(self, report: RunReport, look: Look) -> str:
        """Return the whole report, which ends with a newline unless it is empty."""


def rendered(report: RunReport, name: str, look: Look) -> str:
    """Return *report* in the format that is called *name* in the table."""
    return cast("Format", import_module(FORMATS[name])).render(report, look)

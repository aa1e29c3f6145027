"""Issues of an Azure pipeline: logging commands that its agent takes out of the log.

##vso[task.logissue type=warning;sourcepath=app/a.py;linenumber=3;columnnumber=5;code=AIU001;]...

The agent knows errors and warnings: what needs nobody is not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.report import display
from codemods.report.diagnostics import Level, diagnostics_of
from codemods.report.formats import AS_IT_IS

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return an issue for each place that needs a person."""
    told = (one for one in diagnostics_of(report) if one.level is not Level.NOTE)
    return "".join(_issue(one, look) + "\n" for one in told)


def _issue(diagnostic: Diagnostic, look: Look) -> str:
    properties = {
        "type": str(diagnostic.level),
        "sourcepath": display.line(look.around.in_repository(diagnostic.path)),
        "linenumber": diagnostic.line,
        "columnnumber": diagnostic.column,
        "code": diagnostic.code,
    }
    said = "".join(f"{name}={_property(str(value))};" for name, value in properties.items())
    text = "\n".join([diagnostic.sentence, *diagnostic.details])
    return f"##vso[task.logissue {said}]{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")

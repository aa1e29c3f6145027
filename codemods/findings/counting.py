"""How often each rule found something, in the place of what it found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Linted, RunReport
from codemods.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable


def without_findings(report: RunReport) -> RunReport:
    """Return *report* with what else it says of its files."""
    return replace(
        report, outcomes=tuple(one for one in report.outcomes if not isinstance(one, Linted))
    )


def statistics(report: RunReport) -> str:
    """Return a line for each rule that found something, the most frequent first."""
    counted = _counted(report)
    width = max((len(str(count)) for _, count in counted), default=0)
    return "".join(f"{count:{width}}  {code}  {RULES[code].name}\n" for code, count in counted)


def statistics_json(report: RunReport) -> str:
    """Return the same for programs."""
    told = [
        {"code": code, "name": RULES[code].name, "count": count} for code, count in _counted(report)
    ]
    return json.dumps(told, indent=2) + "\n"


def _counted(report: RunReport) -> list[tuple[str, int]]:
    linted: Iterable[Linted] = (one for one in report.outcomes if isinstance(one, Linted))
    counts = Counter(finding.code for one in linted for finding in one.findings)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

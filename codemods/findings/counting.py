"""How often each rule found something, in the place of what it found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed, Linted, Refused, RunReport
from codemods.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator


def failures(report: RunReport) -> RunReport:
    """Return *report* with what failed, and nothing else of its files."""
    return replace(report, outcomes=tuple(o for o in report.outcomes if isinstance(o, Failed)))


def statistics(report: RunReport) -> str:
    """Return a line for each rule that found something, the most frequent first.

    Of what was to be rewritten it says how much of it is, and how much needs a person.
    """
    counted = _counted(report)
    width = max((len(str(count.total())) for _, count in counted), default=0)
    lines = []
    for code, count in counted:
        parts = [f"{count[what]} {what}" for what in (_REWRITTEN, _REFUSED) if count[what]]
        more = f"  ({', '.join(parts)})" if parts else ""
        lines.append(f"{count.total():{width}}  {code}  {RULES[code].name}{more}\n")
    return "".join(lines)


def statistics_json(report: RunReport) -> str:
    """Return the same for programs."""
    told = [
        {"code": code, "name": RULES[code].name, "count": count.total()}
        | {what: count[what] for what in (_REWRITTEN, _REFUSED) if count[what]}
        for code, count in _counted(report)
    ]
    return json.dumps(told, indent=2) + "\n"


_FOUND, _REWRITTEN, _REFUSED = "found", "rewritten", "refused"


def _counted(report: RunReport) -> list[tuple[str, Counter[str]]]:
    counts: dict[str, Counter[str]] = {}
    for code, what in _all(report):
        counts.setdefault(code, Counter())[what] += 1
    return sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))


def _all(report: RunReport) -> Iterator[tuple[str, str]]:
    """Yield the code of each place that *report* tells of, and what became of it."""
    for one in report.outcomes:
        match one:
            case Linted():
                yield from ((finding.code, _FOUND) for finding in one.findings)
            case Changed():
                yield from ((made.finding.code, _REWRITTEN) for made in one.applied)
                yield from ((left.finding.code, _REFUSED) for left in one.refusals)
            case Refused():
                yield from ((left.finding.code, _REFUSED) for left in one.refusals)

"""Several reports as one: of all parts of a run, or of the repositories of a campaign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed, Linted, Refused, RunReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    from codemods.model.finding import Silenced
    from codemods.model.outcome import Applied, FileOutcome
    from codemods.model.refusal import Refusal

    About = TypeVar("About", Applied, Refusal, Silenced)


class PartsError(ValueError):
    """The reports are not all parts of one run; the message says which is missing, or twice."""


def joined(reports: Mapping[str, RunReport]) -> RunReport:
    """Return the report of the run whose parts are *reports*, by the names of their files.

    Raises PartsError.
    """
    _require_all(reports)
    return _joined(list(reports.values()))


def together(reports: Mapping[str, RunReport]) -> RunReport:
    """Return one report of several projects: each path begins with the project's name.

    What became of a project as a whole is an outcome without a path.  Raises PartsError.
    """
    return _joined([_named(name, report) for name, report in reports.items()])


def _joined(parts: Sequence[RunReport]) -> RunReport:
    if len({part.written for part in parts}) > 1:
        raise PartsError("some of the runs wrote their changes, and some did not")
    outcomes = sorted((o for part in parts for o in part.outcomes), key=lambda o: o.path)
    warnings = dict.fromkeys(warning for part in parts for warning in part.warnings)
    return RunReport(
        tuple(outcomes),
        sum(part.scanned for part in parts),
        parts[0].written,
        tuple(warnings),
    )


def _named(name: str, report: RunReport) -> RunReport:
    outcomes = tuple(_below(name, outcome) for outcome in report.outcomes)
    warnings = tuple(f"{name}: {warning}" for warning in report.warnings)
    return replace(report, outcomes=outcomes, warnings=warnings)


def _below(name: str, outcome: FileOutcome) -> FileOutcome:
    path = f"{name}/{outcome.path}" if outcome.path else name
    match outcome:
        case Changed():
            source = replace(outcome.source, display=path)
            applied = _all_below(path, outcome.applied)
            refusals = _all_below(path, outcome.refusals)
            return replace(outcome, source=source, applied=applied, refusals=refusals)
        case Refused():
            return Refused(path, _all_below(path, outcome.refusals))
        case Linted():
            found = tuple(replace(one, path=path) for one in outcome.findings)
            return Linted(path, found, _all_below(path, outcome.silenced))
        case Failed():
            return replace(outcome, path=path)
        case _:
            return outcome


def _all_below(path: str, told: tuple[About, ...]) -> tuple[About, ...]:
    return tuple(replace(one, finding=replace(one.finding, path=path)) for one in told)


def _require_all(reports: Mapping[str, RunReport]) -> None:
    """Refuse reports that are not each part once: what is missing would count as clean."""
    numbers: dict[int, str] = {}
    counts: set[int] = set()
    for name, part in reports.items():
        number, _, count = part.shard.partition("/")
        if not number.isdecimal() or not count.isdecimal():
            raise PartsError(f"{name} is the report of a whole run; merge those of --shard K/N")
        if int(number) in numbers:
            raise PartsError(f"{name} and {numbers[int(number)]} are both of part {part.shard}")
        numbers[int(number)] = name
        counts.add(int(count))
    if len(counts) > 1:
        raise PartsError(f"they are parts of {_listed(sorted(counts))}: not of one run")
    missing = [number for number in range(1, max(counts) + 1) if number not in numbers]
    if missing:
        raise PartsError(f"the report of part {_listed(missing)} of {max(counts)} is missing")


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))

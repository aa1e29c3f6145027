"""The reports of all parts of a run as the one report that the whole run would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.outcome import RunReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PartsError(ValueError):
    """The reports are not all parts of one run; the message says which is missing, or twice."""


def joined(reports: Mapping[str, RunReport]) -> RunReport:
    """Return the report of the run whose parts are *reports*, by the names of their files.

    Raises PartsError.
    """
    parts = list(reports.values())
    _require_all(reports)
    if len({part.written for part in parts}) > 1:
        raise PartsError("some of the runs wrote their changes, and some did not")
    outcomes = sorted((o for part in parts for o in part.outcomes), key=lambda o: o.path)
    runtimes = {name for part in parts for name in part.runtime.split(" and ") if name}
    warnings = dict.fromkeys(warning for part in parts for warning in part.warnings)
    return RunReport(
        tuple(outcomes),
        sum(part.scanned for part in parts),
        " and ".join(sorted(runtimes)),
        parts[0].written,
        tuple(warnings),
    )


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

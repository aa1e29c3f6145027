"""Putting together what stands in the files of a run, by folder and by owner."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.burndown.records import NOTHING, Counts, Row
from codemods.model.outcome import Changed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from codemods.model.outcome import RunReport

NOBODY = "(nobody)"


@dataclass(slots=True)
class _Sum:
    """A row while it is added up."""

    counts: Counts = NOTHING
    files: int = 0
    ready: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def row(self, name: str, *, decided: bool) -> Row:
        if not decided:
            return Row(name, self.counts, self.files)
        reasons = dict(self.reasons.most_common())
        return Row(name, self.counts, self.files, self.ready, sum(reasons.values()), reasons)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of each file that has any, and what a migration says of its sites, if asked."""

    counts: Mapping[str, Counts]
    report: RunReport | None

    def whole(self, name: str) -> Row:
        """Return the row of all files."""
        rows = self._by(lambda _path: (name,))
        return rows[0] if rows else _Sum().row(name, decided=self.report is not None)

    def by_folder(self, depth: int) -> tuple[Row, ...]:
        """Return a row for each folder, down to *depth* parts of a path."""
        return self._by(lambda path: ("/".join(path.split("/")[:-1][:depth]) or ".",))

    def by_owner(self, owners: Callable[[str], Sequence[str]]) -> tuple[Row, ...]:
        """Return a row for each owner; what several own counts for each of them."""
        return self._by(lambda path: tuple(owners(path)) or (NOBODY,))

    def _by(self, names: Callable[[str], Iterable[str]]) -> tuple[Row, ...]:
        """Return a row for each of the *names* of files, those with the most left first."""
        sums: dict[str, _Sum] = {}
        ready, reasons = self._decided()
        for path in sorted({*self.counts, *ready, *reasons}):
            for name in names(path):
                one = sums.setdefault(name, _Sum())
                counts = self.counts.get(path, NOTHING)
                one.counts += counts
                one.files += counts.legacy > 0
                one.ready += ready[path]
                one.reasons.update(reasons.get(path, {}))
        decided = self.report is not None
        rows = (one.row(name, decided=decided) for name, one in sums.items())
        return tuple(sorted(rows, key=lambda row: (-row.counts.legacy, row.name)))

    def _decided(self) -> tuple[Counter[str], dict[str, Counter[str]]]:
        """Return how many sites of each file would be rewritten, and why others would not."""
        ready: Counter[str] = Counter()
        reasons: dict[str, Counter[str]] = {}
        for outcome in self.report.outcomes if self.report is not None else ():
            if isinstance(outcome, Changed):
                ready[outcome.path] += len(outcome.applied)
            if isinstance(outcome, Changed | Refused) and outcome.refusals:
                told = (str(refusal.reason) for refusal in outcome.refusals)
                reasons.setdefault(outcome.path, Counter()).update(told)
        return ready, reasons

"""How many legacy sites are rewritten, told apart by the kind of program that they stand in.

Plain programs are what the goal is compared with.  The others are made to tempt a wrong
rewrite, so that many of their sites have to be refused: docs/adr has the decision.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .check import Result

PLAIN, PROVOKED, ALL = "plain", "with a provocation", "all"


class Sites(NamedTuple):
    """Sites of one sort: of a group of programs, for a runtime, by default or on request."""

    group: str
    runtime: str
    unsafe: bool
    rewritten: bool


@dataclass
class Reach:
    """The number of sites of each sort."""

    sites: Counter[Sites] = field(default_factory=Counter)

    def add(self, kinds: Iterable[str], result: Result) -> None:
        """Count the sites of a program of *kinds*; one of several kinds counts in each."""
        named = {*kinds}
        for group in (ALL, *({PROVOKED, *named} if named else {PLAIN})):
            for runtime, counts in _counted(result):
                for (unsafe, rewritten), count in counts.items():
                    self.sites[Sites(group, runtime, unsafe, rewritten)] += count

    def merge(self, other: Reach) -> None:
        """Count what *other* has counted."""
        self.sites.update(other.sites)

    def share(self, group: str, runtime: str, *, unsafe: bool) -> tuple[int, int]:
        """Return how many sites of *group* are rewritten for *runtime*, and of how many."""
        done, left = (self.sites[Sites(group, runtime, unsafe, does)] for does in (True, False))
        return done, done + left

    def table(self) -> list[str]:
        """Return the lines of the table: nothing if no site was counted with ``--unsafe``."""
        runtimes = sorted({sites.runtime for sites in self.sites if sites.unsafe})
        if not runtimes:
            return []
        named = {sites.group for sites in self.sites} - {PLAIN, PROVOKED, ALL}
        head = "".join(f"  {runtime:>12}  with --unsafe" for runtime in runtimes)
        lines = [f"reach, by kind of program{head}"]
        for group in (PLAIN, PROVOKED, *sorted(f"  {name}" for name in named), ALL):
            cells = [self._cell(group.strip(), r, u) for r in runtimes for u in (False, True)]
            lines.append(f"  {group:23}" + "".join(f"  {cell:>13}" for cell in cells))
        return lines

    def _cell(self, group: str, runtime: str, unsafe: bool) -> str:
        done, sites = self.share(group, runtime, unsafe=unsafe)
        return f"{100 * done / sites:.1f} % of {sites}" if sites else "no site"


def _counted(result: Result) -> Iterator[tuple[str, dict[tuple[bool, bool], int]]]:
    for runtime in sorted({*result.confirmed, *result.left}):
        yield (
            runtime,
            {
                (False, True): result.rewritten[runtime],
                (False, False): result.refused[runtime],
                (True, True): result.confirmed[runtime],
                (True, False): result.left[runtime],
            },
        )

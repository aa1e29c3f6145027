"""A rewrite that reaches over several files lands in all of them, or in none.

Pure functions over outcomes: the caller rewrites, or writes, and is told what must go back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codemods.model.outcome import FileOutcome

Groups = frozenset[str]


def in_whole_groups(
    groups: Mapping[str, Groups], attempt: Callable[[str, Groups], FileOutcome]
) -> dict[str, FileOutcome]:
    """Return the outcome of each file that still takes part, once every group is whole.

    *groups* says which groups each file takes part in; *attempt* rewrites a file for
    some of them.  A file that does not change takes its groups out of all others.
    A file that failed stays failed, whatever is left for it to do.
    """
    live = frozenset().union(*groups.values())
    failed: dict[str, FileOutcome] = {}
    while True:
        outcomes = dict(failed)
        broken: set[str] = set()
        for path, mine in groups.items():
            if path in failed or not mine & live:
                continue
            outcomes[path] = outcome = attempt(path, mine & live)
            if not isinstance(outcome, Changed):
                broken |= mine & live
                failed[path] = outcome
        if not broken:
            return outcomes
        live -= broken


def stranded(outcomes: Iterable[tuple[Groups, FileOutcome]]) -> set[str]:
    """Return the paths of the changed files that a failed one leaves without their other half.

    Each outcome comes with the groups that its file takes part in.
    """
    pairs = list(outcomes)
    lost = {group for mine, outcome in pairs if isinstance(outcome, Failed) for group in mine}
    found: set[str] = set()
    grew = True
    while grew:
        fresh = [(o.path, g) for g, o in pairs if isinstance(o, Changed) and g & lost]
        grew = any(path not in found for path, _ in fresh)
        for path, mine in fresh:
            # The whole file goes back, and with it its part in other groups.
            found.add(path)
            lost |= mine
    return found

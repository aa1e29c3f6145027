"""How the matrix is printed: a line for each entry, each cell that is not ok, and the sums."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .outcome import Outcome

#: How many cells of an entry are told one by one.
SHOWN = 40


def heading() -> str:
    """Return the first line."""
    return f"Python {platform.python_version()}, newest versions, an environment for each entry\n"


def lines(outcome: Outcome) -> Iterable[str]:
    """Give what is said of one entry."""
    if outcome.not_installed is not None:
        yield f"{outcome.entry}: CANNOT BE INSTALLED: {outcome.not_installed}"
        return
    ok = len(outcome.cells) - len(outcome.troubled) - len(outcome.failing_alone)
    counts = f"{len(outcome.cells):5} cells {ok:5} ok {len(outcome.troubled):5} not ok"
    versions = ", ".join(f"{name} {version}" for name, version in outcome.versions.items())
    yield f"{outcome.entry:34} {counts}   {versions}"
    for note in outcome.notes:
        yield f"    note: {note}"
    for cell in outcome.failing_alone:
        yield f"    FAILS WITHOUT US TOO {cell.name}: {cell.trouble}"
    for cell in outcome.troubled[:SHOWN]:
        yield f"    NOT OK {cell.name}: {cell.trouble}"
    if len(outcome.troubled) > SHOWN:
        yield f"    NOT OK and {len(outcome.troubled) - SHOWN} more"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the last line."""
    cells = sum(len(outcome.cells) for outcome in outcomes)
    bad = sum(len(outcome.troubled) for outcome in outcomes)
    absent = [outcome.entry for outcome in outcomes if outcome.not_installed is not None]
    alone = sum(len(outcome.failing_alone) for outcome in outcomes)
    text = f"{cells} cells: {cells - bad - alone} ok, {bad} not ok; "
    text += f"{alone} fail without us too; " if alone else ""
    text += f"{len(outcomes) - len(absent)} entries"
    return text + (f"; could not be installed: {', '.join(absent)}" if absent else "")


def status(outcomes: Sequence[Outcome]) -> int:
    """Return the exit status.

    1 if a cell is not ok, or an entry has none that shows something; 3 if packages could not be
    installed although there may be releases that fit; else 0.
    """
    shown = [len(o.cells) - len(o.failing_alone) for o in outcomes]
    if any(o.troubled or not (n or o.not_installed) for o, n in zip(outcomes, shown, strict=True)):
        return 1
    unknown = any(o.not_installed is not None and not o.impossible for o in outcomes)
    return 3 if unknown or not any(o.cells for o in outcomes) else 0

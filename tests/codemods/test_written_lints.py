"""What lint says of what ``migrate`` writes: nothing that was not there before, but for a few.

Each fixture is asked about with ``HYPOTHESIS_SEARCH=1``; without it, one of eight by its name.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import report
from many_cases import all_cases
from rows import fixtures, run_fixture

from codemods.model.outcome import Linted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rows import Fixture

#: Findings that a rewrite may bring, for only a person can answer them.
ALLOWED = {
    "AIU007": "two trackers of the program stay two, and the second one's block is in the first's",
    "AIU012": "a function that built a tracker of its own, in another's block, keeps it",
    "AIU015": "a tracker that was given no id has a block that is given none",
}
#: Those of what a person confirmed.
CONFIRMED = {"AIU016": "a call that had ids of a method which ran before it has none any more"}
PART = 1 if os.environ.get("HYPOTHESIS_SEARCH") else 8
FIXTURES = [f for f in fixtures() if zlib.crc32(f.name.encode()) % PART == 0]


def told(folder: Path, files: Mapping[str, str], options: Mapping[str, object]) -> Counter[str]:
    """Return how often lint tells each code of *files*."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    outcomes = report(folder, lint=True, **options).outcomes
    return Counter(f.code for o in outcomes if isinstance(o, Linted) for f in o.findings)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_nothing_new_is_told_of_what_is_written(fixture: Fixture, tmp_path: Path) -> None:
    """The rewritten project has no finding more, of any kind but those that are listed.

    Nor has what --unsafe makes of it, where the fixture does not choose such an option itself.
    """
    chosen = any(fixture.options.get(name) for name in ("strict", "unsafe"))
    with all_cases() as cases:
        for unsafe in (False,) if chosen else (False, True):
            with cases.trying("unsafe" if unsafe else "default"):
                nothing_new_is_told(fixture, unsafe, tmp_path / str(unsafe))


def nothing_new_is_told(fixture: Fixture, unsafe: bool, folder: Path) -> None:
    """Assert it of what one of the two ways writes."""
    asked = {"unsafe": True} if unsafe else {}
    outcomes = run_fixture(fixture, "tracker", **asked)
    written = {name: outcome.text for name, outcome in outcomes.items()}
    same = {n: o.text for n, o in run_fixture(fixture, "tracker").items()} if unsafe else {}
    if not any(outcome.changed for outcome in outcomes.values()) or written == same:
        return
    after = told(folder / "after", written, fixture.options)
    if set(after) - set(ALLOWED):
        after -= told(folder / "before", fixture.files, fixture.options)
    assert set(after) <= {*ALLOWED, *(CONFIRMED if unsafe else ())}

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
from rows import fixtures, run_fixture

from codemods.model.outcome import Linted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rows import Fixture

pytestmark = pytest.mark.by_case

#: Findings that a rewrite may bring, for only a person can answer them.
ALLOWED = {
    "AIU007": "two trackers of the program stay two, and the second one's block is in the first's",
    "AIU012": "a function that built a tracker of its own, in another's block, keeps it",
    "AIU015": "a tracker that was given no id has a block that is given none",
}
#: Those of what a person confirmed.
CONFIRMED = {"AIU016": "a call that had ids of a method which ran before it has none any more"}
PART = 1 if os.environ.get("HYPOTHESIS_SEARCH") else 8
CASES = [
    pytest.param(fixture, unsafe, id=f"{fixture.name}-{'unsafe' if unsafe else 'default'}")
    for fixture in fixtures()
    if zlib.crc32(fixture.name.encode()) % PART == 0
    for unsafe in (False, True)
    if not (unsafe and {"strict", "unsafe"} & {k for k, v in fixture.options.items() if v})
]


def told(folder: Path, files: Mapping[str, str], options: Mapping[str, object]) -> Counter[str]:
    """Return how often lint tells each code of *files*."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    outcomes = report(folder, lint=True, **options).outcomes
    return Counter(f.code for o in outcomes if isinstance(o, Linted) for f in o.findings)


@pytest.mark.parametrize(("fixture", "unsafe"), CASES)
def test_nothing_new_is_told_of_what_is_written(
    fixture: Fixture, unsafe: bool, tmp_path: Path
) -> None:
    """The rewritten project has no finding more, of any kind but those that are listed."""
    asked = {"unsafe": True} if unsafe else {}
    outcomes = run_fixture(fixture, "tracker", **asked)
    written = {name: outcome.text for name, outcome in outcomes.items()}
    same = {n: o.text for n, o in run_fixture(fixture, "tracker").items()} if unsafe else {}
    if not any(outcome.changed for outcome in outcomes.values()) or written == same:
        return
    after = told(tmp_path / "after", written, fixture.options)
    if set(after) - set(ALLOWED):
        after -= told(tmp_path / "before", fixture.files, fixture.options)
    assert set(after) <= {*ALLOWED, *(CONFIRMED if unsafe else ())}

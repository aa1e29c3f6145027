"""What the oracle tells of reach: which sites are rewritten, in which kind of program."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .check import Result, check
from .program import Program
from .reach import ALL, PLAIN, PROVOKED, Reach

if TYPE_CHECKING:
    from pathlib import Path

# unit1 inherits the batch of unit2 if it is called again, which whoever runs it can rule out.
LEAKING = """\
from llm import client
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

tracker = AIUsageTracker()

def unit1():
    tracker.set_tracking_context(job_id="job1")
    tracker.track_openai_completion(client.chat.completions.create)(model="m1")

def unit2():
    tracker.set_tracking_context(batch_id="batch1")
    tracker.track_openai_completion(client.chat.completions.create)(model="m2")

def run():
    unit1()
    unit2()
"""


def _result(rewritten: int, refused: int, confirmed: int, left: int) -> Result:
    made, kept, more, less = (Counter(tracker=n) for n in (rewritten, refused, confirmed, left))
    return Result(rewritten=made, refused=kept, confirmed=more, left=less)


def test_plain_programs_are_told_apart_from_provocations() -> None:
    """A program without a kind is plain; one of several kinds counts in each, and once in all."""
    reach = Reach()
    reach.add((), _result(3, 1, 4, 0))
    reach.add(("store", "later"), _result(0, 2, 1, 1))
    shares = {g: reach.share(g, "tracker", unsafe=False) for g in (PLAIN, PROVOKED, "store", ALL)}
    assert shares == {PLAIN: (3, 4), PROVOKED: (0, 2), "store": (0, 2), ALL: (3, 6)}
    assert reach.share("later", "tracker", unsafe=True) == (1, 2)
    assert [line.split()[0] for line in reach.table()[1:]] == [
        "plain",
        "with",
        "later",
        "store",
        "all",
    ]
    assert "75.0 % of 4" in reach.table()[1]


def test_sums_of_processes_are_the_sums_of_their_programs() -> None:
    """What two processes have counted adds up; where nothing was asked, nothing is told."""
    one, other = Reach(), Reach()
    one.add((), _result(1, 1, 1, 1))
    other.add((), _result(1, 0, 1, 0))
    one.merge(other)
    assert one.share(PLAIN, "tracker", unsafe=False) == (2, 3)
    assert Reach().table() == []


def test_sites_are_counted_by_default_and_on_request(tmp_path: Path) -> None:
    """What only ``--unsafe`` rewrites is refused by default."""
    result = check(Program(LEAKING), tmp_path)
    assert result.problems == []
    assert result.refused == {"tracker": 1, "conservative": 1}
    assert result.confirmed == {"tracker": 1, "conservative": 1}
    assert not result.left.total()

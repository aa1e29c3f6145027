"""Threads, tasks and nested blocks: no call is attributed to somebody else's job."""

from __future__ import annotations

import pytest
from interleaving import TASKS, THREADS, Interleaving


@pytest.mark.parametrize("seed", [1, 2])
def test_no_call_goes_to_a_wrong_job(seed: int) -> None:
    """Eight threads of fifty tasks, on shared and own trackers; the long form runs 10,000."""
    assert Interleaving(seed).run(THREADS, TASKS) == []


@pytest.mark.parametrize("seed", range(100, 120))
def test_nor_in_smaller_plans(seed: int) -> None:
    """Fewer threads and tasks, more plans."""
    assert Interleaving(seed).run(3, 4) == []

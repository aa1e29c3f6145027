"""The orders in which tests run, and the command that runs them beside others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ordering import modules, shuffled

from tests.busy import counted

ROOT = Path(__file__).resolve().parents[1]


def items(*names: str) -> list[Any]:
    """Return tests called *names*."""
    return [SimpleNamespace(nodeid=name) for name in names]


def names(found: list[Any]) -> list[str]:
    """Return what the tests are called."""
    return [item.nodeid for item in found]


TESTS = [f"{module}.py::test_{number}" for module in "abcd" for number in range(6)]


def test_a_seed_gives_one_order() -> None:
    """The same one each time, in every process; another seed gives another; none is left out."""
    first = names(shuffled(items(*TESTS), "7"))
    assert first == names(shuffled(items(*TESTS), "7"))
    assert first != names(shuffled(items(*TESTS), "8"))
    assert sorted(first) == TESTS
    assert first != TESTS


def test_a_module_s_tests_stay_together() -> None:
    """What is set up for a module is set up once; its tests are in another order all the same."""
    found = [names(module) for module in modules(shuffled(items(*TESTS), "7"))]
    assert len(found) == 4
    assert [sorted(module) for module in found] != found


def busy(*arguments: str) -> tuple[int, str]:
    """Return the status of ``python -m tests.busy`` and what it printed."""
    how = ["1", "--seed", "5", "--processes", "0"]
    command = [sys.executable, "-m", "tests.busy", *how, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.lengthy
def test_a_busy_run_is_told_by_its_seed() -> None:
    """A line for each run, with what repeats its order; a run that fails is status 1, and shown."""
    status, told = busy("--hogs", "0", "--only", f"{__file__}::test_a_seed_gives_one_order")
    assert status == 0, told
    assert told.splitlines()[2].split()[0] == "5"
    status, told = busy("--hogs", "1", "--only", "tests/contract/no_such_test.py")
    assert status == 1
    assert "The order of 5 ended with status " in told


def test_counts_are_read_off_the_last_line() -> None:
    """Failures and errors are not passed over."""
    assert counted("1 passed\n1 failed, 20 passed, 2 errors in 3.00s\n") == {
        "passed": 20,
        "failed": 1,
        "error": 2,
    }
    assert counted("") == {"passed": 0, "failed": 0, "error": 0}

"""A build does not fail by chance: each test has the same examples in every run."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def drawn() -> list[int]:
    """Return the numbers that a test is given that looks for no new ones."""
    numbers: list[int] = []

    @settings(max_examples=300, derandomize=True, database=None, deadline=None)
    @given(st.integers(0, 2**32))
    def note(number: int) -> None:
        numbers.append(number)

    note()
    return numbers


def test_imports_change_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was imported before, by other tests of the same process, draws no other examples."""
    before = drawn()
    path = tmp_path.parents[1] / "imported_by_another.py"
    path.write_text("NUMBERS = [" + ", ".join(str(n) for n in range(70_001, 70_300)) + "]\n")
    spec = importlib.util.spec_from_file_location("imported_by_another", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "imported_by_another", module)
    spec.loader.exec_module(module)
    assert drawn() == before
    path.unlink()

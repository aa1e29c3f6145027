"""The short form of ``make oracle-rollback``: a few programs, back and forth, and executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .grammar import numbered
from .rollback import check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("index", range(12))
def test_generated_programs_go_back(index: int, tmp_path: Path) -> None:
    """Rolled back they run as before their migration, and migrate to the same again."""
    assert check(numbered(2, index), tmp_path).problems == []

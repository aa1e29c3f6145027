"""Where runs of the tools are started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codemods.runner import many_files

if TYPE_CHECKING:
    from pathlib import Path

# A run in a test's own process starts no others by itself: each would import the tools first, and
# a test over fixtures would take seconds from the day that there are enough of them.
many_files._FILES_A_PROCESS = 10**9


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which runs are started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path

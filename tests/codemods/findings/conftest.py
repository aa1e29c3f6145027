"""How lint is run over the folder of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codemods import lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def run(start: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return what lints the folder, and returns status, output and errors."""

    def linted(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = lint.main([*arguments, "."])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return linted

"""The folder that relative paths start from: a program changes its own, and no record follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def here() -> str:
    """Return the current folder; the root where there is none any more."""
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib loads later
    except OSError:
        return os.sep


#: Where the program began, in which its environment's variables were written.
START = here()


def named(text: str) -> Path:
    """Return the path that a variable of the environment names."""
    from pathlib import Path

    return START / Path(text).expanduser()

"""How a program of the matrix tells the command what it saw: JSON lines in a file.

Its output is no place for them: the libraries beside it write there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

#: The variable that names the file.
VARIABLE = "MATRIX_RESULTS"


def tell(record: dict[str, Any]) -> None:
    """Give *record*, which JSON can write, to the command that started this program."""
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as results:
        results.write(json.dumps(record) + "\n")


def told(path: Path) -> list[dict[str, Any]]:
    """Return what the program that had *path* told."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

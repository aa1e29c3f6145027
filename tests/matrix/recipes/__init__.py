"""The recipes of docs/recipes.md for packages that are too large for the suite.

A cell is one recipe, run as it stands on the page with the newest packages, against the server of
the frameworks: it is ok when each answer is a record of the job that the recipe names.

An entry has, besides ``REQUIREMENTS``, ``HEADING``, the recipe's on the page, and ``run(names)``,
which uses what the recipe's code defines and returns the jobs that are due.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from matrix.outcome import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix.catalogue import Entry
    from matrix.environment import Environment

TITLE = "recipes"
PROGRAM = "recipes._program"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "recipes.md"
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections() -> dict[str, str]:
    """Return the code of each recipe by its heading; of some there is none."""
    _, *parts = HEADING.split(PAGE.read_text(encoding="utf-8"))
    texts = zip(parts[::2], parts[1::2], strict=True)
    return {heading: "\n".join(CODE.findall(text)) for heading, text in texts}


def cells(entry: Entry, environment: Environment) -> Iterator[Cell]:
    """Run the recipe once."""
    for record in environment.run(PROGRAM, entry.name):
        yield Cell(record.get("cell", "the program"), record.get("ended", record.get("trouble")))

"""What the matrix finds: records that the command prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that was tried; ``trouble`` says what was not as it should be, if anything.

    With ``alone`` it fails in the same way where nothing of ours is: there is nothing to compare.
    """

    name: str
    trouble: str | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one entry: its cells, or why its packages could not be installed.

    ``impossible`` tells that no release of theirs is for this interpreter and these
    dependencies of ours; otherwise another try may succeed.  ``notes`` are for people.
    """

    entry: str
    cells: tuple[Cell, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    not_installed: str | None = None
    impossible: bool = False
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> list[Cell]:
        """The cells that are not ok."""
        return [cell for cell in self.cells if cell.trouble is not None and not cell.alone]

    @property
    def failing_alone(self) -> list[Cell]:
        """The cells that show nothing, since what they use fails without us too."""
        return [cell for cell in self.cells if cell.alone]

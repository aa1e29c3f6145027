"""How processes share the files of a project, and tell each other what they found."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Yields what one process has found, and is sent what all have, in the order of their numbers.
Gathering = Generator[Any, list[Any], None]


@dataclass(frozen=True, slots=True)
class Share:
    """The files that process *number* of *count* reads: *given* by their places, else by chance."""

    number: int = 0
    count: int = 1
    given: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_part(self) -> bool:
        """Whether others have files, too."""
        return self.count > 1

    def has(self, place: str) -> bool:
        """Whether the file at *place* is one of them."""
        if self.count == 1:
            return True
        owner = self.given.get(place)
        if owner is None:
            owner = zlib.crc32(place.encode(errors="surrogateescape")) % self.count
        return owner == self.number


EVERYTHING = Share()


def alone(gathering: Gathering) -> None:
    """Have one process find all of it."""
    try:
        found = next(gathering)
        while True:
            found = gathering.send([found])
    except StopIteration:
        pass

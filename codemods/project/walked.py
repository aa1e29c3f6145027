"""What a discovery depended on, for whoever wants to know whether another would find the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def unsigned(path: str) -> bytes:
    """Return nothing about *path*: nobody asks."""
    del path
    return b""


@dataclass(slots=True)
class Walked:
    """What a discovery depended on: folders that it walked, and files in them with rules for it.

    ``seen`` has for each what ``sign`` said of it before it was read.  The discovery is ``plain``
    if nothing else decided which files there are: no git, no link, no single file that was
    named, no folder that could not be read.
    """

    sign: Callable[[str], bytes]
    seen: dict[str, bytes] = field(default_factory=dict)
    plain: bool = True

    def enter(self, path: str) -> None:
        """Take note of *path*, which is read next."""
        self.seen[path] = self.sign(path)

"""What a discovery depended on, for whoever wants to know whether another would find the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def unsigned(path: str) -> bytes:
    """Return nothing about *path*: nobody asks."""
    del path
    return b""


class Walked:
    """What a discovery depended on: folders that it walked, and files in them with rules for it.

    ``seen`` has for each what ``sign`` said of it before it was read.  The discovery is ``plain``
    if nothing else decided which files there are: no git, no link, no single file that was
    named, no folder that could not be read.
    """

    def __init__(self, sign: Callable[[str], bytes]) -> None:
        self.sign = sign
        self.seen: dict[str, bytes] = {}
        self.plain = True

    def enter(self, path: str) -> None:
        """Take note of *path*, which is read next."""
        self.seen[path] = self.sign(path)

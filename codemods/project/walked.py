"""What is told of a discovery: what it depended on, and how reports name what it found.

The first is for whoever wants to know whether another would find the same.  Paths are text here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed

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


def joined(folder: str, name: str) -> str:
    """Return the path of *name* in *folder*."""
    return folder + name if folder.endswith(os.sep) else folder + os.sep + name


def display(absolute: str, cwd: str, *, relative: bool) -> str:
    """Return how reports name *absolute*: relative to *cwd* if it is below it or was so named."""
    if absolute == cwd:
        return "."
    if absolute.startswith(joined(cwd, "")):
        shown = absolute[len(joined(cwd, "")) :]
    else:
        shown = os.path.relpath(absolute, cwd) if relative else absolute
    return shown.replace(os.sep, "/")


def printable(shown: str) -> str:
    """Return *shown* fit for any report: control characters and undecodable bytes escaped."""
    if shown.isprintable():
        return shown
    return shown.encode("unicode_escape").decode("ascii")


def unreachable(shown: str, error: OSError | ValueError) -> Failed:
    """Return the failure for a path of the command line, or a folder, that cannot be read."""
    shown = printable(shown)
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        advice = "Correct the path; it is relative to the folder where the run is started."
        return Failed(shown, "read", "there is no such file or folder", advice)
    reason = (error.strerror or str(error)).lower()
    advice = "Give yourself permission to read it, or leave it out with `exclude`."
    return Failed(shown, "read", f"it cannot be read: {reason}", advice)

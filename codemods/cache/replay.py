"""What a lint printed is printed again, before anything else is imported.

Where each file and folder is what it was, a run has nothing to parse and no option to look at: what
the last run with the same command line printed is kept beside what it looked at.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from codemods.cache.signature import LARGEST, digest_of, listing, signatures, tool
from codemods.project.folders import ANY_BY_OTHERS, WRITE_BY_OTHERS, require_owner
from codemods.project.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.cache.frame import Parts

FOLDER = ".ai_usage_cache"
#: Where the cache lies if not in the project.
PLACE = "AI_USAGE_CACHE_DIR"
#: Fewer files are read sooner than what is known of them.
LEAST_FILES = 100
#: The endings of what a run looked at, and of what it printed.
LOOKED_AT, PRINTED = ".run", ".out"
_MAGIC = b"ai-usage output 2\n"
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
#: What decides on the form of an output, beside the command line.
_AROUND = ("HOME", "NO_COLOR")


def told(command: str, arguments: Sequence[str]) -> tuple[str, int] | None:
    """Return what *command* would print, and its exit status; None if only a run can tell."""
    try:
        place = _place(os.getcwd())  # noqa: PTH109 - pathlib takes longer than all of this
        if place is None or PLACE in os.environ or os.open not in os.supports_dir_fd:
            return None
        return _believed(place, name_of(command, arguments))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def name_of(command: str, arguments: Sequence[str]) -> str:
    """Return the name under which the output of this command line, started here, is kept."""
    around = (os.environ.get(name, "") for name in _AROUND)
    said = (command, *arguments, os.getcwd(), *around, sys.version)  # noqa: PTH109
    return digest_of("\0".join(said).encode("utf-8", "surrogateescape"), 16).hex()


def sealed(text: str, status: int, run: str, looked_at: bytes) -> bytes | None:
    """Return *text* and *status* as a file of the cache; None where *text* is not to be kept.

    They hold as long as *looked_at* is what is kept of the run called *run*.
    """
    if not _is_plain(text):
        return None
    import json

    from codemods.cache import frame

    head = {
        "run": run,
        "of": frame.checksum_in(looked_at).hex(),
        "status": status,
        "tool": tool(),
    }
    return frame.sealed(_MAGIC, json.dumps(head).encode() + b"\n" + text.encode())


def _is_plain(text: str) -> bool:
    """Whether *text* moves no cursor, whoever has written it."""
    return all(line.isprintable() for line in text.split("\n"))


def _believed(place: str, name: str) -> tuple[str, int] | None:
    printed = _private(place, name + PRINTED)
    import json  # only now: of a few files nothing is kept

    from codemods.cache import frame

    body = bytes(frame.unsealed(_MAGIC, printed))
    line, _, rest = body.partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    run, status, text = str(head["run"]), int(head["status"]), rest.decode()
    if not run.isalnum() or not _is_plain(text) or head["tool"] != tool():
        return None
    content = _private(place, run + LOOKED_AT)
    if frame.checksum_in(content).hex() != head["of"]:
        return None
    return (text, status) if _is_same(frame.parts_of(content), place) else None


def _is_same(parts: Parts, place: str) -> bool:
    """Whether all that a run looked at is what it was then."""
    head, _, numbers, paths = parts
    above, name = os.path.split(place)
    beside = head["listing"]
    if head["found"] is None or (beside and beside != listing(above, name)):
        return False
    return signatures(paths) == numbers


def _place(here: str) -> str | None:
    """Return the cache of the folder *here*, or of the nearest one above that has one."""
    while True:
        place = os.path.join(here, FOLDER)  # noqa: PTH118 - strings all through
        if os.path.isdir(place):  # noqa: PTH112
            return place
        above = os.path.dirname(here)  # noqa: PTH120
        if above == here:
            return None
        here = above


def _private(place: str, name: str) -> bytes:
    """Return the content of the file *name* of the cache; raises OSError if it is not ours."""
    folder = os.open(place, _FOLDER)
    try:
        status = os.fstat(folder)
        require_owner(status, FOLDER)
        modes = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode & ANY_BY_OTHERS
        if modes or status.st_mode & WRITE_BY_OTHERS:
            raise PermissionError("others may write there")
        return read_regular(name, LARGEST, dir_fd=folder, follow=False)
    finally:
        os.close(folder)

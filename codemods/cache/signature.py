"""How a file or folder is known to be what it was, at the price of one look and no reading.

Whoever writes a file changes its time of change, which no program can set.  Of what was changed
right before or after somebody looked, the clock may show the same time: it is known for nothing.
"""

from __future__ import annotations

import os
from array import array
from functools import cache
from typing import TYPE_CHECKING

try:  # what hashlib has, which loads the libraries of OpenSSL beside it
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Numbers in a signature: when it was modified, and changed, its size and which file it is.
NUMBERS = 4
WIDTH = NUMBERS * 8
#: Of what is kept of one run, in bytes: of 500,000 files, about.
LARGEST = 64 << 20
#: The coarsest clock of a file system counts in steps of two seconds.
_MARGIN = 2_100_000_000
_LARGEST = (1 << 63) - 1
_ABSENT = (0, 0, 0, 0)
#: The folder of these tools.
_TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def digest_of(content: bytes | memoryview, size: int) -> bytes:
    """Return *size* bytes that tell *content* from any other."""
    return blake2b(content, digest_size=size).digest()


def signatures(paths: Iterable[str]) -> array[int]:
    """Return the signatures of *paths*, one behind the other; zeros for what is not there."""
    found = array("q")
    add, stat = found.extend, os.stat
    for path in paths:
        try:
            one = stat(path)
        except (OSError, ValueError):
            add(_ABSENT)
        else:
            # Which file it is, on which device: both count from 1, and seldom up to the sign.
            which = one.st_ino ^ one.st_dev
            if which > _LARGEST:
                which &= _LARGEST
            add((one.st_mtime_ns, one.st_ctime_ns, one.st_size, which))
    return found


def signature(path: str) -> bytes:
    """Return the signature of *path*."""
    return signatures((path,)).tobytes()


def listing(folder: str, without: str) -> str:
    """Return what tells the entries of *folder*, *without* one, from others; "" if it has none.

    Of the folder that the cache is made in it is not the time that counts.
    """
    told: list[bytes] = []
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.name != without:
                    kind = f"{entry.is_symlink()} {entry.is_dir(follow_symlinks=False)}"
                    told += (os.fsencode(entry.name), kind.encode())
    except OSError:
        return ""
    return digest_of(b"\0".join((*told, b"")), 16).hex()


def at_rest(numbers: array[int], at: int, looked: int) -> bool:
    """Whether a change after *looked*, in nanoseconds, would show in number *at* of *numbers*."""
    start = at * NUMBERS
    return max(numbers[start], numbers[start + 1]) < looked - _MARGIN


@cache
def tool() -> str:
    """Return what identifies the code of these tools: they may be a checkout that changes.

    It looks at each module, so it is asked where something is kept, or was.
    """
    waiting, found = [_TOOLS], []
    for folder in waiting:  # it grows on the way
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    return digest_of("\0".join(found).encode("utf-8", "surrogateescape"), 16).hex()

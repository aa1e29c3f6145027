"""One writer at a time in the journal of a folder, however many runs there are.

The system lets a lock go when its holder ends, in whatever way: a run that was
killed never stands in the way of the next one.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # a system without it
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.project.folders import Folder

_NAME = "lock"


@contextmanager
def locked(folder: Folder) -> Iterator[bool]:
    """Hold the lock of *folder*, after whoever holds it now; yields False if it has no locks.

    Raises OSError where the lock's file is none of this user's.
    """
    descriptor = folder.open_lock(_NAME)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def keeps_modes(folder: Folder) -> bool:
    """Tell whether the file system of *folder* keeps what is private so, by the lock's file."""
    descriptor = folder.open_lock(_NAME)
    try:
        os.fchmod(descriptor, 0o600)
        return not os.fstat(descriptor).st_mode & 0o077
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True

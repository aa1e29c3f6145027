"""Noticing that a SQLite file was damaged, and setting it aside with what can be kept of it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker.records.clock import steady
from tracker.sinks.user_files import make_file

if TYPE_CHECKING:
    from pathlib import Path

#: How long the pages of a file that others write to are looked at, while records wait.
GLANCE_SECONDS = 0.25
BUSY_TIMEOUT_SECONDS = 1.0
_MAGIC = b"SQLite format 3\x00"
_ENDINGS = frozenset({".db", ".db3", ".sqlite", ".sqlite3"})


class Seen(NamedTuple):
    """What tells one state of a file, and of the log beside it, from another."""

    file: tuple[int, int]
    log: tuple[int, int]
    size: int
    changed: int

    def is_same_file(self, other: Seen) -> bool:
        """Whether neither the file nor its log was replaced or removed."""
        return (self.file, self.log) == (other.file, other.log)


UNSEEN = Seen((0, 0), (0, 0), 0, 0)


def seen(path: Path) -> Seen:
    """Return the state that *path* is in."""
    found, log = _status(path), _status(path.with_name(path.name + "-wal"))
    inode = (0, 0) if log is None else (log.st_dev, log.st_ino)
    if found is None:
        return Seen((0, 0), inode, 0, 0)
    return Seen((found.st_dev, found.st_ino), inode, found.st_size, found.st_mtime_ns)


def _status(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.stat()
    return None


def says_corrupt(error: sqlite3.Error) -> bool:
    """Whether *error* says that a file is not, or no longer, a database."""
    text = str(error)
    return "malformed" in text or "not a database" in text


def schema_of(path: Path, *, thoroughly: bool) -> int:
    """Look at *path* as it lies on the disk, without its log; return its schema's version.

    Raises sqlite3.DatabaseError where it may be damaged: ``set_aside`` knows for sure.
    """
    uri = f"{path.resolve().as_uri()}?immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as file:
        (pages,) = file.execute("PRAGMA page_count").fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
        # SQLite believes the size on the disk where the header's is out of date.
        if path.stat().st_size < max(pages, 1) * size:
            raise sqlite3.DatabaseError("database disk image is malformed")
        file.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if thoroughly:
            _glance(file)
        return int(file.execute("PRAGMA schema_version").fetchone()[0])


def _glance(file: sqlite3.Connection) -> None:
    deadline = steady() + GLANCE_SECONDS
    file.set_progress_handler(lambda: steady() > deadline, 1_000)
    try:
        found = file.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return  # too large to be looked through in that time: what is read tells of damage
    if found != ("ok",):
        raise sqlite3.DatabaseError("database disk image is malformed")


def set_aside(path: Path, *, known: bool = False) -> Path | None:
    """Rename the broken *path* and its companions; return the new name.  Nothing is deleted.

    None if there is nothing to set aside: another process did it already, or the
    file never was a database of ours and is its owner's to look after; *known* says that it was.
    """
    # A lock that every platform has, and that ends with its process.
    lock = path.with_name(path.name + ".turn")
    make_file(lock)
    turn = sqlite3.connect(lock, timeout=10.0, isolation_level=None)
    with closing(turn):
        turn.execute("BEGIN EXCLUSIVE")
        if not (known or _is_ours(path)) or _is_sound(path):
            return None
        stamp = time.strftime("%Y%m%dT%H%M%S")
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{os.urandom(3).hex()}")
        for ending in ("-wal", "-shm", ""):
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + ending))
        return aside


def asides(path: Path) -> list[Path]:
    """Return the files that were set aside from *path*, the oldest first."""
    found = path.parent.glob(f"{glob_escaped(path.name)}.corrupt-*")
    return sorted(file for file in found if not file.name.endswith(("-wal", "-shm", "-journal")))


def glob_escaped(name: str) -> str:
    """Return *name* as a pattern that matches nothing else."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _is_ours(path: Path) -> bool:
    """Whether *path* began as a database, or is called one."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC or path.suffix in _ENDINGS
    except OSError:
        return False


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as file:
            return bool(file.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return not says_corrupt(error)

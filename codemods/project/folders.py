"""Folders that are held open: what is made, read or removed in one has a plain name there.

No link is followed, and nobody can put another folder in the place of one that is
open.  Where the system knows no names relative to an open folder, each step looks for
links first: the same answers, but for what happens between the look and the step.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from codemods.project.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

_BY_DESCRIPTOR = {os.open, os.stat, os.access, os.mkdir, os.unlink, os.rename, os.rmdir} <= (
    os.supports_dir_fd
) and os.listdir in os.supports_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
# What group and others may not do to what is ours.
WRITE_BY_OTHERS = 0o022
ANY_BY_OTHERS = 0o077


class Folder:
    """An open folder; ``path`` is its path when it was opened, for what is told to people."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open the folder at *path*; links in the path itself are the caller's to resolve."""
        return cls(path, os.open(path, _FOLDER) if _BY_DESCRIPTOR else None)

    @classmethod
    @contextmanager
    def below(cls, home: Path, parts: Sequence[str]) -> Iterator[Folder]:
        """Open the folder that *parts* lead to from *home*, by folders and no link."""
        folder: Folder = cls.at(home)
        try:
            for part in parts:
                inner = folder.inside(part)
                folder.close()
                folder = inner
            yield folder
        finally:
            folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the folder go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def inside(self, name: str) -> Folder:
        """Open the folder *name* in this one; raises OSError, also where it is a link."""
        mode = self.status(name).st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, f"{name} is a link, which is not followed here")
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, f"{name} is not a folder")
        if self._descriptor is None:
            return Folder(self.path / name, None)
        return Folder(self.path / name, os.open(name, _FOLDER | _NOFOLLOW, dir_fd=self._descriptor))

    def made(self, name: str) -> Folder:
        """Open the folder *name* of the user who runs this; make it, private, if it is not there.

        What others may write in a folder that is there already is taken from them.
        """
        with suppress(FileExistsError):
            os.mkdir(self._name(name), 0o700, dir_fd=self._descriptor)
        folder = self.inside(name)
        try:
            status = folder.own_status()
            require_owner(status, name)
            if status.st_mode & WRITE_BY_OTHERS and folder._descriptor is not None:
                with suppress(OSError):  # a file system without modes
                    os.fchmod(folder._descriptor, stat.S_IMODE(status.st_mode) & ~ANY_BY_OTHERS)
        except BaseException:
            folder.close()
            raise
        return folder

    def make(self, name: str) -> Folder:
        """Make the folder *name*, private, and open it; raises FileExistsError."""
        os.mkdir(self._name(name), 0o700, dir_fd=self._descriptor)
        return self.inside(name)

    def own_status(self) -> os.stat_result:
        """Return the status of this folder itself."""
        return os.stat(self.path if self._descriptor is None else self._descriptor)  # noqa: PTH116

    def status(self, name: str) -> os.stat_result:
        """Return the status of *name*, a link's own."""
        return os.stat(self._name(name), dir_fd=self._descriptor, follow_symlinks=False)

    def writable(self, name: str) -> bool:
        """Tell whether this user may write the file *name*."""
        return os.access(self._name(name), os.W_OK, dir_fd=self._descriptor)

    def holds(self, name: str) -> bool:
        """Tell whether there is anything under *name*."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """Return the names in this folder, sorted."""
        where = self.path if self._descriptor is None else self._descriptor
        return sorted(os.listdir(where))  # noqa: PTH208 - by descriptor

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of the regular file *name*, of *limit* bytes at most."""
        return read_regular(self._name(name), limit, dir_fd=self._descriptor, follow=False)

    def open_new(self, name: str) -> int:
        """Make the file *name*, private, and return a descriptor to write it by."""
        return os.open(self._name(name), _CREATE | _BINARY, 0o600, dir_fd=self._descriptor)

    def open_lock(self, name: str) -> int:
        """Return a descriptor of the empty file *name* of this user; it is made if need be."""
        flags = os.O_RDWR | os.O_CREAT | _NOFOLLOW | _NONBLOCK | _BINARY
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(self.status(name).st_mode):
                raise OSError(errno.EINVAL, f"{name} is not a regular file")
        return os.open(self._name(name), flags, 0o600, dir_fd=self._descriptor)

    def create(self, name: str, content: bytes) -> None:
        """Make the file *name*, private, with *content* on disk; raises FileExistsError."""
        with os.fdopen(self.open_new(name), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def remove(self, name: str) -> None:
        """Remove the file *name* if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(self._name(name), dir_fd=self._descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove the empty folder *name*."""
        os.rmdir(self._name(name), dir_fd=self._descriptor)

    def move(self, name: str, target: Folder, new: str) -> None:
        """Give *name* the name *new* in *target*; a file there is replaced at once."""
        os.rename(
            self._name(name),
            target._name(new),
            src_dir_fd=self._descriptor,
            dst_dir_fd=target._descriptor,
        )

    def sync(self) -> None:
        """Make the names in this folder durable; a file system that cannot do it is passed over."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.fsync(self._descriptor)

    def _name(self, name: str) -> str:
        if not is_plain(name):
            raise OSError(errno.EINVAL, f"{name!r} is not a plain name")
        return name if self._descriptor is not None else os.path.join(self.path, name)  # noqa: PTH118


def is_plain(name: str) -> bool:
    """Tell whether *name* names something in a folder, and nothing outside of it."""
    separators = (os.sep, os.altsep or os.sep, "\0")
    return name not in ("", ".", "..") and not any(mark in name for mark in separators)


def require_owner(status: os.stat_result, name: str) -> None:
    """Raise PermissionError unless what *status* tells of belongs to the user who runs this."""
    user = getattr(os, "geteuid", lambda: status.st_uid)()
    if status.st_uid != user:
        raise PermissionError(errno.EPERM, f"{name} belongs to another user (uid {status.st_uid})")

"""Reading what may be anything: only regular files, and only as much as is sane.

A tree may hold a FIFO, a device or an endless file under any name.  None of them
is opened for longer than it takes to see what it is, and none is read.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1 << 20
# O_NONBLOCK: a FIFO that replaced the file after it was looked at is opened, and not waited for.
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_READS_AT_PLACES = hasattr(os, "pread")


def read_regular(
    path: str | Path, limit: int, *, dir_fd: int | None = None, follow: bool = True
) -> bytes:
    """Return the content of the regular file at *path*, which holds *limit* bytes at most.

    Raises OSError, with a reason for people: also where *path* is no regular file, is
    larger, or (without *follow*) is a link.
    """
    # Opening a device can have effects of its own, so it is looked at first.
    _require_regular(os.stat(path, dir_fd=dir_fd, follow_symlinks=follow))
    descriptor = os.open(path, _READ | (0 if follow else _NOFOLLOW), dir_fd=dir_fd)
    try:
        return _content(descriptor, limit)
    finally:
        os.close(descriptor)


def read_seen(path: str, limit: int) -> bytes:
    """Return the content of *path*, as ``read_regular``, right after it was seen to be regular.

    What has been put in its place since then is opened, without waiting, and not read; but for a
    disk of at most *limit* bytes, which shows an end as a file does; its bytes are no program.
    """
    descriptor = os.open(path, _READ)
    try:
        content = _up_to_its_end(descriptor, limit) if _READS_AT_PLACES else None
        return _content(descriptor, limit) if content is None else content
    finally:
        os.close(descriptor)


def read_start(path: str | Path, length: int) -> bytes:
    """Return the first *length* bytes of the regular file at *path*; raises OSError."""
    _require_regular(os.stat(path))  # noqa: PTH116 - a string, as elsewhere here
    descriptor = os.open(path, _READ)
    try:
        _require_regular(os.fstat(descriptor))
        return os.read(descriptor, length)
    finally:
        os.close(descriptor)


def _up_to_its_end(descriptor: int, limit: int) -> bytes | None:
    """Return what an open file holds, None if it must be looked at with more care.

    The place of its end is its size, and costs less than its status, of which few things are
    asked.  That of a pipe or a terminal cannot be had, that of a device without blocks is 0, and
    nothing is read at the places of a folder.
    """
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if 0 < size <= limit:
            content = os.pread(descriptor, size + 1, 0)
            if len(content) == size:
                return content
    except OSError:  # told again by who takes more care, with what it is that was opened
        pass
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
    return None


def _content(descriptor: int, limit: int) -> bytes:
    """Return what an open file holds, from where it is read next; raises OSError."""
    status = os.fstat(descriptor)
    _require_regular(status)
    size = status.st_size
    if size > limit:
        raise _too_large(limit)
    content = os.read(descriptor, size + 1)
    return content if len(content) == size else _grown(descriptor, content, limit)


def reason(error: OSError) -> str:
    """Return why the operating system (or this module) refused, to go on a sentence with."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _grown(descriptor: int, content: bytes, limit: int) -> bytes:
    """Return *content* and what follows: the file grows, or is one that tells no size."""
    parts = [content]
    read = len(content)
    while part := os.read(descriptor, MEGABYTE):
        parts.append(part)
        read += len(part)
        if read > limit:
            raise _too_large(limit)
    return b"".join(parts)


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link, which is not followed here")
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is a device, a pipe or a socket, not a regular file")


def _too_large(limit: int) -> OSError:
    size = f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} KB"
    return OSError(errno.EFBIG, f"it is larger than {size}")

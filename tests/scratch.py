"""What tests need no disk and no certificates for: their files, and clients of their servers.

Thousands of folders are made and removed again in a run, each for milliseconds on a disk, and
hundreds of clients would each read the certificates of all authorities to speak plain HTTP.
"""

from __future__ import annotations

import os
import ssl
import stat
import tempfile
from functools import cache
from pathlib import Path

#: Linux keeps what is below it in memory.
MEMORY = Path("/dev/shm")
#: Bytes; the files of three runs at once take less.
ENOUGH = 2 * 1024**3


def in_memory(memory: Path = MEMORY) -> Path | None:
    """Return a folder of this user's below *memory*; None where tests cannot use it.

    Programs are run from it, and a container may give no more than a few megabytes.
    """
    if not memory.is_dir() or not os.access(memory, os.W_OK | os.X_OK):
        return None
    found = os.statvfs(memory)
    if found.f_flag & os.ST_NOEXEC or found.f_bavail * found.f_frsize < ENOUGH:
        return None
    folder = memory / f"ai-usage-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder.lstat()
    own = stat.S_ISDIR(made.st_mode) and made.st_uid == os.getuid()
    return folder if own else None


def use_memory() -> None:
    """Put the files of all tests, and of the programs that they start, into memory.

    A TMPDIR that is set stays: somebody wants them there.
    """
    folder = None if "TMPDIR" in os.environ else in_memory()
    if folder is not None:
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def share_certificates() -> None:
    """Have all clients of this process use one context for the same certificates."""
    ssl.create_default_context = cache(ssl.create_default_context)

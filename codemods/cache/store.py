"""The folder of the cache: files that are written whole, and read only if they are this user's.

Whatever goes wrong there, the run goes on without it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from codemods.cache.record import LARGEST, DamagedError, Record, decoded, encoded
from codemods.project.folders import ANY_BY_OTHERS, WRITE_BY_OTHERS, Folder, require_owner

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".ai_usage_cache"
_SUFFIX, _UNFINISHED = ".run", ".new"
_TAG, _IGNORE = "CACHEDIR.TAG", ".gitignore"
_TAG_TEXT = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# Of ai-usage-lint and ai-usage-migrate.\n"
)
_IGNORE_TEXT = b"# What linters know of files; ai-usage-lint --clean-cache removes it.\n*\n"
#: A project is looked at in a few ways: with other paths, from other folders.
_MOST = 16
#: A process that writes takes less; one that was killed leaves its file.
_ABANDONED_SECONDS = 3600


class Store:
    """The cache at *place*, which need not exist."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def read(self, key: str) -> Record | None:
        """Return the record of *key*, None where there is none that may be believed."""
        try:
            with Folder.at(self.place.parent) as above, above.inside(self.place.name) as folder:
                _require_private(folder)
                name = key + _SUFFIX
                if folder.status(name).st_mode & ANY_BY_OTHERS:
                    return None  # not written here: a clone has no such modes
                return decoded(folder.read(name, LARGEST))
        except (OSError, DamagedError):
            return None

    def write(self, key: str, record: Record) -> None:
        """Put *record* in the place of the one of *key*, as a whole; nothing where that fails."""
        content = encoded(record)
        if len(content) > LARGEST:
            return
        with (
            suppress(OSError),
            Folder.at(self.place.parent) as above,
            above.made(self.place.name) as folder,
        ):
            _require_private(folder)
            for name, text in ((_IGNORE, _IGNORE_TEXT), (_TAG, _TAG_TEXT)):
                if not folder.holds(name):
                    _put(folder, name, text)
            _put(folder, key + _SUFFIX, content)
            _prune(folder)

    def clean(self) -> int:
        """Remove what runs have put here, and the folder if nothing else is in it.

        Return the number of records that were removed.  Raises OSError.
        """
        count = 0
        try:
            with Folder.at(self.place.parent) as above, above.inside(self.place.name) as folder:
                require_owner(folder.own_status(), self.place.name)
                for name in folder.names():
                    if name in (_TAG, _IGNORE) or name.endswith((_SUFFIX, _UNFINISHED)):
                        folder.remove(name)
                        count += name.endswith(_SUFFIX)
                with suppress(OSError):  # somebody keeps something else there
                    above.remove_folder(self.place.name)
        except FileNotFoundError:
            return 0
        return count


def _require_private(folder: Folder) -> None:
    status = folder.own_status()
    require_owner(status, FOLDER)
    if status.st_mode & WRITE_BY_OTHERS and hasattr(os, "geteuid"):
        raise PermissionError("others may write in it")


def _put(folder: Folder, name: str, content: bytes) -> None:
    unfinished = f"{os.getpid()}-{time.monotonic_ns()}{_UNFINISHED}"
    try:
        with os.fdopen(folder.open_new(unfinished), "wb") as file:
            file.write(content)
        folder.move(unfinished, folder, name)
    except BaseException:
        with suppress(OSError):
            folder.remove(unfinished)
        raise


def _prune(folder: Folder) -> None:
    """Remove the oldest records beyond the number kept, and what killed runs left."""
    written: list[tuple[float, str]] = []
    for name in folder.names():
        with suppress(OSError):
            at = folder.status(name).st_mtime
            if name.endswith(_SUFFIX):
                written.append((at, name))
            elif name.endswith(_UNFINISHED) and time.time() - at > _ABANDONED_SECONDS:
                folder.remove(name)
    for _, name in sorted(written)[:-_MOST]:
        with suppress(OSError):
            folder.remove(name)

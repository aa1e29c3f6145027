"""The folder of the cache: files that are written whole, and read only if they are this user's.

Whatever goes wrong there, the run goes on without it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from codemods.cache.frame import DamagedError
from codemods.cache.record import Record, decoded, encoded
from codemods.cache.replay import FOLDER, LOOKED_AT, PRINTED, sealed
from codemods.cache.signature import LARGEST
from codemods.project.folders import ANY_BY_OTHERS, WRITE_BY_OTHERS, Folder, require_owner

if TYPE_CHECKING:
    from pathlib import Path

_ENDINGS = (LOOKED_AT, PRINTED)
_UNFINISHED = ".new"
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
                name = key + LOOKED_AT
                if folder.status(name).st_mode & ANY_BY_OTHERS:
                    return None  # not written here: a clone has no such modes
                return decoded(folder.read(name, LARGEST))
        except (OSError, DamagedError):
            return None

    def write(self, key: str, record: Record) -> None:
        """Put *record* in the place of the one of *key*, as a whole; nothing where that fails."""
        self._put(key + LOOKED_AT, encoded(record))

    def write_printed(self, name: str, text: str, status: int, key: str) -> None:
        """Put what a run printed, and its status, beside the record of *key*, if that is there."""
        with suppress(OSError), Folder.at(self.place.parent) as above:
            with above.inside(self.place.name) as folder:
                looked_at = folder.read(key + LOOKED_AT, LARGEST)
            content = sealed(text, status, key, looked_at)
            if content is not None:
                self._put(name + PRINTED, content)

    def _put(self, name: str, content: bytes) -> None:
        if len(content) > LARGEST:
            return
        with (
            suppress(OSError),
            Folder.at(self.place.parent) as above,
            above.made(self.place.name) as folder,
        ):
            _require_private(folder)
            for beside, text in ((_IGNORE, _IGNORE_TEXT), (_TAG, _TAG_TEXT)):
                if not folder.holds(beside):
                    _put(folder, beside, text)
            _put(folder, name, content)
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
                    if name in (_TAG, _IGNORE) or name.endswith((*_ENDINGS, _UNFINISHED)):
                        folder.remove(name)
                        count += name.endswith(LOOKED_AT)
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
    """Remove the oldest beyond the number that is kept of each kind, and what killed runs left."""
    written: dict[str, list[tuple[float, str]]] = {suffix: [] for suffix in _ENDINGS}
    for name in folder.names():
        with suppress(OSError):
            at = folder.status(name).st_mtime
            suffix = name[name.rfind(".") :]
            if suffix in written:
                written[suffix].append((at, name))
            elif suffix == _UNFINISHED and time.time() - at > _ABANDONED_SECONDS:
                folder.remove(name)
    for _, name in (one for kind in written.values() for one in sorted(kind)[:-_MOST]):
        with suppress(OSError):
            folder.remove(name)

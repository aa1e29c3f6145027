"""Putting back what the last run changed.

Without a path: the last run in the journal of the folder where undo is started.
With a path: the last run that changed a file at or under it, or that was
started in it.  Its journal is looked for in the path, in the folders above it up to
the project's root, in the folder where undo is started, where pointers in these lead,
and, if there is none, in the folders below the path.  A run is undone whole, because
its files were changed together.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.project.folders import Folder
from codemods.project.regular import reason
from codemods.project.root import Roots
from codemods.project.sources import LARGEST, digest
from codemods.project.undo import journal
from codemods.project.undo.journal import Journal, Untrusted
from codemods.project.undo.manifest import FOLDER, ManifestError
from codemods.project.writing import Staging, WriteError, overwrite, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.project.undo.manifest import Entry, Run


class NothingToUndo(Exception):
    """No journal of a run was found; the message says where it was looked for."""


class JournalDamaged(Exception):
    """A journal cannot be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A file that undo left as it is, because it was edited since; ``original`` holds its bytes."""

    path: Path
    original: Path


@dataclass(frozen=True, slots=True)
class Undone:
    """What undo did: files that hold their original bytes again, edited ones, failures.

    ``untouched`` counts those that held them already: the run was killed before it came to them.
    After a failure the run stays in its journal, so that undo can be repeated.
    """

    started: str
    restored: tuple[Path, ...]
    edited: tuple[Edited, ...]
    failed: tuple[Failed, ...]
    untouched: int = 0


def undo(paths: Sequence[Path], cwd: Path) -> Undone:
    """Restore the last run's exact bytes and take the run out of its journal.

    A file that was edited since the run is kept as it is.  *paths* are absolute.
    Raises NothingToUndo, JournalDamaged.
    """
    start = Path(os.path.realpath(cwd))
    while True:
        home, found = _last_run(paths, start)
        try:
            with Journal.to_undo(home) as book:
                # While this waited for the journal's lock, another undo may have taken the run.
                for run in book.newest_first() if book is not None else ():
                    if book is not None and run.token == found:
                        return _undone(book, run)
        except (OSError, ManifestError, Untrusted) as error:
            raise _damaged(home, error) from None


def _undone(book: Journal, run: Run) -> Undone:
    restored, edited, failed, untouched = [], [], [], 0
    with book.folder_of(run) as folder:
        staging = Staging(folder, run.token)
        tidy(run, folder)
        for entry in run.entries:
            match _restore(entry, staging):
                case Failed() as failure:
                    failed.append(failure)
                case True:
                    restored.append(entry.path)
                case False:
                    edited.append(entry)
                case None:
                    untouched += 1
    home = run.folder
    if edited and not failed:
        home = book.set_aside(run, edited)
    elif not failed:
        book.drop(run)
    refused = tuple(Edited(entry.path, home / entry.stored.name) for entry in edited)
    return Undone(run.started, tuple(restored), refused, tuple(failed), untouched)


def _restore(entry: Entry, staging: Staging) -> bool | Failed | None:
    """Put *entry*'s original bytes back; return False if the file was edited or removed since.

    None if it holds them.
    """
    *folders, name = entry.place.parts
    try:
        with Folder.below(entry.place.home, folders) as folder:
            now = digest(folder.read(name, LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        return _failed(entry, f"it cannot be read: {reason(error)}")
    if now == entry.before:
        return None  # the run was killed before it came to this file
    if now != entry.after:
        return False
    try:
        original = staging.folder.read(entry.stored.name, LARGEST)
        if digest(original) != entry.before:
            return _failed(entry, "its original bytes in the journal are damaged")
        overwrite(entry, original, entry.after, staging)
    except OSError as error:
        return _failed(entry, f"the journal: {reason(error)}")
    except WriteError as error:
        return _failed(entry, str(error))
    return True


def _failed(entry: Entry, message: str) -> Failed:
    advice = f"Undo again when that is mended. The original bytes are in {entry.stored}."
    return Failed(str(entry.path), "undo", message, advice)


def _last_run(paths: Sequence[Path], cwd: Path) -> tuple[Path, str]:
    """Return the folder whose journal has the run to undo, and the run's token."""
    if not paths:
        try:
            run = journal.last(cwd)
        except (OSError, ManifestError, Untrusted) as error:
            raise _damaged(cwd, error) from None
        if run is None:
            raise NothingToUndo(f"no run was started in {cwd}, or all of them are undone")
        return cwd, run.token
    real = [Path(os.path.realpath(path)) for path in paths]
    near = dict.fromkeys(folder for path in real for folder in _within_project(path, cwd))
    homes = [*near, cwd, *(start for home in [*near, cwd] for start, _ in journal.pointers(home))]
    search = _Search(real)
    touching = search.touching(homes) or search.touching(_below(real))
    if not touching and search.problem is not None:
        raise search.problem
    if not touching:
        shown = ", ".join(map(str, paths))
        raise NothingToUndo(f"no run that is still to be undone changed anything in {shown}")
    home, run = max(touching, key=lambda pair: pair[1].started)
    return home, run.token


class _Search:
    """Looks for runs that were started in one of *paths* or changed a file there.

    ``problem`` is the first journal that could not be read: it counts where no other
    has such a run.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.problem: JournalDamaged | None = None

    def touching(self, homes: Iterable[Path]) -> list[tuple[Path, Run]]:
        """Return each home's last run that counts."""
        last: list[tuple[Path, Run]] = []
        for home in dict.fromkeys(homes):
            try:
                runs = _runs(home)
            except JournalDamaged as error:
                self.problem = self.problem or error
                continue
            last += [(home, run) for run in runs if home in self._paths or self._touches(run)][-1:]
        return last

    def _touches(self, run: Run) -> bool:
        return any(entry.path.is_relative_to(p) for entry in run.entries for p in self._paths)


def _within_project(path: Path, cwd: Path) -> list[Path]:
    """Return *path* and the folders above it up to its project's root.

    What is in no project ends where undo was started.
    """
    above = [path, *path.parents]
    root = Roots(cwd).of(path / FOLDER) or cwd
    return above[: above.index(root) + 1] if root in above else [path]


def _below(paths: Sequence[Path]) -> list[Path]:
    homes = []
    for path in paths:
        for folder, names, _ in os.walk(path):
            if FOLDER in names:
                homes.append(Path(folder))
            names[:] = sorted(name for name in names if not name.startswith("."))
    return homes


def _runs(home: Path) -> tuple[Run, ...]:
    try:
        return journal.runs(home)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not home.is_dir():  # a file that was named, or a folder that is gone
            return ()
        raise _damaged(home, error) from None
    except (OSError, ManifestError, Untrusted) as error:
        raise _damaged(home, error) from None


def _damaged(home: Path, error: Exception) -> JournalDamaged:
    why = reason(error) if isinstance(error, OSError) else str(error)
    return JournalDamaged(f"the journal in {home / FOLDER / 'undo'} cannot be used: {why}")

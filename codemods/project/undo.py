"""Putting back what the last run changed.

Without a path: the last run in the journal of the folder where undo is started.
With a path: the last run that changed a file at or under it, or that was
started in it.  Its journal is looked for in the path, in the folders above it,
in the folder where undo is started, where pointers in these lead, and, if there
is none, in the folders below the path.  A run is undone whole, because its
files were changed together.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model import Failed
from codemods.project import journal
from codemods.project.sources import digest, read_bytes
from codemods.project.writing import WriteError, overwrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.project.journal import Entry, Run


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

    After a failure the run stays in its journal, so that undo can be repeated.
    """

    started: str
    restored: tuple[Path, ...]
    edited: tuple[Edited, ...]
    failed: tuple[Failed, ...]


def undo(paths: Sequence[Path], cwd: Path) -> Undone:
    """Restore the last run's exact bytes and take the run out of its journal.

    A file that was edited since the run is kept as it is.  *paths* are absolute.
    Raises NothingToUndo, JournalDamaged.
    """
    run = _last_run(paths, cwd)
    restored, edited, failed = [], [], []
    for entry in run.entries:
        match _restore(entry):
            case Failed() as failure:
                failed.append(failure)
            case True:
                restored.append(entry.path)
            case False:
                edited.append(entry)
    home = run.folder
    if edited and not failed:
        home = journal.set_aside(run, edited)
    elif not failed:
        journal.drop(run.folder)
    refused = tuple(Edited(entry.path, home / entry.stored.name) for entry in edited)
    return Undone(run.started, tuple(restored), refused, tuple(failed))


def _restore(entry: Entry) -> bool | Failed:
    """Put *entry*'s original bytes back; return False if the file was edited or removed since."""
    try:
        now = digest(read_bytes(entry.path))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        return _failed(entry, f"it cannot be read: {(error.strerror or str(error)).lower()}")
    if now == entry.before:
        return True  # the run was killed before it came to this file
    if now != entry.after:
        return False
    try:
        original = read_bytes(entry.stored)
        if digest(original) != entry.before:
            return _failed(entry, "its original bytes in the journal are damaged")
        overwrite(entry.path, original, entry.after)
    except OSError as error:
        return _failed(entry, f"the journal: {(error.strerror or str(error)).lower()}")
    except WriteError as error:
        return _failed(entry, str(error))
    return True


def _failed(entry: Entry, message: str) -> Failed:
    advice = f"Undo again when that is mended. The original bytes are in {entry.stored}."
    return Failed(str(entry.path), "undo", message, advice)


def _last_run(paths: Sequence[Path], cwd: Path) -> Run:
    if not paths:
        found = _runs(cwd)
        if not found:
            raise NothingToUndo(f"no run was started in {cwd}, or all of them are undone")
        return found[-1]
    real = [Path(os.path.realpath(path)) for path in paths]
    above = [folder for path in real for folder in (path, *path.parents)]
    homes = [*above, cwd]
    homes += [start for home in homes for start in journal.started_elsewhere(home)]
    touching = _touching(homes, real) or _touching(_below(real), real)
    if not touching:
        shown = ", ".join(map(str, paths))
        raise NothingToUndo(f"no run that is still to be undone changed anything in {shown}")
    return max(touching, key=lambda run: run.started)


def _touching(homes: Iterable[Path], paths: Sequence[Path]) -> list[Run]:
    """Return each home's last run that was started in one of *paths* or changed a file there."""
    last: list[Run] = []
    for home in dict.fromkeys(homes):
        touching = [run for run in _runs(home) if home in paths or _touches(run, paths)]
        last += touching[-1:]
    return last


def _touches(run: Run, paths: Sequence[Path]) -> bool:
    return any(entry.path.is_relative_to(path) for entry in run.entries for path in paths)


def _below(paths: Sequence[Path]) -> list[Path]:
    homes = []
    for path in paths:
        for folder, names, _ in os.walk(path):
            if journal.FOLDER in names:
                homes.append(Path(folder))
            names[:] = sorted(name for name in names if not name.startswith("."))
    return homes


def _runs(home: Path) -> tuple[Run, ...]:
    try:
        return journal.runs(home)
    except (OSError, ValueError, KeyError, TypeError) as error:
        place = home / journal.FOLDER / "undo"
        raise JournalDamaged(f"the journal in {place} cannot be read: {error}") from None

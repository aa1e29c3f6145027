"""Writing files: whole or not at all, and only over the bytes that were read.

What a run writes lies below the folder where it was started, or below a path that it
was given: a link found on the way leads nowhere else.  New content is made in the
journal's folder and then takes the file's place, so that a run which is killed leaves
nothing beside a source.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.atomic_group import stranded
from codemods.model.outcome import Changed, Failed, Refused, Untouched
from codemods.project.folders import Folder
from codemods.project.regular import reason
from codemods.project.sources import LARGEST, digest
from codemods.project.undo.journal import WRITING, Journal
from codemods.project.undo.manifest import FOLDER, Entry, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.project.undo.manifest import Run

_CHANGED_MEANWHILE = "the file was changed while the run was under way"
_RUN_AGAIN = "Nothing was written to it. Start the run again."


class WriteError(Exception):
    """A file was left as it was; the message says why, ``advice`` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Staging:
    """Where the new content of a run's files is made: the run's own folder, and its token."""

    folder: Folder
    token: str


def write_changes(report: RunReport, folder: Path, named: Sequence[Path]) -> RunReport:
    """Write every Changed of *report* to disk.

    *folder* is where the run was started, *named* its absolute paths.

    The undo journal in *folder* is on disk before the first file is touched.  A
    file that cannot be written becomes Failed, and the others go on: all but those
    that share a rewrite with it, which are put back.
    """
    if not any(isinstance(outcome, Changed) for outcome in report.outcomes):
        return replace(report, written=True)
    start = Path(os.path.realpath(folder))
    places = _places(report.outcomes, [start, *map(_home, named)])
    with ExitStack() as held:
        try:
            journal = held.enter_context(Journal.to_write(start))
            _clear_remains(journal)
            doable = tuple(_still_to_do(outcome, places, start) for outcome in report.outcomes)
            pending = _pending(report.outcomes, doable)
            run = journal.begin([(change, places[change.source.path]) for change in pending])
            staging = Staging(held.enter_context(journal.folder_of(run)), run.token)
        except OSError as error:
            outcomes = tuple(_without_journal(o, reason(error)) for o in report.outcomes)
            return replace(report, outcomes=outcomes, written=True)
        paths = (change.source.path for change in pending)
        entries = dict(zip(paths, run.entries, strict=True))
        outcomes = tuple(_written(o, entries, staging) for o in doable)
        outcomes = _whole_groups(report.outcomes, outcomes, entries, staging)
        with suppress(OSError):
            if any(isinstance(outcome, Changed) for outcome in outcomes):
                journal.end(run)
            else:
                journal.drop(run)
    told = tuple(outcome for outcome in outcomes if not isinstance(outcome, Untouched))
    return replace(report, outcomes=told, written=True)


def overwrite(entry: Entry, content: bytes, expected: str, staging: Staging) -> None:
    """Replace the file of *entry*, whose content has the digest *expected*, by *content*.

    Atomic and durable; mode and owner stay.  Raises WriteError, and then the file is
    as it was.
    """
    *folders, name = entry.place.parts
    try:
        with Folder.below(entry.place.home, folders) as folder:
            status = folder.status(name)
            if not stat.S_ISREG(status.st_mode):
                raise WriteError("it is no regular file any more", _RUN_AGAIN)
            if not status.st_mode & 0o222 or not folder.writable(name):
                advice = "Make it writable, and start the run again."
                raise WriteError("the file is read-only", advice)
            _replace(_Target(folder, name, status, expected), content, entry, staging)
    except FileNotFoundError:
        raise WriteError("the file is gone", "Start the run again.") from None
    except OSError as error:
        advice = "See that its folder may be written to and has room, and start the run again."
        raise WriteError(f"it cannot be written: {reason(error)}", advice) from None


@dataclass(frozen=True, slots=True)
class _Target:
    """A file to replace: its folder and name, how it looks, and the digest that it must have."""

    folder: Folder
    name: str
    status: os.stat_result
    expected: str


def _replace(target: _Target, content: bytes, entry: Entry, staging: Staging) -> None:
    try:
        _swap(target, content, staging.folder, entry.staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The journal is on another file system: there is no way but beside the file.
        _swap(target, content, target.folder, entry.beside(staging.token))
    target.folder.sync()


def _swap(target: _Target, content: bytes, maker: Folder, temporary: str) -> None:
    """Make *content* as *temporary* in *maker*, and put it in the place of *target*."""
    status = target.status
    maker.remove(temporary)
    try:
        with os.fdopen(maker.open_new(temporary), "wb") as file:
            file.write(content)
            file.flush()
            made = os.fstat(file.fileno())
            if (status.st_uid, status.st_gid) != (made.st_uid, made.st_gid):
                with suppress(PermissionError):  # only the superuser may
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(file.fileno())
        # As late as can be: what somebody wrote meanwhile is not to be lost.
        if digest(target.folder.read(target.name, LARGEST)) != target.expected:
            raise WriteError(_CHANGED_MEANWHILE, _RUN_AGAIN)
        maker.move(temporary, target.folder, target.name)
    finally:
        maker.remove(temporary)


def _clear_remains(journal: Journal) -> None:
    """Remove what runs left that were killed while they wrote."""
    if not journal.alone:
        return  # somebody may be using it
    for run in journal.unfinished():
        with suppress(OSError), journal.folder_of(run) as folder:
            tidy(run, folder)
            journal.end(run)


def tidy(run: Run, folder: Folder) -> None:
    """Remove what *run*, whose journal is in *folder*, left if it was killed while it wrote."""
    if folder.holds(WRITING):
        for entry in run.entries:
            folder.remove(entry.staged)
            _remove_beside(entry, run.token)


def _remove_beside(entry: Entry, token: str) -> None:
    with suppress(OSError), Folder.below(entry.place.home, entry.place.parts[:-1]) as folder:
        name = entry.beside(token)
        status = folder.status(name)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
            folder.remove(name)


def _home(named: Path) -> Path:
    """Return the folder that a path of the command line gives leave to write in."""
    real = Path(os.path.realpath(named))
    return real if real.is_dir() else real.parent


def _places(outcomes: Sequence[FileOutcome], homes: Sequence[Path]) -> Mapping[Path, Place]:
    """Return where each file is that may be written."""
    places = {}
    for outcome in outcomes:
        if isinstance(outcome, Changed):
            real = Path(os.path.realpath(outcome.source.path))
            home = next((home for home in homes if real.is_relative_to(home)), None)
            if home is not None:
                places[outcome.source.path] = Place(home, real.relative_to(home).parts)
    return places


def _still_to_do(outcome: FileOutcome, places: Mapping[Path, Place], start: Path) -> FileOutcome:
    """Return *outcome*, or what becomes of it where its file is not to be written."""
    if not isinstance(outcome, Changed):
        return outcome
    place = places.get(outcome.source.path)
    if place is None:
        real = os.path.realpath(outcome.source.path)
        message = f"a link leads out of what was named, to {real}"
        advice = "If that file is yours to change, name it or its folder."
        return Failed(outcome.path, "write", message, advice)
    if not place.touchable(start):
        message = f"it lies in a folder of version control, or in {FOLDER}"
        return Failed(outcome.path, "write", message, "Move it, or leave it as it is.")
    if outcome.after != outcome.source.content and _is_done(outcome, place):
        # Another run, at the same time, made the same change; it has it in its journal.
        left = outcome.refusals
        return Refused(outcome.path, left) if left else Untouched(outcome.path)
    return outcome


def _is_done(change: Changed, place: Place) -> bool:
    try:
        with Folder.below(place.home, place.parts[:-1]) as folder:
            return folder.read(place.parts[-1], LARGEST) == change.after
    except OSError:
        return False  # writing will say what is wrong


def _pending(wanted: Sequence[FileOutcome], doable: Sequence[FileOutcome]) -> list[Changed]:
    """Return the changes to write: none that shares a rewrite with a file that failed already."""
    groups = [o.groups if isinstance(o, Changed) else frozenset() for o in wanted]
    lost = stranded(zip(groups, doable, strict=True))
    return [o for o in doable if isinstance(o, Changed) and o.path not in lost]


def _written(outcome: FileOutcome, entries: Mapping[Path, Entry], staging: Staging) -> FileOutcome:
    entry = entries.get(outcome.source.path) if isinstance(outcome, Changed) else None
    if not isinstance(outcome, Changed) or entry is None:
        return outcome
    try:
        overwrite(entry, outcome.after, outcome.source.digest, staging)
    except WriteError as error:
        return Failed(outcome.path, "write", str(error), error.advice)
    return outcome


def _whole_groups(
    wanted: Sequence[FileOutcome],
    outcomes: tuple[FileOutcome, ...],
    entries: Mapping[Path, Entry],
    staging: Staging,
) -> tuple[FileOutcome, ...]:
    """Put back what was written of rewrites whose other files could not be written."""
    groups = [o.groups if isinstance(o, Changed) else frozenset() for o in wanted]
    lost = stranded(zip(groups, outcomes, strict=True))
    return tuple(_put_back(o, entries, staging) if o.path in lost else o for o in outcomes)


def _put_back(outcome: FileOutcome, entries: Mapping[Path, Entry], staging: Staging) -> FileOutcome:
    if not isinstance(outcome, Changed):
        return outcome
    message = "a file that must change together with it could not be written"
    advice = "See what is said about that file, and start the run again."
    entry = entries.get(outcome.source.path)
    if entry is not None:
        try:
            overwrite(entry, outcome.source.content, entry.after, staging)
        except WriteError as error:
            message = f"{message}, and it could not be put back: {error}"
            advice = "Run with --undo, and start the run again."
    return Failed(outcome.path, "write", message, advice)


def _without_journal(outcome: FileOutcome, why: str) -> FileOutcome:
    if not isinstance(outcome, Changed):
        return outcome
    return Failed(
        outcome.path,
        "write",
        f"the undo journal cannot be written: {why}",
        f"Start the run in a folder where {FOLDER}/ can be made.",
    )

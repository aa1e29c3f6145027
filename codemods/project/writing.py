"""Writing files: whole or not at all, and only over the bytes that were read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model import Changed, Failed
from codemods.project import journal
from codemods.project.sources import digest, read_bytes
from codemods.settling import stranded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model import FileOutcome, RunReport

_CHANGED_MEANWHILE = "the file was changed while the run was under way"
_RUN_AGAIN = "Nothing was written to it. Start the run again."


class WriteError(Exception):
    """A file was left as it was; the message says why, ``advice`` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def write_changes(report: RunReport, folder: Path, named: Sequence[Path]) -> RunReport:
    """Write every Changed of *report* to disk.

    *folder* is where the run was started, *named* its absolute paths.

    The undo journal in *folder* is on disk before the first file is touched.  A
    file that cannot be written becomes Failed, and the others go on: all but those
    that share a rewrite with it, which are put back.
    """
    changes = [outcome for outcome in report.outcomes if isinstance(outcome, Changed)]
    if not changes:
        return replace(report, written=True)
    try:
        run = journal.begin(folder, changes, named)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        outcomes = tuple(_without_journal(outcome, reason) for outcome in report.outcomes)
        return replace(report, outcomes=outcomes, written=True)
    outcomes = _whole_groups(report.outcomes, tuple(_written(o) for o in report.outcomes))
    if not any(isinstance(outcome, Changed) for outcome in outcomes):
        journal.drop(run)
    return replace(report, outcomes=outcomes, written=True)


def overwrite(path: Path, content: bytes, expected: str) -> None:
    """Replace the file at *path*, whose content has the digest *expected*, by *content*.

    Atomic and durable; mode and owner stay, a link stays a link to the file
    that is written.  Raises WriteError, and then the file is as it was.
    """
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise WriteError("the file is read-only", "Make it writable, and start the run again.")
        _replace(target, content, expected, status)
    except FileNotFoundError:
        raise WriteError("the file is gone", "Start the run again.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "See that its folder may be written to and has room, and start the run again."
        raise WriteError(f"it cannot be written: {reason}", advice) from None


def _replace(target: Path, content: bytes, expected: str, status: os.stat_result) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            if (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
                with contextlib.suppress(PermissionError):  # only the superuser may
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fsync(file.fileno())
        if digest(read_bytes(target)) != expected:
            raise WriteError(_CHANGED_MEANWHILE, _RUN_AGAIN)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    journal.sync_folder(target.parent)


def _written(outcome: FileOutcome) -> FileOutcome:
    if not isinstance(outcome, Changed):
        return outcome
    try:
        overwrite(outcome.source.path, outcome.after, outcome.source.digest)
    except WriteError as error:
        return Failed(outcome.path, "write", str(error), error.advice)
    return outcome


def _whole_groups(
    wanted: Sequence[FileOutcome], outcomes: tuple[FileOutcome, ...]
) -> tuple[FileOutcome, ...]:
    """Put back what was written of rewrites whose other files could not be written."""
    groups = [o.groups if isinstance(o, Changed) else frozenset() for o in wanted]
    lost = stranded(zip(groups, outcomes, strict=True))
    return tuple(_put_back(o) if o.path in lost else o for o in outcomes)


def _put_back(outcome: FileOutcome) -> FileOutcome:
    if not isinstance(outcome, Changed):
        return outcome
    message = "a file that must change together with it could not be written"
    advice = "See what is said about that file, and start the run again."
    try:
        overwrite(outcome.source.path, outcome.source.content, digest(outcome.after))
    except WriteError as error:
        message = f"{message}, and it could not be put back: {error}"
        advice = "Run with --undo, and start the run again."
    return Failed(outcome.path, "write", message, advice)


def _without_journal(outcome: FileOutcome, reason: str) -> FileOutcome:
    if not isinstance(outcome, Changed):
        return outcome
    return Failed(
        outcome.path,
        "write",
        f"the undo journal cannot be written: {reason}",
        f"Start the run in a folder where {journal.FOLDER}/ can be made.",
    )

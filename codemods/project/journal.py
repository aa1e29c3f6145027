"""The undo journal: what the files of a run were before it.

``.ai-usage/undo/<number>-<time>/`` in the folder where the run was started
holds ``run.json`` and one ``<n>.before`` a file.  It appears under its name only
when all of it is on disk, and before the first source file is written: a run
that is killed can be undone like any other.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.project.sources import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model import Changed

FOLDER = ".ai-usage"
_MANIFEST = "run.json"
_POINTERS = "started-in"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run: ``stored`` names the file in the journal with its original bytes."""

    path: Path
    stored: Path
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a journal; ``started`` is its time, as ISO 8601 in UTC."""

    folder: Path
    started: str
    entries: tuple[Entry, ...]


def begin(folder: Path, changes: Sequence[Changed], named: Sequence[Path]) -> Path:
    """Write the journal of a run that is about to make *changes*; return the run's folder.

    *named* are the absolute paths of the command line: one that lies outside of
    *folder* gets a pointer to this journal.
    Raises OSError if it cannot be written; no source file may be touched then.
    """
    undo = folder / FOLDER / "undo"
    undo.mkdir(parents=True, exist_ok=True)
    _write(folder / FOLDER / ".gitignore", b"*\n")
    now = datetime.now(UTC)
    part = undo / f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}{_PART}"
    part.mkdir()
    try:
        _fill(part, changes, now.isoformat())
        _leave_pointers(folder, named)
        return _publish(part, undo, f"{now:%Y%m%dT%H%M%SZ}")
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def runs(folder: Path) -> tuple[Run, ...]:
    """Return the runs in the journal of *folder*, oldest first; raises OSError, ValueError."""
    undo = folder / FOLDER / "undo"
    if not undo.is_dir():
        return ()
    found = [run for run in undo.iterdir() if run.suffix != _PART and (run / _MANIFEST).is_file()]
    return tuple(_load(run) for run in sorted(found, key=_number))


def drop(run: Path) -> None:
    """Remove a run from its journal."""
    shutil.rmtree(run)


def set_aside(run: Run, entries: Sequence[Entry]) -> Path:
    """Take *run* out of the journal but keep the original bytes of *entries*; return where."""
    kept = run.folder.parent.parent / "refused" / run.folder.name
    kept.parent.mkdir(exist_ok=True)
    wanted = {entry.stored for entry in entries}
    for entry in run.entries:
        if entry.stored not in wanted:
            entry.stored.unlink(missing_ok=True)
    return run.folder.rename(kept)


def started_elsewhere(folder: Path) -> tuple[Path, ...]:
    """Return the folders where runs were started that changed files in *folder* from outside."""
    try:
        lines = (folder / FOLDER / _POINTERS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return ()
    return tuple(Path(line) for line in lines if line)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable; a file system that cannot do it is passed over."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # write-only folders, and systems without it
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _fill(part: Path, changes: Sequence[Changed], started: str) -> None:
    entries = []
    for number, change in enumerate(changes):
        stored = f"{number:05}.before"
        _write(part / stored, change.source.content)
        entries.append(
            {
                # Hexadecimal, because a file name need not be text.
                "path": os.fsencode(os.path.realpath(change.source.path)).hex(),
                "stored": stored,
                "before": change.source.digest,
                "after": digest(change.after),
            }
        )
    document = json.dumps({"started": started, "files": entries}, indent=1)
    _write(part / _MANIFEST, document.encode())
    sync_folder(part)


def _publish(part: Path, undo: Path, time: str) -> Path:
    """Give *part* its name: one number above the last run, so that clocks do not order runs."""
    last = max((_number(run) for run in undo.iterdir() if run.suffix != _PART), default=0)
    while True:
        last += 1
        run = undo / f"{last:06}-{time}"
        try:
            part.rename(run)
        except FileExistsError:  # another run took the number
            continue
        sync_folder(undo)
        return run


def _leave_pointers(folder: Path, named: Sequence[Path]) -> None:
    """Let --undo find this journal from a folder that was changed from outside of it."""
    start = os.path.realpath(folder)
    for path in named:
        target = Path(os.path.realpath(path))
        home = target if target.is_dir() else target.parent
        if home.is_relative_to(start) or Path(start) in started_elsewhere(home):
            continue
        (home / FOLDER).mkdir(exist_ok=True)
        _write(home / FOLDER / ".gitignore", b"*\n")
        with (home / FOLDER / _POINTERS).open("a", encoding="utf-8") as file:
            file.write(f"{start}\n")


def _load(folder: Path) -> Run:
    document = json.loads((folder / _MANIFEST).read_bytes())
    entries = tuple(
        Entry(
            path=Path(os.fsdecode(bytes.fromhex(entry["path"]))),
            stored=folder / entry["stored"],
            before=entry["before"],
            after=entry["after"],
        )
        for entry in document["files"]
    )
    return Run(folder, document["started"], entries)


def _number(run: Path) -> int:
    number = run.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

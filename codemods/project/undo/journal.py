"""The undo journal: what the files of a run were before it.

``.ai-usage/undo/<number>-<time>/`` in the folder where the run was started holds
``run.json`` and one ``<n>.before`` a file, for this user only.  It appears under its
name only when all of it is on disk, and before the first source file is written: a
run that is killed can be undone like any other.  While a run writes it holds the
journal's lock, so that runs at once from one folder follow each other.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.project.folders import ANY_BY_OTHERS, WRITE_BY_OTHERS, Folder, require_owner
from codemods.project.regular import MEGABYTE
from codemods.project.sources import digest
from codemods.project.undo import manifest
from codemods.project.undo.lock import keeps_modes, locked
from codemods.project.undo.manifest import FOLDER, MANIFEST, Entry, ManifestError, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.model.outcome import Changed
    from codemods.project.undo.manifest import Place

WRITING = "writing"
_RUN = re.compile(r"\d{6,15}-\d{8}T\d{6}Z")
_PART = re.compile(r"\d{8}T\d{12}-\d{1,10}\.part")
_UNDO = "undo"
_REFUSED = "refused"
_POINTERS = "started-in"
_IGNORE = ".gitignore"
_LARGEST_MANIFEST = 256 * MEGABYTE
_LARGEST_POINTER = MEGABYTE
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


class Untrusted(Exception):
    """A journal is not as a run of this user leaves it; the message says why and what to do."""


class Journal:
    """The journal of the folder ``home``, locked while this is open.

    ``alone`` tells whether the lock is held; it is not where the file system has none.
    """

    def __init__(self, home: Path, base: Folder, undo: Folder, *, alone: bool) -> None:
        self.home = home
        self.alone = alone
        self._base = base
        self._undo = undo

    @classmethod
    @contextmanager
    def to_write(cls, home: Path) -> Iterator[Journal]:
        """Open the journal of *home*, and make it if there is none; raises OSError."""
        with ExitStack() as opened:
            start = opened.enter_context(Folder.at(home))
            base = opened.enter_context(own_folder(start))
            alone = opened.enter_context(locked(base))
            undo = opened.enter_context(base.made(_UNDO))
            yield cls(home, base, undo, alone=alone)

    @classmethod
    @contextmanager
    def to_undo(cls, home: Path) -> Iterator[Journal | None]:
        """Open the journal of *home*; None if there is none.

        Raises OSError, and Untrusted where others could have written it.
        """
        with ExitStack() as opened:
            start = opened.enter_context(Folder.at(home))
            try:
                base = opened.enter_context(start.inside(FOLDER))
                undo = opened.enter_context(base.inside(_UNDO))
            except FileNotFoundError:
                yield None
                return
            for folder in (base, undo):
                _trust(folder.own_status(), folder.path, WRITE_BY_OTHERS)
            alone = opened.enter_context(locked(base))
            yield cls(home, base, undo, alone=alone)

    def newest_first(self) -> Iterator[Run]:
        """Yield the runs; raises OSError, ManifestError, Untrusted at one that cannot be used."""
        unwanted = ANY_BY_OTHERS if keeps_modes(self._base) else 0
        for name in reversed(self._run_names()):
            if self._is_whole(name):
                yield self._load(name, unwanted)

    def begin(self, changes: Sequence[tuple[Changed, Place]]) -> Run:
        """Write the journal of a run that is about to make *changes*; return the run.

        Raises OSError if it cannot be written; no source file may be touched then.
        """
        now = datetime.now(UTC)
        part = f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}.part"
        token = secrets.token_hex(16)
        with self._undo.make(part) as folder:
            try:
                entries = _fill(folder, changes)
                text = manifest.written(self.home, now.isoformat(), token, entries)
                folder.create(WRITING, b"")
                folder.create(MANIFEST, text)
                folder.sync()
                self._leave_pointers(entries, token)
                name = self._publish(part, f"{now:%Y%m%dT%H%M%SZ}")
            except BaseException:
                with suppress(OSError):
                    self.clear(part)
                raise
        stored = self._undo.path / name
        moved = (Entry(e.place, stored / e.stored.name, e.before, e.after) for e in entries)
        return Run(stored, now.isoformat(), token, tuple(moved))

    def folder_of(self, run: Run) -> Folder:
        """Open the folder of *run*; to be closed by the caller."""
        return self._undo.inside(run.folder.name)

    def end(self, run: Run) -> None:
        """Say that *run* writes no more."""
        with self.folder_of(run) as folder:
            folder.remove(WRITING)

    def unfinished(self) -> Iterator[Run]:
        """Yield the runs that ended while they wrote; clear away what is no run yet, or no more.

        Only for who holds the lock: nothing here is in use then.
        """
        for name in filter(_PART.fullmatch, self._undo.names()):
            with suppress(OSError, ManifestError, Untrusted):
                self._take_pointers(self._load(name, WRITE_BY_OTHERS))
            with suppress(OSError):
                self.clear(name)
        for name in self._run_names():
            with suppress(OSError, ManifestError, Untrusted), self._undo.inside(name) as folder:
                if not folder.holds(MANIFEST):
                    self.clear(name)
                elif folder.holds(WRITING):
                    yield self._load(name, WRITE_BY_OTHERS)

    def drop(self, run: Run) -> None:
        """Remove *run*."""
        self._take_pointers(run)
        self.clear(run.folder.name)

    def set_aside(self, run: Run, entries: Sequence[Entry]) -> Path:
        """Take *run* out of the journal but keep the original bytes of *entries*; return where."""
        self._take_pointers(run)
        wanted = {entry.stored.name for entry in entries}
        with self.folder_of(run) as folder:
            for name in folder.names():
                if name not in wanted and name != MANIFEST and _is_ours(name):
                    folder.remove(name)
        with self._base.made(_REFUSED) as refused:
            name = _moved(self._undo, run.folder.name, refused, _spare_names(run.folder.name))
            return refused.path / name

    def clear(self, name: str) -> None:
        """Remove the run or part *name*: what runs make, and nothing that somebody put there.

        The manifest goes first, so that what is left of a removal is no run.
        """
        with self._undo.inside(name) as folder:
            for inner in sorted(folder.names(), key=lambda inner: inner != MANIFEST):
                if _is_ours(inner):
                    folder.remove(inner)
        try:
            self._undo.remove_folder(name)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise

    def _run_names(self) -> list[str]:
        return sorted(filter(_RUN.fullmatch, self._undo.names()), key=lambda n: (number(n), n))

    def _is_whole(self, name: str) -> bool:
        with self._undo.inside(name) as folder:
            return folder.holds(MANIFEST)

    def _load(self, name: str, unwanted: int) -> Run:
        with self._undo.inside(name) as folder:
            _trust(folder.own_status(), folder.path, unwanted)
            _trust(folder.status(MANIFEST), folder.path / MANIFEST, unwanted)
            run = manifest.read(folder.read(MANIFEST, _LARGEST_MANIFEST), self.home, folder.path)
        for base in dict.fromkeys(entry.place.home for entry in run.entries):
            if base != self.home and (self.home, run.token) not in pointers(base):
                raise ManifestError("a path in it leads out of the folder of the run")
        return run

    def _publish(self, part: str, time: str) -> str:
        """Give *part* its name: one number above the last run, so that clocks do not order runs."""
        last = max(map(number, self._run_names()), default=0)
        numbered = (f"{last + step:06}-{time}" for step in range(1, 1 << 20))
        name = _moved(self._undo, part, self._undo, filter(_RUN.fullmatch, numbered))
        self._undo.sync()
        return name

    def _leave_pointers(self, entries: Sequence[Entry], token: str) -> None:
        """Let folders that are changed from outside know this run, and --undo find it there."""
        for base in dict.fromkeys(entry.place.home for entry in entries):
            if base != self.home:
                with ExitStack() as opened:
                    outer = opened.enter_context(Folder.at(base))
                    inner = opened.enter_context(own_folder(outer))
                    folder = opened.enter_context(inner.made(_POINTERS))
                    folder.create(token, os.fsencode(self.home).hex().encode())

    def _take_pointers(self, run: Run) -> None:
        for base in dict.fromkeys(entry.place.home for entry in run.entries):
            if base != self.home:
                with suppress(OSError), Folder.below(base, (FOLDER, _POINTERS)) as folder:
                    folder.remove(run.token)


def runs(home: Path) -> tuple[Run, ...]:
    """Return the runs in the journal of *home*, oldest first.

    Raises OSError, ManifestError, and Untrusted where others could have written it.
    """
    with Journal.to_undo(home) as journal:
        return tuple(journal.newest_first())[::-1] if journal is not None else ()


def last(home: Path) -> Run | None:
    """Return the last run in the journal of *home*; what is older is not looked at."""
    with Journal.to_undo(home) as journal:
        return next(journal.newest_first(), None) if journal is not None else None


def pointers(folder: Path) -> set[tuple[Path, str]]:
    """Return the runs that changed files in *folder* from outside: where started, and token."""
    found = set()
    with suppress(OSError, ValueError), Folder.below(folder, (FOLDER, _POINTERS)) as inner:
        require_owner(inner.own_status(), _POINTERS)
        for name in filter(manifest.TOKEN.fullmatch, inner.names()):
            text = inner.read(name, _LARGEST_POINTER).decode("ascii")
            require_owner(inner.status(name), name)
            start = Path(os.fsdecode(bytes.fromhex(text)))
            if start.is_absolute():
                found.add((start, name))
    return found


@contextmanager
def own_folder(start: Folder) -> Iterator[Folder]:
    """Open ``.ai-usage`` in *start*, and make it if need be; git is told to pass it over."""
    with start.made(FOLDER) as base:
        if not base.holds(_IGNORE):
            with suppress(FileExistsError):  # another run was quicker
                base.create(_IGNORE, b"*\n")
        yield base


def number(name: str) -> int:
    """Return the number of the run that is called *name*."""
    return int(name.partition("-")[0])


def _fill(folder: Folder, changes: Sequence[tuple[Changed, Place]]) -> tuple[Entry, ...]:
    entries = []
    for count, (change, place) in enumerate(changes):
        stored = f"{count:05}.before"
        folder.create(stored, change.source.content)
        after = digest(change.after)
        entries.append(Entry(place, folder.path / stored, change.source.digest, after))
    return tuple(entries)


def _moved(source: Folder, name: str, target: Folder, names: Iterator[str]) -> str:
    """Move the folder *name* to the first of *names* that is not taken; return that one."""
    for new in names:
        if target.holds(new):
            continue  # a rename would replace an empty folder without a word
        try:
            source.move(name, target, new)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return new
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _spare_names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{count}" for count in range(1, 1 << 20))


def _is_ours(name: str) -> bool:
    known = manifest.STORED.fullmatch(name) or manifest.STAGED.fullmatch(name)
    return name in (MANIFEST, WRITING) or bool(known)


def _trust(status: os.stat_result, path: Path, unwanted: int) -> None:
    """Raise Untrusted unless what *status* tells of is this user's, without the bits *unwanted*."""
    try:
        require_owner(status, str(path))
    except PermissionError as error:
        message = f"{error.strerror}. Undo as the user who started the run"
        raise Untrusted(message) from None
    if stat.S_IMODE(status.st_mode) & unwanted:
        kind = "written" if unwanted == WRITE_BY_OTHERS else "made"
        raise Untrusted(
            f"{path} may have been {kind} by others (its mode is {stat.S_IMODE(status.st_mode):o})."
            f" If it is from a run of your own, make it private: chmod -R go= {path}."
            " If not, remove it"
        )

"""Which files of a run may have work in them: bytes first, decoding only on a hit.

Nothing is imported here that a tree without legacy code does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen
from codemods.model.outcome import Failed
from codemods.model.progress import nothing_told
from codemods.project.regular import read_seen
from codemods.project.sources import LARGEST, unreadable
from codemods.vocabulary import words_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.cache.memory import Memory
    from codemods.model.options import Shard
    from codemods.model.progress import Progress
    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile


class Scan(Frozen):
    """The files of a run: those that failed, that may hold legacy code, and all others.

    ``mine`` are the display paths of those that a part of a run decides on, None for all.
    ``noted`` are those of the others in which a comment may silence lint.
    """

    failed: tuple[Failed, ...]
    candidates: tuple[SourceFile, ...]
    others: tuple[DiscoveredFile, ...]
    scanned: int
    mine: frozenset[str] | None = None
    noted: tuple[SourceFile, ...] = ()

    def decides(self, path: str) -> bool:
        """Whether the file that reports name *path* is to be decided on."""
        return self.mine is None or path in self.mine


def scan(
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress,
    shard: Shard | None = None,
    memory: Memory | None = None,
) -> Scan:
    """Return what *files* are; *progress* is called with the number of those looked at.

    What *memory* knows to have no work in it is not read.
    """
    mine: set[str] = set()
    failed: list[Failed] = []
    candidates: list[SourceFile] = []
    others: list[DiscoveredFile] = []
    noted: list[SourceFile] = []
    scanned = 0
    reports = progress is not nothing_told
    for file in files:
        if shard is not None and shard.takes(scanned):
            mine.add(file.path if isinstance(file, Failed) else file.display)
        scanned += 1
        if reports:
            progress(scanned)
        if isinstance(file, Failed):
            failed.append(file)
            continue
        if memory is not None and memory.is_clean(file):
            others.append(file)
            continue
        try:
            content = read_seen(file.place, LARGEST)
        except OSError as error:
            failed.append(unreadable(file, error))
            continue
        may_have_work, may_be_noted = words_in(content)
        if not may_have_work:
            others.append(file)
        if not may_be_noted:
            continue
        loaded = _decoded(file, content)
        if not isinstance(loaded, Failed):
            (candidates if may_have_work else noted).append(loaded)
        elif may_have_work:
            failed.append(loaded)
    if memory is not None:
        told = {str(source.path) for source in noted}
        clean = [file for file in others if file.place not in told] if told else others
        memory.looked_at([source.path for source in (*candidates, *noted)], clean, len(failed))
    found = (tuple(failed), tuple(candidates), tuple(others))
    if shard is None:
        return Scan(*found, scanned, noted=tuple(noted))
    return Scan(*found, len(mine), frozenset(mine), tuple(noted))


def _decoded(file: DiscoveredFile, content: bytes) -> SourceFile | Failed:
    from codemods.project.embedded.files import load

    return load(file.path, file.display, content)

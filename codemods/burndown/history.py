"""The counts of a project after each commit, from the blobs of its repository."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from codemods.burndown.counting import has_work
from codemods.burndown.records import NOTHING, Counts, Pace, Point
from codemods.burndown.repository import commits, contents
from codemods.burndown.versions import Versions
from codemods.project.discovery import SUFFIXES
from codemods.project.scripts import starts_a_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from codemods.burndown.repository import Change, Commit

#: Over how many days the pace is taken.
_DAYS = 56
_WEEK = 7


def history(
    root: str, paths: Sequence[str], takes: Callable[[str], bool], since: str | None = None
) -> tuple[Point, ...]:
    """Return the counts after each commit that changed them, oldest first.

    *takes* says which files count, by their paths from the *root* of the repository.  Raises
    GitProblem.
    """
    seen = list(commits(root, paths, since))
    wanted = [
        (change.blob, change.path)
        for commit in seen
        for change in commit.changes
        if change.blob and _may_be_python(change) and takes(change.path)
    ]
    known = _counted(root, list(dict.fromkeys(wanted)))
    return tuple(_points(seen, known))


def _counted(root: str, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Counts]:
    """Return the counts of each blob at its path; those without work are left out.

    They are *wanted* in the order of their commits: a version is like the one before it.
    """
    versions = Versions()
    blobs = list(dict.fromkeys(blob for blob, _ in wanted))
    places: dict[str, list[str]] = {}
    for blob, path in wanted:
        places.setdefault(blob, []).append(path)
    known: dict[tuple[str, str], Counts] = {}
    for blob, content in zip(blobs, contents(root, blobs), strict=True):
        if not has_work(content):
            continue
        for path in places[blob]:
            if _has_ending(path) or starts_a_script(content):
                known[blob, path] = versions.counts(content, path)
    return known


def _points(seen: Iterable[Commit], known: dict[tuple[str, str], Counts]) -> Iterable[Point]:
    now = NOTHING
    files: dict[str, Counts] = {}
    for commit in seen:
        before = now
        for change in commit.changes:
            counts = known.get((change.blob, change.path), NOTHING)
            now = now - files.pop(change.path, NOTHING) + counts
            if counts != NOTHING:
                files[change.path] = counts
        if now != before:
            yield Point(commit.name, commit.when, now)


def _may_be_python(change: Change) -> bool:
    return _has_ending(change.path) or "." not in change.path.rpartition("/")[2]


def _has_ending(path: str) -> bool:
    return path.endswith(SUFFIXES)


def pace(points: Sequence[Point]) -> Pace | None:
    """Return how fast legacy calls have gone in the last weeks of *points*; None if too short."""
    if len(points) < 2:
        return None
    last = points[-1]
    begin = last.when - timedelta(days=_DAYS)
    before = [point for point in points if point.when <= begin]
    first = before[-1] if before else points[0]
    start = max(first.when, begin)
    days = (last.when - start).total_seconds() / timedelta(days=1).total_seconds()
    if days <= 0:
        return None
    gone = first.counts.legacy - last.counts.legacy
    a_week = gone / days * _WEEK
    left = last.counts.legacy
    done = None
    if left and a_week > 0:
        done = (last.when + timedelta(weeks=left / a_week)).date()
    return Pace(a_week, max(1, round(days)), done)

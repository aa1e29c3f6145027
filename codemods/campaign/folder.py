"""The folder of a campaign: what is done, so that a campaign which was killed goes on.

::

    campaign.json                   what became of each repository
    report.json                     the joined report
    receipts-1f0c2a/report.json     a repository that is done: its report,
    receipts-1f0c2a/state.json      what was done, and how,
    receipts-1f0c2a/changes.patch   its patch, for ``git apply``,
    receipts-1f0c2a/checkout        and its clone, on the branch; both where something changed
    work/                           what is not done yet

All of a repository is made in ``work`` and then renamed: it is there as a whole, or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from codemods.project.folders import Folder
from codemods.project.regular import MEGABYTE, read_regular
from codemods.project.undo.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REPORT = "report.json"
PATCH = "changes.patch"
CHECKOUT = "checkout"
_SUMMARY = "campaign.json"
_STATE = "state.json"
_WORK = "work"
#: What is made before the folder can be told for one of a campaign.
_FIRST = ("lock", ".gitignore", ".gitignore.new", f"{_SUMMARY}.new")
_VERSION = 1
_LARGEST = 1 << 30


class FolderError(Exception):
    """The folder cannot be that of this campaign; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class State:
    """What was done with a repository.

    ``settings`` are the options by which it was done, ``before`` the commit that was asked for,
    ``commit`` what is on the branch, "" where nothing changed.
    """

    source: str
    revision: str
    paths: tuple[str, ...]
    settings: Mapping[str, Any]
    before: str
    commit: str


@dataclass(frozen=True, slots=True)
class CampaignFolder:
    """The folder of a campaign, open for one run of it."""

    path: Path

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[CampaignFolder]:
        """Open the folder at *path*, made if need be, after whoever works in it now.

        What runs that were killed left is removed.  Raises FolderError, OSError.
        """
        path.mkdir(parents=True, exist_ok=True)
        campaign = cls(path)
        campaign._require_ours()
        with Folder.at(path) as folder, locked(folder):
            if not (path / _SUMMARY).exists():
                campaign._replace(".gitignore", b"*\n")
                campaign.end([])
            campaign._clear()
            try:
                yield campaign
            finally:
                campaign._clear()

    def state(self, name: str) -> State | None:
        """Return what was done with the repository *name*, None where it is not done.

        Raises FolderError where it was something else that did it.
        """
        place = self.path / name
        if not os.path.lexists(place):
            return None
        try:
            told = json.loads(read_regular(place / _STATE, MEGABYTE))
            return State(**{**told, "paths": tuple(told["paths"])})
        except (OSError, ValueError, TypeError, KeyError):
            message = f"{place} was not left by a campaign. Remove it to have it done"
            raise FolderError(message) from None

    @contextmanager
    def attempt(self) -> Iterator[Path]:
        """Have a new folder for what is done with a repository; it is removed, if it is there."""
        (self.path / _WORK).mkdir(exist_ok=True)
        made = tempfile.mkdtemp(dir=self.path / _WORK)
        try:
            yield self.path / _WORK / made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def publish(self, attempt: Path, name: str, state: State, report: str) -> None:
        """Give *attempt* its place: from now on the repository *name* is done."""
        with Folder.at(attempt) as made:
            made.create(REPORT, report.encode())
            made.create(_STATE, _json(asdict(state)))
            made.sync()
        self.forget(name)
        os.rename(attempt, self.path / name)  # noqa: PTH104 - at once, or not at all

    def forget(self, name: str) -> None:
        """Remove what was done with the repository *name*."""
        if os.path.lexists(self.path / name):
            shutil.rmtree(self.path / name)

    def report_of(self, name: str) -> str:
        """Return the JSON report of the repository *name*."""
        return read_regular(self.path / name / REPORT, _LARGEST).decode()

    def end(self, repositories: list[dict[str, Any]], report: str | None = None) -> None:
        """Write what became of each of *repositories*, and the joined *report*."""
        if report is not None:
            self._replace(REPORT, report.encode())
        self._replace(_SUMMARY, _json({"version": _VERSION, "repositories": repositories}))

    def _require_ours(self) -> None:
        """Refuse a folder that holds something else, and a campaign of a later version."""
        summary = self.path / _SUMMARY
        if not summary.exists():
            if any(path.name not in _FIRST for path in self.path.iterdir()):
                message = f"{self.path} holds something else. Name another folder: --campaign"
                raise FolderError(message)
            return
        try:
            version = json.loads(read_regular(summary, _LARGEST))["version"]
        except (OSError, ValueError, TypeError, KeyError):
            version = None
        if version != _VERSION:
            message = f"{summary} is damaged, or of another version of this tool. Name another "
            raise FolderError(f"{message}folder: --campaign")

    def _replace(self, name: str, content: bytes) -> None:
        with Folder.at(self.path) as folder:
            folder.remove(f"{name}.new")
            folder.create(f"{name}.new", content)
            folder.move(f"{name}.new", folder, name)
            folder.sync()

    def _clear(self) -> None:
        # A program of a run that was killed may still write there; the next run removes the rest.
        shutil.rmtree(self.path / _WORK, ignore_errors=True)


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"

"""What a journal says of a run, written and read back.

A journal may come with the tree that it lies in, so it is read as a stranger's: every
name in it is a plain one, every path leads down from a folder that the journal
answers for, and what holds something else is no journal.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.project.folders import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST = "run.json"
FOLDER = ".ai-usage"
# What no run writes and no undo restores, whatever is named: whoever may write there may
# have a command run at the next call of git, or undo what was never done.
UNTOUCHABLE = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", FOLDER})
STORED = re.compile(r"\d{5,9}\.before")
STAGED = re.compile(r"\d{5,9}\.after")
TOKEN = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERSION = 2
_LONGEST_TIME = 40


class ManifestError(ValueError):
    """What was read is not what a run writes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file that a run may write: ``parts`` lead down to it from the folder ``home``.

    ``home`` has no links in it; *parts* are followed by folders only.
    """

    home: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.home.joinpath(*self.parts)

    def touchable(self, start: Path) -> bool:
        """Tell whether a run that was started in *start* may write here at all."""
        parts = self.parts if self.home == start else (*self.home.parts, *self.parts)
        return not any(_read_as(part) in UNTOUCHABLE for part in parts)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run: ``stored`` names the file in the journal with its original bytes."""

    place: Place
    stored: Path
    before: str
    after: str

    @property
    def path(self) -> Path:
        """The file that the run changed."""
        return self.place.path

    @property
    def staged(self) -> str:
        """The name in the journal's folder under which the file's new content is made."""
        return f"{self.stored.stem}.after"

    def beside(self, token: str) -> str:
        """Return its name beside the file, where both are not on one file system."""
        return f".{token}-{self.stored.stem}.ai-usage"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a journal; ``started`` is its time, as ISO 8601 in UTC.

    ``token`` is drawn for the run: who knows it has been told by the run itself.
    """

    folder: Path
    started: str
    token: str
    entries: tuple[Entry, ...]


def written(home: Path, started: str, token: str, entries: Sequence[Entry]) -> bytes:
    """Return what the journal in *home* keeps of a run."""
    files = [
        {
            "home": "" if entry.place.home == home else _hexadecimal(str(entry.place.home)),
            "path": _hexadecimal("/".join(entry.place.parts)),
            "stored": entry.stored.name,
            "before": entry.before,
            "after": entry.after,
        }
        for entry in entries
    ]
    document = {"version": _VERSION, "started": started, "token": token, "files": files}
    return json.dumps(document, indent=1).encode()


def read(content: bytes, home: Path, folder: Path) -> Run:
    """Return the run that *content*, the manifest in *folder*, tells of; raises ManifestError.

    *home* is the folder whose journal this is.
    """
    try:
        document = json.loads(content)
        if document["version"] != _VERSION:
            raise ManifestError("another version of this program wrote it")
        started, token = document["started"], document["token"]
        if not TOKEN.fullmatch(token) or not _is_time(started):
            raise ManifestError("its head is not one of a run")
        entries = tuple(_entry(raw, home, folder) for raw in document["files"])
    except ManifestError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ManifestError(f"its {MANIFEST} is not what a run writes") from None
    return Run(folder, started, token, entries)


def _entry(raw: Mapping[str, Any], home: Path, folder: Path) -> Entry:
    if not STORED.fullmatch(raw["stored"]):
        raise ManifestError("a stored name in it is none that a run gives")
    if not _DIGEST.fullmatch(raw["before"]) or not _DIGEST.fullmatch(raw["after"]):
        raise ManifestError("a digest in it is none")
    base = Path(_text(raw["home"])) if raw["home"] else home
    parts = tuple(_text(raw["path"]).split("/"))
    if not base.is_absolute() or ".." in base.parts or not all(map(is_plain, parts)):
        raise ManifestError("a path in it leads out of the folder of the run")
    place = Place(base, parts)
    if not place.touchable(home):
        raise ManifestError("a path in it leads where no run writes")
    return Entry(place, folder / raw["stored"], raw["before"], raw["after"])


def _read_as(name: str) -> str:
    """Return *name* as some file systems read it: in any case, without marks that are not seen."""
    return "".join(char for char in name.lower() if unicodedata.category(char) != "Cf")


def _is_time(text: str) -> bool:
    return len(text) <= _LONGEST_TIME and text.isascii() and text.isprintable()


def _hexadecimal(text: str) -> str:
    """Return *text* in a form that JSON takes: a file name need not be text."""
    return os.fsencode(text).hex()


def _text(encoded: str) -> str:
    text = os.fsdecode(bytes.fromhex(encoded))
    if "\0" in text:
        raise ManifestError("a path in it holds a NUL byte")
    return text

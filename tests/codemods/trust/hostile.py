"""Makes trees as somebody would who wants the tools to write, read or run what they should not."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef" * 2
NAME = "000001-20300101T000000Z"


def sha(content: bytes) -> str:
    """Return the digest by which journals know *content*."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Forged:
    """A journal in ``home`` that no run wrote; its one entry would write ``content``."""

    home: Path
    content: bytes = b"planted\n"

    @property
    def run(self) -> Path:
        """The folder of its one run."""
        return self.home / ".ai-usage/undo" / NAME

    def write(self, *files: dict[str, object], **head: object) -> None:
        """Write the journal with the entries *files*, private as a run leaves it."""
        self.run.mkdir(parents=True)
        for folder in (self.home / ".ai-usage", self.run.parent, self.run):
            folder.chmod(0o700)
        document = {"version": 2, "started": "2030-01-01T00:00:00+00:00", "token": TOKEN}
        document |= {"files": list(files)} | head
        self.put("run.json", json.dumps(document).encode())
        self.put("00000.before", self.content)

    def put(self, name: str, content: bytes) -> None:
        """Write a private file into the run's folder."""
        (self.run / name).write_bytes(content)
        (self.run / name).chmod(0o600)

    def entry(self, path: str | bytes, now: bytes, **changed: object) -> dict[str, object]:
        """Return an entry by which the file *path*, which holds *now*, becomes ``content``."""
        entry = {"home": "", "path": os.fsencode(path).hex(), "stored": "00000.before"}
        return entry | {"before": sha(self.content), "after": sha(now)} | changed


def everything(folder: Path) -> dict[str, bytes | str]:
    """Return what is below *folder*: the bytes of files, where links lead, and what is a folder.

    The empty file that journals are locked by is left out.
    """
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.name == "lock" and path.is_file() and not path.read_bytes():
            continue
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "folder" if path.is_dir() else "special"
    return found

"""How each option of a command is tried: in a small project, by what it changes."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import lint, merge, migrate, status
from codemods.burndown.command import command as status_command
from codemods.cli import linting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import click
    import pytest

#: Each command with what parses its command line, and its entry point.
COMMANDS: dict[str, tuple[click.Command, Callable[[list[str]], int]]] = {
    "lint": (linting.command, lint.main),
    "migrate": (migrate.command, migrate.main),
    "merge": (merge.command, merge.main),
    "status": (status_command, status.main),
}
IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
LEGACY = f"""{IMPORT}

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker=tracker)
"""
UNSAFE = f"""{IMPORT}

def mark(holder):
    holder["tracker"].set_tracking_context(job_id="m-1")
    return ask(holder["tracker"])
"""
BATCH = f"""{IMPORT}

def read(texts, client):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1", batch_id="b-1")
    for text in texts:
        tracker.track_openai_completion(client.chat.completions.create)(messages=text)
"""
BLOCK = """from tracker.ai_usage_context import ai_usage_context


def read(text):
    with ai_usage_context("read", job_id="read-1") as tracker:
        return ask(text, tracker=tracker)
"""


class Output(io.TextIOWrapper):
    """What a run prints."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return False


class Errors(io.StringIO):
    """What a run says on standard error."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return False


@dataclass(frozen=True)
class Told:
    """What a run said, and its exit status."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A folder with a legacy file, in which one command is run."""

    folder: Path
    command: str
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: str, command: str = "", text: str = "") -> Told:
        """Run the command, or another one, with *text* to read."""
        out, err = Output(io.BytesIO(), "utf-8"), Errors()
        given = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")
        self.monkeypatch.setattr(sys, "stdin", given)
        with redirect_stdout(out), redirect_stderr(err):
            found = COMMANDS[command or self.command][1](list(arguments))
        out.flush()
        raw = out.buffer
        assert isinstance(raw, io.BytesIO)
        return Told(found, raw.getvalue().decode(), err.getvalue())

    def look(self, *arguments: str) -> Told:
        """Run the command over all of the folder; nothing is written, merge has two reports."""
        if self.command != "merge":
            checking = ["--check"] if self.command == "migrate" else []
            return self.run(*checking, *arguments, ".")
        for part in ("1/2", "2/2"):
            known = self.run("--shard", part, "--format", "json", ".", command="lint")
            self.put(f"{part[0]}.json", known.out)
        return self.run(*arguments, "1.json", "2.json")

    def put(self, name: str, text: str) -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def text(self, name: str = "app/old.py") -> str:
        """Return what is in a file of the folder."""
        return (self.folder / name).read_text()

    def commit(self) -> None:
        """Make the folder a repository, all of which is committed."""
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        for given in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
            subprocess.run(["git", *given], cwd=self.folder, check=True)

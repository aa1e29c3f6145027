"""Runs the commands as a user does, as processes, and provides the programs they run on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from tests.warm import run_command  # noqa: E402 - the root must be on the path first

#: A module with one site that is rewritten.
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
#: What becomes of it.
MIGRATED = """\
from tracker.ai_usage_context import ai_usage_context


def scan_receipt(client, number):
    with ai_usage_context("scan_receipt", job_id=number):
        return client.scan(number)
"""
#: A module with one site that a person must look at: the tracker outlives the function.
REFUSED = """\
from tracker.ai_usage_tracker import AIUsageTracker


def configured_tracker(number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return tracker
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it printed."""

    status: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        """All that was printed, as text."""
        return (self.out + self.err).decode("utf-8", "replace")


def environment() -> dict[str, str]:
    """Return the variables for a process: this package, and git without anyone's settings."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
    }


def run(command: list[str], cwd: Path, given: bytes = b"") -> Ended:
    """Run *command* in *cwd* with *given* on standard input; there is never a traceback."""
    done = run_command(command, cwd, environment(), given)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Ended(done.returncode, done.stdout, done.stderr)


def migrate_command(cwd: Path, *arguments: str) -> Ended:
    """Run ``python -m codemods.migrate`` with *arguments* in *cwd*."""
    return run([sys.executable, "-m", "codemods.migrate", *arguments], cwd)


def lint_command(cwd: Path, *arguments: str) -> Ended:
    """Run ``python -m codemods.lint`` with *arguments* in *cwd*."""
    return run([sys.executable, "-m", "codemods.lint", *arguments], cwd)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below *folder*, the tool's own journal left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".ai-usage" not in path.parts and ".git" not in path.parts
    }

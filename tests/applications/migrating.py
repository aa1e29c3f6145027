"""Migrates a copy of an application, and counts what became of its sites."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.options import Options
from codemods.model.outcome import Changed, Failed, Refused
from codemods.project.config import Tables
from codemods.project.discovery import discover
from codemods.project.writing import write_changes
from codemods.runner import pipeline

if TYPE_CHECKING:
    from codemods.model.outcome import Applied, RunReport
    from codemods.model.refusal import Refusal
    from codemods.runner.many_files import Review

PROJECTS = Path(__file__).resolve().parents[1] / "fixtures" / "projects"


@dataclass(frozen=True)
class Migrated:
    """A copy of an application that was migrated in place, and what became of its sites."""

    folder: Path
    report: RunReport

    @property
    def applied(self) -> list[Applied]:
        """The sites that were rewritten, each with what is said about it."""
        changed = [outcome for outcome in self.report.outcomes if isinstance(outcome, Changed)]
        return [applied for outcome in changed for applied in outcome.applied]

    @property
    def refused(self) -> list[Refusal]:
        """The sites that were not, in the order of files and lines."""
        told = [o for o in self.report.outcomes if isinstance(o, Changed | Refused)]
        return [refusal for outcome in told for refusal in outcome.refusals]

    @property
    def failed(self) -> list[Failed]:
        """The files that could not be handled."""
        return [outcome for outcome in self.report.outcomes if isinstance(outcome, Failed)]

    @property
    def share(self) -> float:
        """The share of the sites that were rewritten."""
        done = len(self.applied)
        return done / max(done + len(self.refused), 1)

    @property
    def reasons(self) -> Counter[str]:
        """How many sites were refused for each reason."""
        return Counter(str(refusal.reason) for refusal in self.refused)


def copied(name: str, folder: Path) -> Path:
    """Return a copy of the application *name*, in *folder*."""
    leave = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PROJECTS / name, folder / name, ignore=leave)


def migrate(folder: Path, *, unsafe: bool, review: Review | None = None) -> Migrated:
    """Migrate the application in *folder* as the command does, in this process.

    With a *review* it decides on the rewrites.
    """
    tables = Tables(folder)
    options = Options((folder,), folder, unsafe=unsafe, jobs=1)
    found = discover([folder], folder, tables.excludes)
    report = pipeline.migrate(options, tables, found, None, review=review)
    return Migrated(folder, write_changes(report, folder, [folder]))

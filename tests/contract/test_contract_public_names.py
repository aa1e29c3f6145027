"""What the documents tell programs to import is there.  Invariant P1 of ARCHITECTURE.md."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from many_cases import each_of
from source_tree import ROOT

from tracker import AIUsageTracker

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "spec").rglob("*.md")]
)
IMPORT = re.compile(r"from (tracker(?:\.\w+)*) import ([\w, ]+)")
DOTTED = re.compile(r"(?<![\w./-])tracker((?:\.\w+)+)(?![/\w])")
#: Names that older programs import, and what they find there.
FORMER = {
    "tracker.guard": "counts",
    "tracker.instrumentation.seam": "unpatch",
    "tracker.batch_results": "record_batch_results",
    "tracker.deprecation": "LegacyTrackingWarning",
    "tracker.metric": "Metric",
}


def is_there(dotted: str) -> bool:
    """Return whether *dotted* is a module, or a name in one, or an attribute of a tracker."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        if _has(found, parts[length:]):
            return True
    return _has(AIUsageTracker, parts[1:])


def _has(found: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


def named(text: str) -> set[str]:
    """Return the names in *text* by which something of the runtime can be reached."""
    imported = {
        f"{module}.{name.strip()}"
        for module, names in IMPORT.findall(text)
        for name in names.split(",")
        if name.strip()
    }
    return imported | {f"tracker{path}" for path in DOTTED.findall(text)}


@each_of("path", DOCUMENTS)
def test_what_documents_name_can_be_imported(path: Path) -> None:
    """P1: each dotted name of the runtime in a document leads to something."""
    names = named(path.read_text(encoding="utf-8"))
    assert sorted(name for name in names if not is_there(name)) == []


@each_of("module", FORMER)
def test_former_names_can_be_imported(module: str) -> None:
    """P1: programs that were written for earlier names find what they look for."""
    assert hasattr(importlib.import_module(module), FORMER[module])


def test_a_name_that_leads_nowhere_is_seen() -> None:
    """The check can fail, and knows modules, what is in them, and a tracker's attributes."""
    text = "`tracker.testing.capture`, `tracker.stats`, `tracker.flush_metrics()`, tracker.gone.x"
    found = named(text + "\nfrom tracker.errors import SinkError, Lost\n")
    assert len(found) == 7
    assert {name for name in found if not is_there(name)} == {
        "tracker.gone.x",
        "tracker.errors.Lost",
    }

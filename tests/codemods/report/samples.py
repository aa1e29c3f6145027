"""Reports that every format must stand: many findings, and texts that try to be something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from codemods.model.finding import Finding
from codemods.model.outcome import (
    Applied,
    Changed,
    Failed,
    FileOutcome,
    Linted,
    Refused,
    RunReport,
    Skipped,
)
from codemods.model.refusal import Reason, Refusal
from codemods.model.runtime import Evidence, Runtime
from codemods.model.source import SourceFile, Span
from codemods.report.around import Around, Page

#: Ends a line, a CDATA section, a command, a property, a fence; hides, turns, is half of a pair.
EVIL = "a\r\nb]]>::error file=x::%0A;c]<!--<b>&`|@ops #1\x1b[2J\x00\u202e\u2066\ufeff\ud83d\udcff"
BEFORE = "import tracker\n\n\ndef read(text):\n    tracker = AIUsageTracker()\n    ask(text)\n"
AFTER = (
    "import tracker\n\n\ndef read(text):\n    with ai_usage_context('read'):\n        ask(text)\n"
)
SPAN = Span(5, 15, 5, 31)


def source(display: str, text: str = BEFORE, encoding: str = "utf-8") -> SourceFile:
    """Return the file *display* with *text*."""
    content = text.encode(encoding)
    return SourceFile(Path("/p") / "x.py", display, content, text, encoding, False, "\n", "")


def finding(path: str, span: Span = SPAN, message: str = "tracker built by hand") -> Finding:
    """Return a finding in *path*."""
    return Finding("AIU001", path, span, message)


def changed(path: str, before: str = BEFORE, after: str = AFTER) -> Changed:
    """Return a file that one rewrite changes."""
    applied = Applied(finding(path), "own", "nothing outlives the block")
    return Changed(source(path, before), after.encode(), (applied,))


def hostile() -> RunReport:
    """Return a report in which every text is hostile, and something of everything."""
    found = Finding("AIU001", EVIL, SPAN, EVIL)
    evidence = Evidence(Runtime.GUIDE, EVIL)
    applied = Applied(found, EVIL, EVIL, (EVIL,), (EVIL,), evidence, (EVIL,))
    refusal = Refusal(found, Reason.ESCAPES, EVIL, EVIL, Span(1, 1, 1, 2))
    text = BEFORE + f"# {EVIL[:-2]}\n```\n"
    outcomes: tuple[FileOutcome, ...] = (
        Changed(source(EVIL, text), AFTER.encode(), (applied,), (refusal,)),
        Refused("r" + EVIL, (replace(refusal, finding=replace(found, path="r" + EVIL)),)),
        Failed("f" + EVIL, EVIL, EVIL, EVIL),
        Skipped("s" + EVIL, EVIL),
        Linted("l" + EVIL, (replace(found, path="l" + EVIL),) * 2),
    )
    return RunReport(outcomes, 5, written=False, warnings=(EVIL,))


def large(count: int = 5_000) -> RunReport:
    """Return a report of *count* findings in a tenth as many files."""
    files = []
    for number in range(count // 10):
        path = f"app/part_{number % 20}/module_{number}.py"
        places = (Span(10 * at + 1, 5, 10 * at + 1, 21) for at in range(10))
        files.append(Linted(path, tuple(finding(path, span) for span in places)))
    return RunReport(tuple(files), count, written=False)


def repaired(text: str, run: dict[str, Any]) -> str:
    """Return *text* after the fixes of *run*, made from the last one on as SARIF says."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    offered = [fix for result in run["results"] for fix in result.get("fixes", ())]
    for fix in offered:
        (change,) = fix["artifactChanges"]
        for made in reversed(change["replacements"]):
            region = made["deletedRegion"]
            begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
            end = starts[region["endLine"] - 1] + region["endColumn"] - 1
            text = text[:begin] + made["insertedContent"]["text"] + text[end:]
    return text


class Known(Around):
    """A tree of one text, in the folder ``sub`` of its repository."""

    version = "1.2.3"

    def __init__(self, text: str = BEFORE) -> None:
        self._lines = text.split("\n")

    def in_repository(self, path: str) -> str:
        """Return *path* below the folder."""
        return f"sub/{path}"

    def lines(self, path: str, cell: int = 0) -> list[str]:
        """Return the one text."""
        return self._lines

    def page(self, code: str) -> Page:
        """Return a page that says its code."""
        return Page(code, "built-by-hand", "a tracker is built by hand", f"# {code}\n\nWhy.\n")

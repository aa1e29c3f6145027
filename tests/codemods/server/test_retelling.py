"""What is told of a text again, without an analysis, is what an analysis would find."""

from __future__ import annotations

import ast
import random
import re
from typing import TYPE_CHECKING

import pytest
from rows import ROWS

from codemods.server.analysis import Asked, Surroundings
from codemods.server.retelling import Bases
from codemods.server.texts.documents import Document
from codemods.server.work import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codemods.model.outcome import RunReport

HEAD = """\
import json
from tracker.ai_usage_tracker import AIUsageTracker

limit = 3
"""
LEGACY = """

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker=tracker)
"""
PLAIN = """

def total(items):
    found = 0
    for item in items:
        found += json.loads(item).get("count", 1)
    return found
"""
TEXT = HEAD + LEGACY + PLAIN
_WORD = re.compile(r"[A-Za-z_]\w*")


class Editor:
    """A text that is open, and what is known of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = 0
        self.bases = Bases()

    def document(self, text: str) -> Document:
        """Return the text as it is now."""
        self._version += 1
        return Document(self._path.as_uri(), self._path, self._version, text, "utf-16")

    def analysed(self, text: str, bases: Bases | None = None) -> RunReport:
        """Return what an analysis says of *text*; *bases* learn it."""
        document = self.document(text)
        around = Surroundings([self._path.parent], [document])
        return Asked(document, around, Ticket()).linted(bases)

    def told(self, text: str) -> RunReport | None:
        """Return what is told again of *text*."""
        return self.bases.told(self.document(text))


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    """Return an editor in a project of its own."""
    (tmp_path / "pyproject.toml").write_text("[tool.ai-usage]\n")
    return Editor(tmp_path.resolve() / "app.py")


def words(report: RunReport) -> list[object]:
    """Return what *report* says."""
    return [(one.path, getattr(one, "findings", one)) for one in report.outcomes]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("found = 0", "found = 10"),
        ("found = 0", "found = other(1)"),
        ("for item in items", "for one, item in items"),
        ('"count"', '"counts"'),
        ("return found", "return found  # all of them"),
        ("return found", "found.total = 1"),
        ("def total(items):", "def total(items, more=()):"),
        ("    return found", "    return [x for x in found]"),
    ],
)
def test_what_is_typed_in_another_function_is_told_at_once(
    editor: Editor, old: str, new: str
) -> None:
    """Such a function says nothing of trackers, and nobody who does speaks of it."""
    report = editor.analysed(TEXT, editor.bases)
    text = TEXT.replace(old, new)
    assert editor.told(text) is report
    assert words(editor.analysed(text)) == words(report)
    assert editor.told(text.replace("item in", "item1 in")) is report


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('job_id="read-1"', 'job_id="read-2"'),
        ("limit = 3", "limit = 4"),
        ("found = 0", "found = AIUsageTracker()"),
        ("found = 0", "tracker = 0"),
        ("found = 0", "found = read(items)"),
        ("found = 0", "found = limit"),
        ("found = 0", "found = 'read'"),
        ("found = 0", "found = eval(items)"),
        ("found = 0", "found = client.responses.create(model='m')"),
        ("found = 0", "global ask"),
        ("found = 0", "items.ask = 0"),
        ("found = 0", "found = 0  # ai-usage: ignore[AIU001]"),
        ("found = 0", "found = 0  # noqa: AIU001"),
        ("found = 0", "found = ("),
        ("found = 0", "found = '''"),
        ("found = 0", "found = 0 \\"),
        ("found = 0", "nonlocal found"),
        ("def total", "def read"),
        ("def total", "def totals"),
        ("def total(items):", "def total(items): pass"),
        ("    return found", "return found"),
        ("    return found", "    return found\n"),
        ("    return found\n", ""),
        ("return ask(text, tracker=tracker)", "return total(text)"),
    ],
)
def test_all_else_is_analysed(editor: Editor, old: str, new: str) -> None:
    """What says a word of trackers, meets them, or may be another program is looked at anew."""
    editor.analysed(TEXT, editor.bases)
    assert editor.told(TEXT.replace(old, new)) is None


def test_a_function_that_is_spoken_of_is_analysed(editor: Editor) -> None:
    """Where legacy code calls a function, or gives to it what it shares, its words count."""
    for text in (
        TEXT.replace("ask(text,", "total(text,"),
        TEXT.replace("limit = 3", "limit = total"),
        TEXT.replace("return ask", "text.found = 1; return ask").replace("found = 0", "x.found"),
    ):
        editor.analysed(text, editor.bases)
        assert editor.told(text.replace("in items:", "in items[1:]:")) is None


def test_another_text_forgets_what_was_told(editor: Editor) -> None:
    """When something else changes, an analysis may say something else."""
    editor.analysed(TEXT, editor.bases)
    uri = editor.document(TEXT).uri
    assert editor.bases.only(uri).told(editor.document(TEXT)) is not None
    assert editor.bases.only("file:///other.py").told(editor.document(TEXT)) is None


def test_what_other_files_decide_is_analysed(editor: Editor, tmp_path: Path) -> None:
    """Where a tracker goes to another file, that may lead back to any function of this one."""
    (tmp_path / "other.py").write_text(
        "from app import total\n\ndef ask(*a, **k): return total(k)\n"
    )
    text = TEXT.replace("limit = 3", "from other import ask")
    editor.analysed(text, editor.bases)
    assert editor.told(text.replace("in items:", "in items[1:]:")) is None


def edited(text: str, tree: ast.Module, chosen: random.Random) -> Iterator[str]:
    """Yield *text* with a word of one of its functions in the place of another one, or longer."""
    lines = text.split("\n")
    spoken = _WORD.findall(text)
    for one in tree.body:
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for _ in range(4):
            at = chosen.randrange(one.lineno - 1, one.end_lineno or one.lineno)
            places = list(_WORD.finditer(lines[at]))
            if not places:
                continue
            place = chosen.choice(places)
            new = chosen.choice([place[0] + "v", chosen.choice(spoken), "other", "0"])
            line = lines[at][: place.start()] + new + lines[at][place.end() :]
            yield "\n".join([*lines[:at], line, *lines[at + 1 :]])


@pytest.mark.parametrize("part", range(6))
def test_what_is_told_again_is_what_an_analysis_finds(editor: Editor, part: int) -> None:
    """For programs of all kinds, beside a function of each that has nothing to do with trackers."""
    chosen = random.Random(part)
    count = 0
    for path in sorted(ROWS.glob("*/before.py"))[part::100]:
        text = path.read_text() + PLAIN.replace("json.loads(item)", "dict(item)")
        report = editor.analysed(text, editor.bases)
        for other in edited(text, ast.parse(text), chosen):
            told = editor.told(other)
            if told is not None:
                count += 1
                assert words(told) == words(editor.analysed(other)), other
                editor.analysed(text, editor.bases)
        del report
    assert count > 5

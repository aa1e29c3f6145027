"""What is told of a text again, without an analysis, is what an analysis would find."""

from __future__ import annotations

import ast
import random
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from rows import ROWS

from codemods.model.outcome import Failed
from codemods.project import config, root
from codemods.server.analysis import Asked, Surroundings
from codemods.server.retelling import Bases
from codemods.server.texts.documents import Document
from codemods.server.work import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codemods.findings.texts import Linter
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
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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
        return self._asked(text, Ticket()).linted(bases)

    def typed(self, text: str, ticket: Ticket | None = None) -> RunReport:
        """Return what is told of *text* when the editor waits for it with a *ticket*."""
        return self._asked(text, ticket or Ticket()).linted(self.bases)

    def _asked(self, text: str, ticket: Ticket) -> Asked:
        document = self.document(text)
        return Asked(document, Surroundings([self._path.parent], [document]), ticket)

    def told(self, text: str) -> RunReport | None:
        """Return what is told again of *text*."""
        return self.bases.told(self.document(text))

    def sliced(self, text: str) -> tuple[RunReport | None, list[str]]:
        """Return what is found in *text* without all of it, and the parts that were analysed."""
        parts: list[str] = []

        def lint(part: str, linter: Linter | None) -> RunReport:
            del linter
            parts.append(part)
            return self.analysed(part)

        return self.bases.linted(self.document(text), lint), parts


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


MORE = """

def write(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="write-1")
    return ask(text, tracker=tracker)
"""
FIRST = "    tracker = AIUsageTracker()"
BEHIND = FIRST + "; x = 1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tracker =", "vtracker ="),
        ('job_id="read-1"', 'job_i="read-1"'),
        ("tracker = AIUsageTracker()", "tracker = AIUsageTrackers()"),
        ("return ask(text, tracker=tracker)", "return total([tracker])"),
        ("def read(text):", "def read(text, tracker=None):"),
        ("    tracker.set_tracking_context", "    pass; set_tracking_context"),
        ("    return ask", "    return  ask"),
    ],
)
def test_what_is_typed_beside_a_tracker_is_analysed_without_the_others(
    editor: Editor, old: str, new: str
) -> None:
    """Other functions with trackers of their own are not looked at, but for one of them."""
    text = TEXT + MORE + MORE.replace("write", "send")
    editor.analysed(text, editor.bases)
    typed = text.replace(old, new, 1)
    found, parts = editor.sliced(typed)
    assert found is not None
    assert words(found) == words(editor.analysed(typed))
    assert all(one.count("def ") <= 3 and "def send" not in one for one in parts)
    again = typed.replace("(text, tracker", "(texts, tracker", 1)
    found, parts = editor.sliced(again)
    assert found is not None
    assert words(found) == words(editor.analysed(again))
    assert len(parts) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return ask(text, tracker=tracker)\n\n\ndef total", "write(text)\n\n\ndef total"),
        ("def write(text):", "def write(text, by=read):"),
        ("limit = 3", "shared = [read, write]"),
        ("found = 0", "found = read(write)"),
        ("found = 0", "found = globals()"),
        ("limit = 3", "from somewhere import ask"),
    ],
)
def test_those_that_it_has_to_do_with_are_analysed_with_it(
    editor: Editor, old: str, new: str
) -> None:
    """What calls it or is called by it, shares a name with it, or reaches more than names."""
    text = (TEXT + MORE.replace("write", "send") + MORE).replace(old, new)
    editor.analysed(text, editor.bases)
    typed = text.replace("tracker =", "vtracker =", 1)
    found, parts = editor.sliced(typed)
    assert parts
    assert all("def read" in one and "def write" in one for one in parts)
    assert found is None or words(found) == words(editor.analysed(typed))


def test_calls_outside_of_contexts_are_found_as_in_the_whole(editor: Editor) -> None:
    """Whether a file has a context is a question to all of it: what is typed may be the last."""
    text = """\
from tracker.ai_usage_context import ai_usage_context


def one(client, text):
    with ai_usage_context("one", job_id=text):
        return client.responses.create(model="m", input=text)


def other(client, text):
    return client.responses.create(model="m", input=text)
"""
    editor.analysed(text, editor.bases)
    for typed in (
        text.replace("with ai_usage_context(", "with ai_usage_contexts("),
        text.replace("one(client, text)", "one(client, text, *, b)"),
        text.replace("def other(client, text)", "def other(client, text, b)"),
    ):
        found, _ = editor.sliced(typed)
        assert found is None or words(found) == words(editor.analysed(typed))
        editor.analysed(text, editor.bases)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("found = 0", "found = 0  # ai-usage: off"),
        ("limit = 3", "# %%"),
        ("limit = 3", "limit = 3\r"),
        (FIRST, BEHIND),
    ],
)
def test_odd_texts_are_analysed_as_a_whole_or_rightly(editor: Editor, old: str, new: str) -> None:
    """Comments that hold for more than a line, cells, and ends of lines that are counted oddly."""
    text = (TEXT + MORE).replace(old, new)
    editor.analysed(text, editor.bases)
    typed = text.replace("tracker =", "vtracker =", 1)
    found, _ = editor.sliced(typed)
    assert (found is None) == (new != BEHIND)
    assert found is None or words(found) == words(editor.analysed(typed))


def test_what_declares_wrongly_is_analysed_as_a_whole(editor: Editor) -> None:
    """It parses, and is no Python: the report says so of all of it."""
    editor.analysed(TEXT, editor.bases)
    for old in ("tracker = AI", "found = 0"):
        typed = TEXT.replace(old, f"nonlocal text; {old}")
        assert editor.told(typed) is None
        found, _ = editor.sliced(typed)
        assert found is None
        (failed,) = editor.analysed(typed).outcomes
        assert isinstance(failed, Failed)


def test_a_letter_has_no_folder_looked_through(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first analysis learnt of folders and their configuration holds until they change."""
    looked: list[object] = []

    def counted(name: str, answer: Callable[..., object]) -> Callable[..., object]:
        def ask(*given: object, **named: object) -> object:
            looked.append(name)
            return answer(*given, **named)

        return ask

    for module, name in ((root, "discover"), (root, "repository_of"), (config, "_table")):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    text = TEXT + MORE
    editor.typed(text)
    assert set(looked) == {"discover", "repository_of", "_table"}
    looked.clear()
    typed = text.replace("tracker =", "vtracker =", 1)
    report = editor.typed(typed)
    editor.typed(typed.replace("vtracker =", "vvtracker =", 1))
    assert looked == []
    editor.bases = Bases()
    assert words(editor.typed(typed)) == words(report)
    assert looked


def test_a_configuration_that_nobody_waits_for_any_more_is_kept(editor: Editor) -> None:
    """Whoever waited for the first analysis: the next letter needs what that has learnt."""
    ticket = Ticket()
    text = TEXT + MORE
    editor.typed(text, ticket)
    ticket.end()
    typed = text.replace("tracker =", "vtracker =", 1)
    assert words(editor.typed(typed)) == words(editor.analysed(typed))


def edited(text: str, tree: ast.Module, chosen: random.Random) -> Iterator[str]:
    """Yield *text* with a word of one of its functions in the place of another one, or longer."""
    lines = text.split("\n")
    spoken = _WORD.findall(text)
    for one in tree.body:
        if not isinstance(one, DEFINITIONS):
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


def apart(text: str, number: int) -> str:
    """Return *text* with other names for what it defines, to stand beside itself."""
    named = [one.name for one in ast.parse(text).body if isinstance(one, DEFINITIONS)]
    for name in named:
        text = re.sub(rf"\b{name}\b", f"{name}{number}", text)
    return text.replace("from __future__ import annotations\n", "\n")


@pytest.mark.parametrize("part", range(6))
def test_what_is_found_in_a_part_is_found_in_the_whole(editor: Editor, part: int) -> None:
    """For programs of all kinds, one beside another, and one edit after the other."""
    chosen = random.Random(part)
    paths = sorted(ROWS.glob("*/before.py"))[part::240]
    count = 0
    for one, other in pairwise(paths):
        text = one.read_text() + "\n" + apart(other.read_text(), 2)
        report = editor.analysed(text, editor.bases)
        for typed in edited(text, ast.parse(text), chosen):
            found, _ = editor.sliced(typed)
            if found is not None:
                count += 1
                assert words(found) == words(editor.analysed(typed)), typed
                editor.bases.learn(editor.document(text), report)
    assert count > 5

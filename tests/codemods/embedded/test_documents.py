"""Examples in documents and docstrings, as migrate, lint and the way back see them."""

from __future__ import annotations

import doctest
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import report

from codemods import lint, migrate
from codemods.model.outcome import Changed, Failed, Linted, Refused
from tracker.testing import capture

ALL = ("markdown", "rst", "doctests")
IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
NEW = "from tracker.ai_usage_context import ai_usage_context\n"
SITE = 'tracker = AIUsageTracker()\ntracker.set_tracking_context(job_id="job-1")\nask(tracker)\n'
AFTER = 'with ai_usage_context("ask", job_id="job-1") as tracker:\n    ask(tracker)\n'


def outcome_of(folder: Path, name: str, text: str, **flags: Any) -> Any:
    """Return what a run over *folder* says of the file *name* with *text*, None for nothing."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode())
    flags = {"include": ALL, **flags}
    return next((o for o in report(folder, **flags).outcomes if o.path == name), None)


def text_of(outcome: object) -> str:
    """Return the text that a file is changed to."""
    assert isinstance(outcome, Changed), outcome
    return outcome.after.decode()


def fenced(code: str) -> str:
    """Return *code* in a page of Markdown."""
    return f"# Read\n\nAs here:\n\n```python\n{code}```\n\n| a | b |\n"


def prompted(code: str, indent: str = "") -> str:
    """Return *code* at prompts."""
    lines = code.splitlines()
    return "".join(f"{indent}{'...' if line[:1] == ' ' else '>>>'} {line}\n" for line in lines)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_page_is_migrated_in_place(newline: str, mark: str, tmp_path: Path) -> None:
    """The lines of the code change, and no other byte; a second run finds nothing."""
    before, after = (
        mark + fenced(one).replace("\n", newline) for one in (IMPORT + SITE, NEW + AFTER)
    )
    found = outcome_of(tmp_path, "read-me.md", before)
    assert text_of(found) == after
    assert [(a.finding.span.line, a.finding.span.column) for a in found.applied] == [(7, 11)]
    assert outcome_of(tmp_path, "read-me.md", after) is None


def test_a_page_of_restructured_text(tmp_path: Path) -> None:
    """Directives keep their options and their indentation; prompts stay prompts."""

    def page(code: str) -> str:
        inner = "".join(f"   {line}\n" for line in code.splitlines())
        return f"Read\n====\n\n.. code-block:: python\n   :linenos:\n\n{inner}\nThen::\n\n"

    rest = prompted(SITE, "    ") + "    5\n"
    after = prompted(AFTER.replace('"ask"', '"read_me"'), "    ") + "    5\n"
    found = outcome_of(tmp_path, "read-me.rst", page(IMPORT + SITE) + rest)
    assert text_of(found) == page(NEW + AFTER) + after
    assert [a.finding.span.line for a in found.applied] == [8, 14]


HALF = SITE[: SITE.index("ask")]
TWO_PAGES = fenced(IMPORT + HALF) + fenced("ask(tracker)\n")
TWO_PROMPTS = prompted(IMPORT + HALF) + "True\n" + prompted("ask(tracker)\n")


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (TWO_PAGES, "crosses-cells", 7),
        (TWO_PROMPTS, "crosses-cells", 2),
        (fenced(IMPORT + SITE.replace("ask", "keep.x =")), "escapes", 7),
        (fenced(IMPORT + HALF), "no-work", 7),
        (fenced("with ai_usage_context('process') as tracker:\n"), "not-whole", 6),
        (fenced(prompted(SITE) + "...more\n").replace(">>>", ">>> >"), "not-whole", 6),
    ],
)
def test_what_cannot_be_rewritten_is_told(
    text: str, reason: str, line: int, tmp_path: Path
) -> None:
    """Lives over several examples, and what is no Python, stay and count as work to do."""
    found = outcome_of(tmp_path, "read-me.md", text)
    assert isinstance(found, Refused)
    assert [(str(r.reason), r.finding.span.line) for r in found.refusals] == [(reason, line)]
    linted = outcome_of(tmp_path, "read-me.md", text, lint=True)
    assert isinstance(linted, Linted)
    assert all(1 <= f.span.line <= text.count("\n") for f in linted.findings)


@pytest.mark.parametrize(
    "text",
    [
        fenced("tracker.set_tracking_context(job_id=1)\n").replace("python", "text"),
        fenced("tracker.set_tracking_context(job_id=1)\n").replace("python", ""),
        "AIUsageTracker is the class.\n\n    tracker = AIUsageTracker()\n",
        fenced("import os\n"),
        fenced(NEW + AFTER),
        fenced("def f(:\n") + "\nAIUsageTracker\n",
    ],
)
def test_what_is_no_legacy_code_is_left(text: str, tmp_path: Path) -> None:
    """Other languages, prose, migrated code and what names nothing of the API are no work."""
    assert outcome_of(tmp_path, "read-me.md", text) is None
    assert outcome_of(tmp_path, "read-me.md", text, lint=True) is None


@pytest.mark.parametrize("include", [(), ("rst",), ("doctests",)])
def test_documents_are_untouched_unless_asked_for(include: tuple[str, ...], tmp_path: Path) -> None:
    """A folder's pages are not looked at; one that is named is."""
    text = fenced(IMPORT + SITE)
    assert outcome_of(tmp_path, "read-me.md", text, include=include) is None
    assert report(tmp_path, include=include).scanned == 0
    [named] = report(tmp_path, part="read-me.md", include=include).outcomes
    assert isinstance(named, Changed)


DOCSTRING = '''\
"""Reads.

>>> from tracker.ai_usage_tracker import AIUsageTracker
>>> tracker = AIUsageTracker()
>>> tracker.set_tracking_context(job_id="job-1")
>>> answer = ask(tracker)
>>> answer
5
"""


def ask(tracker):
    """Ask.

    Example::

        >>> from tracker.ai_usage_tracker import AIUsageTracker
        >>> tracker = AIUsageTracker()
        >>> tracker.set_tracking_context(job_id="job-2")
        >>> ask(tracker)
        5
    """
    return tracker.track_openai_completion(lambda: 5)()
'''


def run_examples(text: str) -> list[str]:
    """Run the examples of a module, none of which fails; return the jobs that were recorded."""
    names: dict[str, Any] = {"__name__": "m"}
    exec(compile(text, "m.py", "exec"), names)
    runner = doctest.DocTestRunner(verbose=False)
    finder, parser = names["ask"].__doc__, doctest.DocTestParser()
    output = io.StringIO()
    with capture() as captured, redirect_stdout(output):
        for number, doc in enumerate((text.split('"""')[1], finder)):
            test = parser.get_doctest(doc, {"ask": names["ask"]}, f"d{number}", "m.py", 0)
            runner.run(test)
    assert runner.failures == 0, output.getvalue()
    return [str(m.job_id) for m in captured]


def test_examples_of_docstrings_run_as_before(tmp_path: Path) -> None:
    """Each docstring is a module of its own; what its examples print is the same afterwards."""
    found = outcome_of(tmp_path, "m.py", DOCSTRING)
    after = text_of(found)
    assert after.count("ai_usage_context import") == 2
    assert "AIUsageTracker" not in after
    assert [a.finding.span.line for a in found.applied] == [4, 18]
    before = run_examples(DOCSTRING)
    assert before == ["job-1", "job-2"]
    assert run_examples(after) == before
    assert outcome_of(tmp_path, "m.py", after) is None


def test_docstrings_are_changed_beside_the_code(tmp_path: Path) -> None:
    """Rewrites of the code and of examples are made together, and each is told by its line."""
    code = f"{DOCSTRING}\n\ndef work():\n    tracker = AIUsageTracker()\n"
    code += '    tracker.set_tracking_context(job_id="w")\n    return ask(tracker)\n'
    code = code.replace('5\n"""\n', f'5\n"""\n{IMPORT}', 1)
    found = outcome_of(tmp_path, "m.py", code)
    after = text_of(found)
    assert after.count("with ai_usage_context") == 3
    assert len(found.applied) == 3
    lines = [a.finding.span.line for a in found.applied]
    assert lines == sorted(lines)
    alone = outcome_of(tmp_path, "m.py", code, include=())
    assert text_of(alone).count("with ai_usage_context") == 1
    assert ">>> tracker = AIUsageTracker()" in text_of(alone)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ask(tracker)\n        5", "ask(tracker, '\\\\n')\n        5"),
        ("ask(tracker)\n        5", "ask(tracker\n        5"),
    ],
)
def test_examples_that_cannot_be_read_are_told(old: str, new: str, tmp_path: Path) -> None:
    """A backslash in a docstring means something else there; the other docstring is migrated."""
    found = outcome_of(tmp_path, "m.py", DOCSTRING.replace(old, new))
    assert [str(r.reason) for r in found.refusals] == ["not-whole"]
    assert found.refusals[0].finding.span.line == 17
    assert len(found.applied) == 1


@pytest.mark.parametrize(
    "text",
    [
        'TEXT = """\n>>> tracker = AIUsageTracker()\n"""\n',
        '"""Text of AIUsageTracker."""\n',
        "# >>> tracker = AIUsageTracker()\nx = 1\n",
        'def f():\n    x = 1\n    """\n    >>> tracker = AIUsageTracker()\n    """\n',
    ],
)
def test_other_texts_are_no_docstrings(text: str, tmp_path: Path) -> None:
    """Only a docstring has examples."""
    assert outcome_of(tmp_path, "m.py", text) is None


def test_options_of_an_example_hold_for_it_alone(tmp_path: Path) -> None:
    """An example with an option of doctest is not put together with what stands above it."""
    text = prompted(IMPORT + SITE).replace("ask(tracker)", "ask(tracker)  # doctest: +SKIP")
    text = text.replace(
        'set_tracking_context(job_id="job-1")',
        'set_tracking_context(job_id="job-1")  # doctest: +SKIP',
    )
    assert isinstance(outcome_of(tmp_path, "read-me.md", text), Refused)


def test_pages_go_back_and_forth(tmp_path: Path) -> None:
    """The way back takes a page where migrating gives it again."""
    after = fenced(NEW + AFTER)
    back = text_of(outcome_of(tmp_path, "read-me.md", after, rollback=True))
    assert "set_tracking_context" in back
    assert text_of(outcome_of(tmp_path, "read-me.md", back)) == after


def test_a_page_that_is_not_utf8_fails_alone(tmp_path: Path) -> None:
    """It is named, and the other files go on."""
    (tmp_path / "bad.md").write_bytes(b"caf\xe9 AIUsageTracker\n")
    assert isinstance(outcome_of(tmp_path, "read-me.md", fenced(IMPORT + SITE)), Changed)
    [failed] = [o for o in report(tmp_path, include=ALL).outcomes if isinstance(o, Failed)]
    assert (failed.path, failed.stage) == ("bad.md", "read")


def test_the_command_line_writes_and_lints_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--include is an option of both commands, and may be given several times."""
    monkeypatch.chdir(tmp_path)
    Path("read-me.md").write_text(fenced(IMPORT + SITE))
    Path("m.py").write_text("x = 1\n")
    assert lint.main(["."]) == 0
    assert lint.main(["--include", "markdown", "--include", "doctests", "."]) == 1
    assert "read-me.md:7:11: AIU001" in capsys.readouterr().out
    assert migrate.main(["--include", "markdown", "."]) == 0
    assert Path("read-me.md").read_text() == fenced(NEW + AFTER)
    assert lint.main(["--include", "markdown", "."]) == 0
    assert migrate.main(["--include", "word", "."]) == 2


SCRIPT = "def f():\n    tracker = AIUsageTracker()\n" + (
    '    tracker.set_tracking_context(job_id="k")\n    return ask(tracker)\n'
)


@pytest.mark.parametrize(
    ("name", "first", "taken"),
    [
        ("tool", "#!/usr/bin/env python3\n", True),
        ("bin/tool", "#! /usr/bin/python\n", True),
        ("tool", "#!/usr/bin/env -S uv run --script\n", True),
        ("tool", "#!/usr/bin/python3.12 -u\r\n", True),
        ("tool", "#!/bin/sh\n# python\n", False),
        ("tool", "#!/usr/bin/env pythonic\n", False),
        ("tool", "\n#!/usr/bin/env python3\n", False),
        ("tool", "", False),
        ("tool.txt", "#!/usr/bin/env python3\n", False),
    ],
)
def test_scripts_are_known_by_their_first_line(
    name: str, first: str, taken: bool, tmp_path: Path
) -> None:
    """A file without an ending is Python if its first line says so, in git or not."""
    text = first + IMPORT + SCRIPT
    assert isinstance(outcome_of(tmp_path, name, text, include=()), Changed) is taken
    settings = {".gitignore": "x\n"}
    assert isinstance(outcome_of(tmp_path, name, text, settings=settings), Changed) is taken

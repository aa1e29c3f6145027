"""Texts of a tree reach no terminal as anything but text."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostile import Forged

from codemods.cli import execution, printing
from codemods.model.finding import Finding
from codemods.model.outcome import Applied, Changed, Failed, Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.runtime import Evidence, Runtime
from codemods.model.source import SourceFile, Span
from codemods.report import display, text
from codemods.report import json as json_report
from codemods.report.formats import Look
from codemods.rules.planning.operation_types import literal
from tests.warm import run_command, started

ROOT = Path(__file__).resolve().parents[3]
#: Clears the screen, sets a title, turns the writing, hides, ends the line, goes back, is no text.
EVIL = "a\x1b[2J\x1b]0;x\x07\u202eb\u2066\u200b\x9b1m\r\nok.py: restored\x7f\x08\u2028\udcff"
SAFE = r"a\x1b[2J\x1b]0;x\x07\u202eb\u2066\u200b\x9b1m\r\nok.py: restored\x7f\x08\u2028\udcff"


def test_one_line() -> None:
    """T23: control characters, marks of direction and line breaks are shown as escapes."""
    assert display.line(EVIL) == SAFE
    assert display.line("naïve 日本 é.py") == "naïve 日本 é.py"


@given(st.text())
def test_any_text_is_printable_afterwards(given: str) -> None:
    """T23: whatever comes in, one printable line comes out; lines keep nothing but their breaks."""
    assert display.line(given).isprintable()
    assert display.lines(given).replace("\n", "").isprintable()
    assert display.lines(given).count("\n") == given.count("\n")


def evil_report() -> RunReport:
    """Return a report in which every text is hostile."""
    finding = Finding(EVIL, EVIL, Span(1, 1, 1, 2), EVIL)
    evidence = Evidence(Runtime.TRACKER, EVIL)
    applied = Applied(finding, EVIL, EVIL, (EVIL,), (EVIL,), evidence, (EVIL,))
    refusal = Refusal(finding, Reason.ESCAPES, EVIL, EVIL, Span(1, 1, 1, 2))
    source = SourceFile(Path(EVIL), EVIL, b"a", "a", "utf-8", False, "\n", "")
    outcomes = (
        Changed(source, b"b", (applied,), (refusal,)),
        Refused(EVIL, (refusal,)),
        Failed(EVIL, EVIL, EVIL, EVIL),
        Linted(EVIL, (finding,)),
    )
    return RunReport(outcomes, 5, written=False)


def test_a_report_of_hostile_texts() -> None:
    """T23: every text of a report is one printable part of its line, the colours apart."""
    said = text.render(evil_report())
    assert said.replace("\n", "").isprintable()
    assert "\nok.py" not in said
    assert said.count(SAFE) > 20
    coloured = text.render(evil_report(), Look(coloured=True))
    for colour in ("31", "32", "33", "0"):
        coloured = coloured.replace(f"\x1b[{colour}m", "")
    assert coloured == said


def test_json_of_hostile_texts() -> None:
    """T24: jSON holds every text exactly, and no control character in its own bytes."""
    said = json_report.render(evil_report())
    assert said.replace("\n", "").isprintable()
    assert said.isascii()
    assert json.loads(said)["files"][2]["message"] == EVIL


@pytest.mark.parametrize("err", [False, True])
def test_what_is_said_beside_a_report(capsys: pytest.CaptureFixture[str], err: bool) -> None:
    """T23: messages are shown as text, also where whoever made them let a name through as it is."""
    execution.say(f"Error: {EVIL}", err=err)
    said = "".join(capsys.readouterr())
    assert said.replace("\n", "").isprintable()
    assert said == display.lines(f"Error: {EVIL}\n")


def test_a_mistake_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """T23: what the library of the command line says of an argument is shown as text too."""
    execution._show(click.UsageError(EVIL))
    assert capsys.readouterr().err.replace("\n", "").isprintable()


@pytest.mark.parametrize("quote", ['"', "'"])
@given(st.text())
def test_a_literal_is_its_text(quote: str, given: str) -> None:
    """T9: whatever the text, its literal is that text, and one literal in one line."""
    source = literal(given, quote)
    assert source.isprintable()
    node = ast.parse(source, mode="eval").body
    assert isinstance(node, ast.Constant)
    assert node.value == given


def test_everything_is_printed_in_one_place() -> None:
    """T23: no module prints but the one that shows texts safely, and one that does so again."""
    calls = ("click.echo(", "print(", "sys.stdout.write", "sys.stderr.write", "click.secho(")
    found = [
        (path.name, call)
        for path in (ROOT / "codemods").rglob("*.py")
        for call in calls
        if re.search(rf"(?<!\w){re.escape(call)}", path.read_text(encoding="utf-8"))
        and path not in [Path(one.__file__) for one in (execution, printing)]
    ]
    assert found == []


# -- on a terminal ------------------------------------------------------------------


def on_terminal(arguments: list[str], cwd: Path) -> str:
    """Run a command on a terminal; return what the terminal got, without what we mean it to get."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "dumb"}
    running = started(command, cwd, environment, (theirs, theirs, theirs))
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    running.wait()
    return b"".join(parts).decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def assert_plain(said: str) -> None:
    """Check that *said* is lines of printable text."""
    shown = said.replace("\n", "").replace("\t", "")
    assert shown.isprintable(), [char for char in shown if not char.isprintable()]
    assert said.strip()


NAME = "e\x1b[2J\x1b]0;owned\x07\u202e\r\n.py"


@pytest.mark.parametrize(
    "arguments",
    [
        ["codemods.migrate", "--check", "."],
        ["codemods.migrate", "--diff", "."],
        ["codemods.migrate", "."],
        ["codemods.lint", "."],
        ["codemods.migrate", "--check", NAME],
        ["codemods.migrate", "--check", f"none{NAME}"],
        ["codemods.migrate", "--undo", f"none{NAME}"],
        ["codemods.migrate", f"--{NAME}"],
        ["codemods.lint", "--format", NAME, "."],
    ],
    ids=lambda arguments: " ".join(a.partition("\x1b")[0] for a in arguments),
)
def test_names_and_content_of_files(tmp_path: Path, arguments: list[str]) -> None:
    """T23: names of files, given or found, and what a patch shows of them, stay text."""
    content = "from tracker.ai_usage_tracker import AIUsageTracker\n\n\ndef scan(x):\n"
    content += "    t = AIUsageTracker()\n    t.set_tracking_context(job_id=x)  # \x1b[2J\u202e\n"
    content += "    return x.scan(x)\n"
    (tmp_path / NAME).write_text(content)
    (tmp_path / f"bad{NAME}").write_text("from tracker import ai_usage_tracker\n(\x1b[2J")
    assert_plain(on_terminal(arguments, tmp_path))


def test_a_patch_in_a_pipe_is_exact(tmp_path: Path) -> None:
    """T24: what is not read on a terminal is applied: a patch holds the bytes of the file."""
    content = b"# \x1b[2J\nfrom tracker.ai_usage_tracker import AIUsageTracker\n\n\ndef scan(x):\n"
    content += (
        b"    t = AIUsageTracker()\n    t.set_tracking_context(job_id=x)\n    return x.scan(x)\n"
    )
    (tmp_path / "a.py").write_bytes(content)
    command = [sys.executable, "-m", "codemods.migrate", "--diff", "."]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_command(command, tmp_path, environment)
    assert b" # \x1b[2J\n" in done.stdout


@pytest.mark.parametrize(
    "table",
    [
        'runtime = "\\u001b[2J"',
        '"\\u001b[2J" = 1',
        'operations = {"a:f" = "\\u202e\\u001b[2J"}',
        'operations = {"\\u001b[2J" = "receipt_scan"}',
        'modules = {"\\u001b" = "x"}',
        "exclude = '\u001b[2J'",
        'exclude = ["\\u001b["]',
        '[tool.ai-usage."\\u001b[2J"]',
        'batch-pricing = "\\u0007"',
        "\x1b[2J",
        'x = "\u202e',
    ],
)
def test_mistakes_in_the_configuration(tmp_path: Path, table: str) -> None:
    """T23: what is wrong in pyproject.toml is shown as text."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.ai-usage]\n{table}\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    assert_plain(on_terminal(["codemods.migrate", "--check", "a.py"], tmp_path))


def test_texts_of_a_journal(tmp_path: Path) -> None:
    """T23: a journal's paths, of files that are restored, kept or failed at, are shown as text."""
    for number in range(3):
        (tmp_path / f"{number}{NAME}").write_bytes(b"x")
    (tmp_path / f"3{NAME}").symlink_to("nowhere")
    forged = Forged(tmp_path)
    entries = [forged.entry(f"{number}{NAME}", b"x") for number in range(5)]
    entries[1]["stored"] = "00001.before"
    entries[2] = forged.entry(f"2{NAME}", b"y")
    forged.write(*entries)
    said = on_terminal(["codemods.migrate", "--undo"], tmp_path)
    assert_plain(said)
    assert "not restored" in said


def test_a_damaged_journal_in_a_hostile_folder(tmp_path: Path) -> None:
    """T23: the place of a journal that cannot be used is shown as text."""
    tree = tmp_path / NAME
    tree.mkdir()
    Forged(tree).write(started="\x1b[2J")
    said = on_terminal(["codemods.migrate", "--undo"], tree)
    assert_plain(said)
    assert "Cannot undo" in said


def test_an_operation_of_the_configuration_stays_in_its_literal(tmp_path: Path) -> None:
    """T9: a name that would end its literal is no name: nothing of it is written into code."""
    source = "from tracker.ai_usage_tracker import AIUsageTracker\n\n\ndef scan(x):\n"
    source += (
        "    t = AIUsageTracker()\n    t.set_tracking_context(job_id=x)\n    return x.scan(x)\n"
    )
    for number, name in enumerate(['x", print(1), "', "x\\\\", "x\\u0000", 'a" + b + "c', "{x}"]):
        tree = tmp_path / str(number)
        tree.mkdir()
        (tree / "a.py").write_text(source)
        value = json.dumps(name)
        (tree / "pyproject.toml").write_text(
            f'[tool.ai-usage]\noperations = {{"scan" = {value}}}\n'
        )
        on_terminal(["codemods.migrate", "."], tree)
        done = (tree / "a.py").read_text()
        calls = [
            n.func.id
            for n in ast.walk(ast.parse(done))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]
        assert set(calls) <= {"AIUsageTracker", "ai_usage_context"}
        assert "BinOp" not in ast.dump(ast.parse(done))

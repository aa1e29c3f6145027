"""The reports of all parts of a run are the report of the run."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods import lint, merge, migrate
from codemods.model.finding import Finding
from codemods.model.options import Shard
from codemods.model.outcome import Failed, Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.source import Span
from codemods.report.joining import PartsError, together

ROOT = Path(__file__).parents[3]
LEGACY = """from tracker.ai_usage_tracker import AIUsageTracker

def work(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=text)
    return tracker.ask(text)
"""
ESCAPING = LEGACY.replace("return tracker.ask(text)", "return tracker")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with files to rewrite, to refuse, that fail, and that need nothing."""
    (tmp_path / "pyproject.toml").write_text('[tool.ai-usage]\noperations = {"nothing" = "scan"}\n')
    for number in range(5):
        (tmp_path / f"rewritten{number}.py").write_text(LEGACY)
        (tmp_path / f"refused{number}.py").write_text(ESCAPING)
        (tmp_path / f"clean{number}.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text(LEGACY + "def (:\n")
    (tmp_path / "unreadable.py").write_bytes(b"# coding: nowhere\n" + LEGACY.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], status: int) -> tuple[str, int]:
    """Return what was printed since the last time, and *status*."""
    return capsys.readouterr().out, status


@pytest.mark.parametrize(
    ("form", "count"), [("text", 1), ("json", 3), ("text", 20), ("sarif", 3), ("html", 2)]
)
@pytest.mark.parametrize("command", [migrate, lint])
def test_parts_make_up_the_whole(
    project: Path, capsys: pytest.CaptureFixture[str], command: object, count: int, form: str
) -> None:
    """However many parts there are, joined they are the whole run's report and status."""
    del project
    main = command.main  # type: ignore[attr-defined]
    flags = ["--jobs", "1", *(["--check"] if command is migrate else [])]
    whole = printed(capsys, main([*flags, "--format", form, "."]))
    names = []
    for number in range(1, count + 1):
        shard = f"{number}/{count}"
        part, _ = printed(capsys, main([*flags, "--format", "json", "--shard", shard, "."]))
        names.append(f"part{number}.json")
        Path(names[-1]).write_text(part)
    assert printed(capsys, merge.main(["--format", form, *reversed(names)])) == whole


def test_a_part_decides_on_its_own_files_only(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part names the files that are its own, and says which part it is."""
    del project
    seen: list[str] = []
    for number in (1, 2, 3):
        shard = f"{number}/3"
        lint.main(["--format", "json", "--shard", shard, "."])
        document = json.loads(capsys.readouterr().out)
        assert document["shard"] == shard
        seen += [file["path"] for file in document["files"]]
    assert len(seen) == len(set(seen)) == 12


def test_a_part_writes_its_own_files_only(project: Path) -> None:
    """What a part rewrites is written; the files of other parts stay as they are."""
    assert migrate.main(["--shard", "1/2", "-q", "."]) in (0, 1, 2)
    written = [p.name for p in project.glob("rewritten*.py") if "with " in p.read_text()]
    assert 0 < len(written) < 5


@pytest.mark.parametrize("given", ["", "1", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/3", "1 / 3"])
def test_no_part_of_a_run(project: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    """A part that cannot be is a mistake of the command line."""
    del project
    assert lint.main(["--shard", given, "."]) == 2
    assert "write K/N" in capsys.readouterr().err


def test_rewrites_over_several_files_have_no_parts(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--unsafe needs all files at once."""
    del project
    assert migrate.main(["--unsafe", "--shard", "1/2", "."]) == 2
    assert "Choose one" in capsys.readouterr().err


def test_projects_are_told_apart() -> None:
    """Reports of several projects become one: what is said of each begins with its name."""
    finding = Finding("AIU001", "a.py", Span(1, 1, 1, 2), "old")
    refused = Refused("a.py", (Refusal(finding, next(iter(Reason)), "", ""),))
    linted = Linted("b.py", (dataclasses.replace(finding, path="b.py"),))
    whole = Failed("", "clone", "gone", "look")
    one = RunReport((refused, linted), 2, written=False, warnings=("odd",))
    report = together({"two": one, "one": one, "three": RunReport((whole,), 0, written=False)})
    paths = [outcome.path for outcome in report.outcomes]
    assert paths == ["one/a.py", "one/b.py", "three", "two/a.py", "two/b.py"]
    refusals = [o.refusals[0].finding.path for o in report.outcomes if isinstance(o, Refused)]
    findings = [o.findings[0].path for o in report.outcomes if isinstance(o, Linted)]
    assert (refusals, findings) == (["one/a.py", "two/a.py"], ["one/b.py", "two/b.py"])
    assert (report.scanned, report.warnings) == (4, ("two: odd", "one: odd"))


def test_projects_were_all_written_or_none() -> None:
    """Reports of runs that wrote, and of runs that did not, are not joined."""
    reports = {name: RunReport((), 0, written=name == "a") for name in "ab"}
    with pytest.raises(PartsError, match="some did not"):
        together(reports)


def part(shard: str, **keys: object) -> str:
    """Return the report of a part without any file."""
    report = {"schema": 1, "runtime": "", "written": False, "scanned": 1, "files": []}
    return json.dumps({**report, "warnings": [], "shard": shard, **keys})


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([part("1/2")], "part 2 of 2 is missing"),
        ([part("2/4"), part("3/4")], "part 1 and 4 of 4 is missing"),
        ([part("1/2"), part("1/2")], "are both of part 1/2"),
        ([part("1/2"), part("2/3")], "parts of 2 and 3: not of one run"),
        ([part("")], "is the report of a whole run"),
        ([part("one/two")], "is the report of a whole run"),
        ([part("1/2"), part("2/2", written=True)], "some of the runs wrote"),
        (["no report"], "it is no JSON"),
        (["[" * 100_000], "it is no JSON"),
        (["[]"], "it is no report of"),
        ([part("1/1", schema=99)], "one of another version"),
        ([part("1/1", files=[{"path": "a.py", "outcome": "odd"}])], "something is missing"),
        ([part("1/1", files=[{}])], "something is missing"),
        ([part("1/1", files=7)], "something is missing"),
        ([part("1/1", scanned="many")], "something is missing"),
    ],
)
def test_reports_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], texts: list[str], said: str
) -> None:
    """What is missing, doubled, of another run or no report ends with status 2 and the reason."""
    names = []
    for number, text in enumerate(texts):
        names.append(str(tmp_path / f"{number}.json"))
        Path(names[-1]).write_text(text)
    assert merge.main(names) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_report_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file, and no file at all, are said."""
    assert merge.main([str(tmp_path / "gone.json")]) == 2
    assert "Cannot read" in capsys.readouterr().err
    assert merge.main([]) == 2
    assert "Name the reports" in capsys.readouterr().err


def test_a_report_says_nothing_to_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters in a report that somebody made are shown, and not sent."""
    failed = {"path": "a\x1b[2J.py", "outcome": "failed", "stage": "read"}
    (tmp_path / "a.json").write_text(
        part("1/1", files=[{**failed, "message": "\x1b]0;x\x07", "advice": "\x9b2J"}])
    )
    assert merge.main([str(tmp_path / "a.json")]) == 2
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07", "\x9b"}


def test_the_command_is_one_of_its_own(tmp_path: Path) -> None:
    """``python -m codemods.merge`` imports nothing from the folder it is started in."""
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    (tmp_path / "a.json").write_text(part("1/1"))
    command = [sys.executable, "-m", "codemods.merge", "a.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.stdout, done.returncode) == (b"1 file scanned: nothing to do.\n", 0)


@given(count=st.integers(1, 50), index=st.integers(0, 10_000))
def test_each_file_is_of_one_part(count: int, index: int) -> None:
    """However many parts, exactly one takes a file."""
    assert sum(Shard(number, count).takes(index) for number in range(1, count + 1)) == 1

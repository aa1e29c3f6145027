"""``--report``: several reports of one run, each in its own format and file."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "report"))

from samples import repaired

from codemods import lint, merge, migrate

LEGACY = """from tracker.ai_usage_tracker import AIUsageTracker

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="job-1")
    return ask(text, tracker)
"""
COMMANDS = (migrate.main, lint.main)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one legacy file, in which commands are started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "a.py").write_text(LEGACY)
    return tmp_path


def test_several_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each report has its format and place: files, and standard output."""
    given = ["--report", "sarif=out.sarif", "--report", "github", "--report", "junit=out.xml"]
    assert lint.main([*given, "."]) == 1
    assert capsys.readouterr().out.startswith("::error title=AIU00")
    assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"
    assert Path("out.xml").read_text().startswith("<?xml")
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "out.sarif", "out.xml"]


@pytest.mark.parametrize("main", COMMANDS)
def test_files_leave_the_output_as_it_is(
    project: Path, capsys: pytest.CaptureFixture[str], main: object
) -> None:
    """A report with a file takes nothing from standard output, where ``--format`` decides."""
    assert callable(main)
    main(["--no-cache", "."] if main is lint.main else ["--check", "."])
    plain = capsys.readouterr().out
    check = [] if main is lint.main else ["--check"]
    main([*check, "--report", "json=out.json", "."])
    assert capsys.readouterr().out == plain
    main([*check, "--report", "text=out.txt", "--color", "--format", "json", "."])
    assert json.loads(capsys.readouterr().out)["schema"] == 1
    assert Path("out.txt").read_text() == plain


def test_logs_may_follow_one_another(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports made of lines share a job's log, in the order in which they are given."""
    assert lint.main(["--format", "concise", "--report", "github", "."]) == 1
    out = capsys.readouterr().out
    assert out.index("1 file scanned") < out.index("::error")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--report", "sarf=x"], "did you mean 'sarif'?"),
        (["--report", "sarif="], "sarif alone for standard output"),
        (["--report", "sarif=there/out"], "in no folder that is there"),
        (["--report", "sarif=."], "is a folder"),
        (["--report", "json=out", "--report", "sarif=./out"], "have the same FILE"),
        (["--report", "json", "--report", "sarif"], "json must be alone there"),
        (["--format", "text", "--report", "sarif"], "--report sarif=FILE"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], given: list[str], said: str
) -> None:
    """A mistake is named before anything is looked at, and no file is made."""
    assert lint.main([*given, "."]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in project.iterdir()] == ["a.py"]


def test_a_report_is_written_whole(project: Path) -> None:
    """What was there is replaced, with its mode; a new file has the mode of others."""
    out = Path("out.json")
    out.write_text("old")
    out.chmod(0o640)
    old = os.umask(0o022)
    try:
        lint.main(["--report", "json=out.json", "--report", "jsonl=new.jsonl", "."])
    finally:
        os.umask(old)
    assert json.loads(out.read_text())["schema"] == 1
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert stat.S_IMODE(Path("new.jsonl").stat().st_mode) == 0o644


def test_a_pipe_is_written_to(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A device or a pipe stays what it is."""
    assert lint.main(["--report", f"json={os.devnull}", "."]) == 1
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_report_that_cannot_be_written(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named with the reason, the status is 2, and the others are written all the same."""
    from codemods.project.folders import Folder

    real = Folder.open_new

    def full(self: Folder, name: str) -> int:
        if "out.sarif" in name:
            raise OSError(28, "No space left on device")
        return real(self, name)

    monkeypatch.setattr(Folder, "open_new", full)
    assert lint.main(["--report", "sarif=out.sarif", "--report", "json=out.json", "."]) == 2
    said = capsys.readouterr()
    assert "Error: the report out.sarif cannot be written: no space left on device." in said.err
    assert "1 file scanned" in said.out
    assert Path("out.json").exists()


def test_migrate_reports_what_was_before(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that writes reports places of the files as they were, with what stood there."""
    migrate.main(["--report", "full", "--report", "sarif=out.sarif", "."])
    shown = capsys.readouterr().out
    assert "4 |     tracker = AIUsageTracker()\n" in shown
    assert "with ai_usage_context(" in Path("a.py").read_text()
    assert "fixes" not in Path("out.sarif").read_text()


def test_rules_come_with_their_pages(project: Path) -> None:
    """The pages that ``--explain`` shows are in the SARIF report."""
    lint.main(["--report", "sarif=out.sarif", "."])
    (run,) = json.loads(Path("out.sarif").read_text())["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["AIU001"]["name"] == "tracker-built-by-hand"
    assert rules["AIU001"]["help"]["markdown"].startswith("# AIU001: tracker-built-by-hand\n")


def test_merge_reports_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Joined reports are shown in every format, as the run itself would show them."""
    lint.main(["--report", "gitlab=whole.json", "."])
    for number in (1, 2):
        lint.main(["--shard", f"{number}/2", "--report", f"json=part-{number}.json", "."])
    capsys.readouterr()
    given = ["part-1.json", "part-2.json", "--report", "gitlab=joined.json"]
    assert merge.main(given) == 1
    assert Path("joined.json").read_text() == Path("whole.json").read_text()


def test_a_run_that_writes_a_report_is_no_memory(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was printed is not printed again in place of a run that has a report to write."""
    for number in range(120):
        Path(f"m{number}.py").write_text("x = 1\n")
    place = project.parent / "reports"
    place.mkdir()
    arguments = ["--cache-dir", str(place / "cache"), "."]
    for _ in range(2):
        assert lint.main(["--report", f"json={place}/out.json", *arguments]) == 1
        (place / "out.json").unlink()
    lint.main(["--format", "html", *arguments])  # it names owners, who may be others tomorrow
    assert not list((place / "cache").glob("*.out"))


def test_paths_are_those_of_the_repository(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services are given paths from the root of the repository, whatever folder a run starts in."""
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    (project / "sub").mkdir()
    Path("a.py").rename("sub/b.py")
    monkeypatch.chdir(project / "sub")
    lint.main(["--report", "github", "."])
    assert ",file=sub/b.py," in capsys.readouterr().out
    lint.main(["--report", "concise", "."])
    assert capsys.readouterr().out.startswith("b.py:")


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("latin.py", ""),
        *product(["guide.md", "guide.rst", "n.ipynb", "a.py"], ["", "\ufeff"]),
    ],
)
def test_fixes_are_of_the_file(project: Path, name: str, mark: str) -> None:
    """The fix in SARIF, applied to the file, makes what migrate writes; the page shows the same."""
    encoding = "latin-1" if name == "latin.py" else "utf-8"
    body = "".join(f"    {line}\n" if line else "\n" for line in LEGACY.split("\n"))
    texts = {
        "guide.md": f"# Gu\u00efde\n\n```python\n{LEGACY}```\n\nMore.\n",
        "guide.rst": f"Gu\u00efde\n=====\n\n.. code-block:: python\n\n{body}\nMore.\n",
        "n.ipynb": notebook(LEGACY, indent=1),
        "a.py": f"# \u00ef\n{LEGACY}",
        "latin.py": f"# coding: latin-1\n# \u00ef\n{LEGACY}",
    }
    Path("a.py").unlink()
    before = texts[name]
    Path(name).write_bytes((mark + before).encode(encoding))
    options = ["--include", "markdown", "--include", "rst"]
    migrate.main(["--check", *options, "--report", "sarif=o.sarif", "--report", "html=o.html", "."])
    (run,) = json.loads(Path("o.sarif").read_text())["runs"]
    migrate.main([*options, "."])
    after = Path(name).read_bytes().decode(encoding).removeprefix(mark)
    assert after != before
    assert repaired(before, run) == after
    gone = set(before.split("\n")) - set(after.split("\n"))
    data = re.search(r'id="data">(.*?)</script>', Path("o.html").read_text())
    assert data is not None
    (file,) = json.loads(data[1])["files"]
    lines = [line for hunk in file["h"] for line in hunk[4]]
    assert {line[1:] for line in lines if line[0] == "-"} >= gone
    assert not any(line.startswith(("-# %%", "+# %%")) for line in lines)


def notebook(code: str, indent: int | None = None) -> str:
    """Return a notebook with two code cells, of which *code* is the second."""
    cells = [{"cell_type": "markdown", "source": "# t"}]
    cells += [{"cell_type": "code", "source": text} for text in ("x = 1\n", code)]
    metadata = {"kernelspec": {"language": "python", "name": "python3"}}
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=indent)


def test_notebooks_have_excerpts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place in a cell is shown with the lines of that cell."""
    Path("n.ipynb").write_text(notebook(LEGACY))
    lint.main(["--report", "full", "n.ipynb"])
    shown = capsys.readouterr().out
    assert "--> n.ipynb:cell 2:4:15\n" in shown
    assert "4 |     tracker = AIUsageTracker()\n" in shown

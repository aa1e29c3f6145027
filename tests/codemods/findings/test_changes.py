"""Lint of what was changed: since a revision of git, or in the lines of a diff."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codemods import lint
from codemods.findings.changes import Diff, NoDiffError

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
OLD = f"{IMPORT}ask(AIUsageTracker())\nx = 1\n"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with a commit of a legacy file, in which runs are started."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/old.py").write_text(OLD)
    git("init", "-q", "-b", "main")
    commit()
    return tmp_path


def git(*arguments: str) -> bytes:
    """Run git here."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def commit() -> None:
    """Commit all that is here."""
    git("add", "-A")
    git("commit", "-q", "-m", "x")


@pytest.fixture
def run(start: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Return what lints, and returns the status and the places that are told of."""

    def linted(*arguments: str, path: str = ".") -> tuple[int, list[str]]:
        capsys.readouterr()
        status = lint.main([*arguments, path])
        lines = capsys.readouterr().out.splitlines()
        return status, [line.rpartition(": AIU")[0] for line in lines if ": AIU" in line]

    return linted


@pytest.fixture
def by_diff(
    run: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[str]]]:
    """Return what lints the lines of a diff."""

    def linted(content: bytes, *arguments: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return run("--diff-from-stdin", *arguments)

    return linted


def test_only_changed_lines_are_told(
    start: Path, run: Callable[..., tuple[int, list[str]]], by_diff: Callable[..., object]
) -> None:
    """Since a revision, and in a diff of git: what stood there before is not told."""
    assert run("--since", "HEAD") == (0, [])
    assert by_diff(git("diff")) == (0, [])
    (start / "app/old.py").write_text(f"{OLD}ask(AIUsageTracker())\n".replace("x = 1", "x = 2"))
    (start / "app/new.py").write_text(f"{IMPORT}ask(AIUsageTracker())\n")
    assert run("--since", "HEAD") == (1, ["app/new.py:1:1", "app/new.py:2:5", "app/old.py:4:5"])
    assert by_diff(git("diff")) == (1, ["app/old.py:4:5"])
    git("add", "-A")
    found = (1, ["app/new.py:1:1", "app/new.py:2:5", "app/old.py:4:5"])
    for arguments in ((), ("-U0",), ("--no-prefix",), ("--src-prefix=i/", "--dst-prefix=w/")):
        assert by_diff(git("diff", "--cached", *arguments)) == found
    commit()
    assert run("--since", "HEAD") == (0, [])
    assert run("--since", "HEAD~1") == found


def test_a_finding_over_several_lines_is_told_if_one_changed(
    start: Path, run: Callable[..., tuple[int, list[str]]]
) -> None:
    """Whoever changes an argument of a construction has it in front of them."""
    text = f"{IMPORT}ask(AIUsageTracker(\n    table_name='a',\n))\n"
    (start / "app/old.py").write_text(text)
    commit()
    (start / "app/old.py").write_text(text.replace("'a'", "'b'"))
    assert run("--since", "HEAD") == (1, ["app/old.py:2:5"])


def test_a_renamed_file_is_compared_with_what_it_was(
    start: Path, run: Callable[..., tuple[int, list[str]]]
) -> None:
    """Also where it was edited; a new file that is like none is new as a whole."""
    text = OLD + "".join(f"y{n} = {n}\n" for n in range(9))
    (start / "app/old.py").write_text(text)
    commit()
    (start / "app/old.py").rename(start / "app/moved.py")
    assert run("--since", "HEAD") == (0, [])
    (start / "app/moved.py").write_text(f"{text}ask(AIUsageTracker())\n")
    assert run("--since", "HEAD") == (1, ["app/moved.py:13:5"])
    (start / "app/moved.py").write_text(f"{IMPORT}ask(AIUsageTracker())\nz = 1\n" * 9)
    assert len(run("--since", "HEAD")[1]) > 9


def test_many_files_that_moved_are_found(
    start: Path, run: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is the same is known at once; of others only some are compared, its name first."""
    for number in range(9):
        lines = "".join(f"y{number}_{n} = {n}\n" for n in range(9))
        (start / f"app/m{number}.py").write_text(OLD + lines)
    commit()
    monkeypatch.setattr("codemods.findings.changes._MOST_COMPARED", 0)
    (start / "app").rename(start / "lib")
    assert run("--since", "HEAD") == (0, [])
    monkeypatch.setattr("codemods.findings.changes._MOST_COMPARED", 1)
    text = (start / "lib/m7.py").read_text()
    (start / "lib/m7.py").write_text(f"{text}ask(AIUsageTracker())\n")
    assert run("--since", "HEAD") == (1, ["lib/m7.py:13:5"])


def test_what_others_did_meanwhile_is_no_change(
    start: Path, run: Callable[..., tuple[int, list[str]]]
) -> None:
    """A revision is where the branch left it: lines that another branch took away are not new."""
    git("checkout", "-q", "-b", "ours")
    (start / "app/own.py").write_text(f"{IMPORT}ask(AIUsageTracker())\n")
    commit()
    git("checkout", "-q", "main")
    (start / "app/old.py").write_text("x = 1\n")
    commit()
    git("checkout", "-q", "ours")
    assert run("--since", "main") == (1, ["app/own.py:1:1", "app/own.py:2:5"])


def test_line_ends_are_no_change(start: Path, run: Callable[..., tuple[int, list[str]]]) -> None:
    """A checkout may change them in every line."""
    (start / "app/old.py").write_bytes(OLD.replace("\n", "\r\n").encode())
    assert run("--since", "HEAD") == (0, [])


def test_cells_of_notebooks_count_as_a_whole(
    start: Path, run: Callable[..., tuple[int, list[str]]], by_diff: Callable[..., object]
) -> None:
    """What a diff says of the lines of a notebook's file is asked for its cells."""

    def write(*last: str) -> None:
        sources = [[IMPORT], ["ask(AIUsageTracker())\n"], list(last)]
        cells = [
            {"cell_type": "code", "source": one, "outputs": [], "metadata": {}} for one in sources
        ]
        book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (start / "book.ipynb").write_text(json.dumps(book, indent=1))

    write("x = 1\n")
    commit()
    write("x = 1\n", "ask(AIUsageTracker())\n")
    assert run("--since", "HEAD") == (1, ["book.ipynb:cell 3:2:5"])
    assert by_diff(git("diff")) == (1, ["book.ipynb:cell 3:2:5"])


@pytest.mark.parametrize(
    "revision", ["nowhere", "-x", "--output=gone", "HEAD:app/old.py", "", "HEAD..HEAD"]
)
def test_what_is_no_revision_ends_the_run(
    start: Path, revision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told before anything is looked at, and is never an option of git."""
    assert lint.main([f"--since={revision}", "."]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{revision!r} is no revision" in shown.err
    assert not (start / "gone").exists()


def test_there_must_be_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without git nothing says what was changed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(OLD)
    monkeypatch.setattr("codemods.findings.changes.repository_of", lambda folder: None)
    assert lint.main(["--since", "HEAD", "."]) == 2
    assert "is in no git repository" in capsys.readouterr().err


def test_a_diff_is_read_as_git_writes_it() -> None:
    """Names in quotes, new and removed files, counts that are left out, and ends without a line."""
    text = (
        b'diff --git "a/app/\\303\\251.py" "b/app/\\303\\251.py"\n'
        b'--- "a/app/\\303\\251.py"\n+++ "b/app/\\303\\251.py"\n@@ -1 +1,2 @@\n-x\n+y\n+z\n'
        b"--- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-+++ b/fake.py\n-x\n"
        b"--- /dev/null\n+++ b/with space.py\t\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"
        b"--- a/c.py\n+++ b/c.py\n@@ -3,2 +3,3 @@ def f():\n one\n+++ b/fake.py\n two\n"
        b"@@ -9 +10,0 @@\n-x\n@@ -20,0 +21 @@\n+x\n"
    )
    here = Path("/here")
    found = Diff.read(text, [here])
    lines = {
        name: [n for n in range(1, 30) if n in found.of(here / name)]
        for name in ("app/é.py", "gone.py", "with space.py", "c.py", "fake.py")
    }
    assert lines == {
        "app/é.py": [1, 2],
        "gone.py": [],
        "with space.py": [1],
        "c.py": [4, 21],
        "fake.py": [],
    }
    assert Diff.read(b"", [here]).added == {}


def test_what_is_no_diff_ends_the_run(by_diff: Callable[..., tuple[int, list[str]]]) -> None:
    """Something else in its place would let everything pass."""
    assert by_diff(b"app/old.py\n")[0] == 2
    with pytest.raises(NoDiffError):
        Diff.read(b"no diff", [])


def test_paths_of_a_diff_are_those_of_the_repository(
    start: Path, by_diff: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a run in a folder of it, whose diff may be relative to that."""
    (start / "app/old.py").write_text(f"{OLD}ask(AIUsageTracker())\n")
    monkeypatch.chdir(start / "app")
    assert by_diff(git("diff")) == (1, ["old.py:4:5"])
    assert by_diff(git("diff", "--relative")) == (1, ["old.py:4:5"])

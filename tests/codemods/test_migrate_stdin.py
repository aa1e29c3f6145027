"""Migration of a text that is read: the result is printed, as if a file were rewritten."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from rows import ROWS

from codemods import migrate
from codemods.project.sources import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, bytes, str]]

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
TEXT = f"""{IMPORT}

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker=tracker)
"""
LEFT = f"""{IMPORT}

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    yield tracker
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which runs are started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.ai-usage]\nexclude = ['gen/']\n")
    (tmp_path / "gen").mkdir()
    return tmp_path


@pytest.fixture
def run(
    start: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Run:
    """Return what migrates a text, and returns status, output and errors."""

    del start

    def migrated(text: str | bytes, *arguments: str) -> tuple[int, bytes, str]:
        content = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        capfdbinary.readouterr()
        status = migrate.main([*arguments, "-"])
        shown = capfdbinary.readouterr()
        return status, shown.out, shown.err.decode()

    return migrated


def test_the_result_is_printed_and_the_report_is_not(start: Path, run: Run) -> None:
    """What follows in a pipe gets the text alone; nothing is written."""
    status, out, err = run(TEXT, "--stdin-filename", "app/a.py")
    assert (status, out.count(b"with ai_usage_context(")) == (0, 1)
    assert out.startswith(b"from tracker.ai_usage_context import ai_usage_context\n")
    assert "app/a.py:5:15: AIU001" in err
    assert "1 changed" in err
    assert run(out)[:2] == (0, out)
    assert sorted(one.name for one in start.rglob("*")) == ["gen", "pyproject.toml"]
    assert run(TEXT, "--quiet", "--format", "json")[1] == out


@pytest.mark.parametrize(
    ("text", "status"),
    [("x = 1\n", 0), ("", 0), ("x = (\n", 0), (LEFT, 1), (b"\xe9", 0)],
)
def test_what_nothing_becomes_of_is_printed_as_it_is(
    run: Run, text: str | bytes, status: int
) -> None:
    """A text that has no legacy code, or some for a person, is its own result."""
    content = text if isinstance(text, bytes) else text.encode()
    assert run(text)[:2] == (status, content)


@pytest.mark.parametrize(
    "content",
    [f"{TEXT}x = (\n".encode(), TEXT.encode() + b"\xff", TEXT.encode() + b"#" * LARGEST],
)
def test_nothing_is_printed_of_what_fails(run: Run, content: bytes) -> None:
    """An editor that takes the output for the new text must not be given a half of it."""
    status, out, err = run(content, "--stdin-filename", "a.py")
    assert (status, out) == (2, b"")
    assert err.startswith("a.py: failed to ")


def test_a_patch_and_a_report_are_as_of_a_file(run: Run) -> None:
    """--diff prints a patch for the file that it is called, --check the report: both leave work."""
    status, out, err = run(TEXT, "--diff", "--stdin-filename", "app/a.py")
    assert (status, out.splitlines()[0]) == (1, b"diff --git a/app/a.py b/app/a.py")
    assert "1 to change" in err
    status, out, err = run(TEXT, "--check", "--format", "json", "--stdin-filename", "app/a.py")
    assert (status, err) == (1, "")
    assert [one["path"] for one in json.loads(out)["files"]] == ["app/a.py"]


def test_the_name_says_what_holds(run: Run) -> None:
    """What the configuration excludes is printed as it is, where that counts for what is named."""
    named = ("--stdin-filename", "gen/a.py")
    assert b"with ai_usage" in run(TEXT, *named)[1]
    assert run(TEXT, "--force-exclude", *named)[:2] == (0, TEXT.encode())
    page = f"```python\n{TEXT}```\n"
    assert b"    with ai_usage" in run(page, "--stdin-filename", "page.md")[1]


@pytest.mark.parametrize(
    "given",
    ["a.py", "--undo", "--rollback", "--interactive", "--unsafe", "--shard=1/2"],
)
def test_what_one_text_cannot_be_about_is_refused(run: Run, given: str) -> None:
    """Other files, earlier runs, questions to a person, and rewrites over several files."""
    status, out, err = run(TEXT, given)
    assert (status, out) == (2, b"")
    assert "`-` reads one text" in err


def test_a_name_without_a_text_is_refused(start: Path) -> None:
    """--stdin-filename alone would be let go."""
    assert migrate.main(["--stdin-filename", "a.py", "."]) == 2


@pytest.mark.parametrize("form", ["\n", "\r\n", "bom", "latin-1"])
@pytest.mark.parametrize("part", range(3))
def test_it_is_what_a_file_would_hold(
    run: Run, tmp_path_factory: pytest.TempPathFactory, part: int, form: str
) -> None:
    """For programs of all kinds, in each form that files have, byte for byte."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "pyproject.toml").write_text("[tool.ai-usage]\n")
    for path in sorted(ROWS.glob("*/before.py"))[part::300]:
        text = path.read_text()
        content = {
            "\r\n": text.replace("\n", "\r\n").encode(),
            "bom": b"\xef\xbb\xbf" + text.encode(),
            "latin-1": b"# -*- coding: latin-1 -*-\n# \xe9\n" + text.encode("latin-1", "replace"),
        }.get(form, text.encode())
        file = folder / "a.py"
        file.write_bytes(content)
        status = migrate.main(["--quiet", str(file)])
        printed = run(content, "--stdin-filename", "a.py")
        assert printed[:2] == (status, file.read_bytes()), path
        file.unlink()

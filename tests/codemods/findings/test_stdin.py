"""Lint of a text that is read: as if it were the content of a file."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from codemods import lint
from codemods.project.sources import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
TEXT = f"{IMPORT}ask(AIUsageTracker())\n"


@pytest.fixture
def run(
    start: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return what lints a text, and returns status, output and errors."""

    def linted(text: str | bytes, *arguments: str) -> tuple[int, str, str]:
        content = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        capsys.readouterr()
        status = lint.main([*arguments, "-"])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return linted


def test_what_is_read_is_linted(run: Callable[..., tuple[int, str, str]]) -> None:
    """It is called `-`, or as it is said; nothing need be on disk, and nothing is written."""
    assert run(TEXT, "--select", "AIU001") == (
        1,
        "-:2:5: AIU001 tracker built by hand\n1 file scanned: 1 finding.\n",
        "",
    )
    assert "\napp/a.py:2:5: AIU001" in run(TEXT, "--stdin-filename", "app/a.py")[1]
    assert run("x = 1\n") == (0, "1 file scanned: nothing to do.\n", "")
    assert run("") == (0, "1 file scanned: nothing to do.\n", "")


def test_the_name_says_what_holds(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Configuration, patterns and the kind of document are those of the file that it is called."""
    (start / "app").mkdir()
    (start / "app/pyproject.toml").write_text(
        "[tool.ai-usage]\nexclude = ['gen/']\n[tool.ai-usage.lint]\nignore = ['AIU003']\n"
        "per-file-ignores = {'tests/' = ['AIU001']}\n"
    )
    assert run(TEXT, "--stdin-filename", "app/a.py")[1].count("AIU") == 1
    assert run(TEXT, "--stdin-filename", "app/tests/a.py")[0] == 0
    assert run(TEXT, "--stdin-filename", "a.py")[1].count("AIU") == 2
    excluded = ("--stdin-filename", "app/gen/a.py")
    assert run(TEXT, *excluded)[0] == 1
    assert run(TEXT, "--force-exclude", *excluded) == (0, "0 files scanned: nothing to do.\n", "")
    page = f"```python\n{TEXT}```\n"
    assert "page.md:3:5: AIU001" in run(page, "--stdin-filename", "page.md")[1]
    (start / "app/pyproject.toml").write_text("[tool.ai-usage.lint]\nignore = 3\n")
    assert run(TEXT, "--stdin-filename", "app/a.py")[0] == 2


def test_other_files_are_those_on_disk(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A class of the project is known, and what stands on disk in the text's place is not read."""
    (start / "pyproject.toml").touch()
    (start / "ours.py").write_text(f"{IMPORT}class Ours(AIUsageTracker): ...\n")
    (start / "a.py").write_text("x = 1\n" * 9)
    text = "from ours import Ours\nask(Ours())  # not AIUsageTracker\n"
    assert "a.py:2:5: AIU001" in run(text, "--stdin-filename", "a.py")[1]
    shown = run(text, "--stdin-filename", "a.py", "--format", "full")[1]
    assert "ask(Ours())  # not AIUsageTracker" in shown
    assert "x = 1" not in shown


def test_formats_and_settings_are_as_ever(run: Callable[..., tuple[int, str, str]]) -> None:
    """Comments silence, statistics count, and a format is one for programs."""
    assert run(f"# ai-usage: ignore-file\n{TEXT}")[0] == 0
    assert run(TEXT, "--statistics", "--exit-zero")[:2] == (
        0,
        "1  AIU001  tracker-built-by-hand\n1  AIU003  legacy-import\n",
    )
    (file,) = json.loads(run(TEXT, "--format", "json", "--stdin-filename", "a.py")[1])["files"]
    assert (file["path"], len(file["findings"])) == ("a.py", 2)


@pytest.mark.parametrize(
    "content",
    [
        f"{TEXT}x = (\n".encode(),
        f"# coding: latin-1x\n{TEXT}".encode(),
        TEXT.encode() + b"\xff",
        TEXT.encode() + b"#" * LARGEST,
    ],
)
def test_a_text_that_is_no_program_fails(
    run: Callable[..., tuple[int, str, str]], content: bytes
) -> None:
    """It is told like a file that cannot be read or parsed."""
    status, out, _ = run(content, "--stdin-filename", "a.py")
    assert status == 2
    assert out.startswith("a.py: failed to ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.py"],
        ["--fix"],
        ["--add-ignores", "why"],
        ["--baseline", "known.json"],
        ["--since", "HEAD"],
        ["--diff-from-stdin"],
        ["--shard", "1/2"],
    ],
)
def test_what_one_text_cannot_have_is_refused(
    run: Callable[..., tuple[int, str, str]], arguments: list[str]
) -> None:
    """Options about files, or about more of them, are wrong usage."""
    status, out, err = run(TEXT, *arguments)
    assert (status, out) == (2, "")
    assert "`-` reads one text" in err


def test_a_name_needs_a_text(capsys: pytest.CaptureFixture[str], start: Path) -> None:
    """--stdin-filename without `-` would be a name for nothing."""
    assert lint.main(["--stdin-filename", "a.py", "."]) == 2
    assert "write `-` as PATH" in capsys.readouterr().err

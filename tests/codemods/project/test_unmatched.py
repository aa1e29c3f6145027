"""Patterns of the configuration that match nothing are told of, with what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codemods import lint, migrate
from codemods.project.config import Tables
from codemods.project.tables import unmatched as unmatched_patterns
from codemods.project.tables.unmatched import unmatched

if TYPE_CHECKING:
    from pathlib import Path

LEGACY = "from tracker.ai_usage_tracker import AIUsageTracker\nask(AIUsageTracker())\n"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with some folders, in which commands are started."""
    monkeypatch.chdir(tmp_path)
    for name in ("app/generated/a.py", "app/tests/a.py", "docs/page.md", ".venv/lib/a.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    (tmp_path / "docs/link").symlink_to(tmp_path / "app")
    (tmp_path / "app/old.py").write_text(LEGACY)
    return tmp_path


def told(start: Path, text: str) -> list[str]:
    """Return what is told of the table *text*."""
    (start / "pyproject.toml").write_text(f"[tool.ai-usage]\n{text}\n")
    return list(unmatched(Tables(start).of(start / "app")))


@pytest.mark.parametrize(
    "pattern",
    [
        "generated/",
        "app/generated",
        "/app/",
        "*.md",
        "**/tests/",
        "!app/old.py",
        "docs",
        ".venv/",
        ".venv/lib/",
        "link",
        "[a-d]pp/",
    ],
)
def test_what_matches_something_is_not_told_of(start: Path, pattern: str) -> None:
    """A file or a folder, wherever it is, of Python or not, looked at or not."""
    assert told(start, f"exclude = ['{pattern}']") == []


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("genrated/", " Did you mean 'generated/'?"),
        ("app/generatd/", " Did you mean 'app/generated/'?"),
        ("./docs/", " Did you mean 'docs/'?"),
        ("/tests/", " Did you mean 'tests/'?"),
        ("old.py/", ""),
        ("link/", ""),
        ("!*.pyx", ""),
        ("zzzzzzzz", ""),
    ],
)
def test_what_matches_nothing_is_told_of(start: Path, pattern: str, meant: str) -> None:
    """It is told with the folder that is nearest to it, if one is near."""
    (found,) = told(start, f"exclude = ['{pattern}']")
    assert found.startswith(f"exclude: {pattern!r} matches nothing")
    if meant:
        assert found.endswith(meant)


def test_each_place_of_patterns_is_looked_at(start: Path) -> None:
    """``exclude``, ``per-file-ignores`` and the paths of overrides, each by its own name."""
    text = (
        "exclude = ['gone/', 'docs/']\n"
        "[tool.ai-usage.lint]\n"
        "per-file-ignores = {'tests/' = ['AIU001'], 'test/' = ['AIU001']}\n"
        "[[tool.ai-usage.overrides]]\npaths = ['!app/', 'ap/']\nruntime = 'guide'"
    )
    assert [one.partition(" matches")[0] for one in told(start, text)] == [
        "exclude: 'gone/'",
        "lint.per-file-ignores: 'test/'",
        "overrides: 'ap/'",
    ]


def test_what_is_not_known_is_not_told(start: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a project that is too large to be gone through nothing is said, and where none is."""
    monkeypatch.setattr(unmatched_patterns, "_MOST", 2)
    assert told(start, "exclude = ['gone/']") == []
    assert list(unmatched(Tables(start / "docs", None).of(start.parent))) == []


def test_commands_warn_of_it_and_go_on(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run over a part of the project says the same; its findings and status are as ever."""
    (start / "pyproject.toml").write_text("[tool.ai-usage]\nexclude = ['genrated/', 'tests/']\n")
    said = "[tool.ai-usage] exclude: 'genrated/' matches nothing. Did you mean 'generated/'?\n"
    for status, command in (
        (1, lambda: lint.main(["app/old.py"])),
        (1, lambda: lint.main(["."])),
        (1, lambda: migrate.main(["--check", "."])),
    ):
        assert command() == status
        shown = capsys.readouterr()
        assert shown.err.endswith(said)
        assert shown.err.count("warning: ") == 1
        assert "AIU001" in shown.out
    (start / "app/old.py").write_text("")
    assert lint.main(["."]) == 0
    assert capsys.readouterr().err == ""

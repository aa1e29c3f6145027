"""Lint that writes comments writes nothing else, and nowhere else than migrate would."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import lint, migrate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = """\
from tracker.ai_usage_tracker import AIUsageTracker  # noqa: AIU001
def go(): ask(t)
t = AIUsageTracker()
"""

OLD = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    return ask(text, tracker=tracker)
"""


def test_comments_are_written_as_rewrites_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T50: no link is followed out of what was named, nothing but comments differs, undo works."""
    beside = tmp_path / "beside.py"
    beside.write_text(TEXT)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "own.py").write_text(TEXT)
    (tree / "link.py").symlink_to(beside)
    monkeypatch.chdir(tree)
    for arguments in (["--add-ignores", "why"], ["--fix", "--select", "AIU100"]):
        assert lint.main([*arguments, "."]) == 2
        assert "link.py: failed to write: a link leads out" in capsys.readouterr().out
        assert beside.read_text() == TEXT
        found = (tree / "own.py").read_text()
        assert found != TEXT
        assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(TEXT))
    for _ in range(2):
        assert migrate.main(["--undo"]) == 0
    assert (tree / "own.py").read_text() == TEXT


def test_fixes_are_written_as_rewrites_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T50: a rewrite follows no link either, its journal is private, and undo puts it back."""
    beside = tmp_path / "beside.py"
    beside.write_text(OLD)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "own.py").write_text(OLD)
    (tree / "link.py").symlink_to(beside)
    monkeypatch.chdir(tree)
    assert lint.main(["--fix", "."]) == 2
    assert "link.py: failed to write: a link leads out" in capsys.readouterr().out
    assert beside.read_text() == OLD
    assert "with ai_usage_context(" in (tree / "own.py").read_text()
    assert all(one.stat().st_mode & 0o077 == 0 for one in (tree / ".ai-usage").rglob("*"))
    assert migrate.main(["--undo"]) == 0
    assert (tree / "own.py").read_text() == OLD

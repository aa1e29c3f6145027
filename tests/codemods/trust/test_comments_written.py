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
    for arguments in (["--add-ignores", "why"], ["--fix"]):
        assert lint.main([*arguments, "."]) == 2
        assert "link.py: failed to write: a link leads out" in capsys.readouterr().out
        assert beside.read_text() == TEXT
        found = (tree / "own.py").read_text()
        assert found != TEXT
        assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(TEXT))
    for _ in range(2):
        assert migrate.main(["--undo"]) == 0
    assert (tree / "own.py").read_text() == TEXT

"""How long a line may be: what Ruff and Black are told, by the nearest configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codemods.project.line_length import LineLengths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def length(root: Path, files: Mapping[str, str], path: str = "src/app/one.py") -> int | None:
    """Return the line length for *path* in a project of these *files*."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return LineLengths().of(root / path, root)


RUFF = "[tool.ruff]\nline-length = 101\n"
BLACK = "[tool.black]\nline-length = 102\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": RUFF}, 101),
        ({"pyproject.toml": BLACK}, 102),
        ({"pyproject.toml": BLACK + RUFF}, 101),
        ({"ruff.toml": "line-length = 103\n", "pyproject.toml": RUFF}, 103),
        ({".ruff.toml": "line-length = 104\n", "ruff.toml": "line-length = 103\n"}, 104),
        ({"pyproject.toml": RUFF, "src/ruff.toml": "line-length = 105\n"}, 105),
        ({"pyproject.toml": RUFF, "src/pyproject.toml": "[project]\nname = 'ruff'\n"}, 101),
        ({"pyproject.toml": "[tool.ruff.lint]\nselect = ['E']\n" + BLACK}, 102),
        ({"pyproject.toml": "[tool.ruff.lint]\nselect = ['E']\n"}, 88),
        ({"pyproject.toml": "[tool.black]\npreview = true\n"}, 88),
        ({"ruff.toml": "extend = 'base.toml'\n", "base.toml": "line-length = 106\n"}, 106),
        ({"ruff.toml": "extend = 'base.toml'\nline-length = 90\n", "base.toml": "a = 1\n"}, 90),
    ],
)
def test_what_the_formatter_is_told_counts(
    files: dict[str, str], expected: int, tmp_path: Path
) -> None:
    """Ruff goes before Black, a file of its own before the table, the nearest before the others."""
    assert length(tmp_path, files) == expected


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": "[project]\nname = 'x'\n"},
        {"other/pyproject.toml": RUFF},
        {"pyproject.toml": "[tool.pylint]\nmax-line-length = 70 # not ruff, not black\n"},
        {"pyproject.toml": "[tool.ruff\nline-length = 101\n"},
        {"pyproject.toml": "tool = 'ruff'\n"},
        {"ruff.toml": "line-length = "},
    ],
)
def test_nothing_is_known_where_nothing_is_said(files: dict[str, str], tmp_path: Path) -> None:
    """Another folder's configuration, and one that no formatter could read, say nothing."""
    assert length(tmp_path, files) is None


@pytest.mark.parametrize("value", ["'100'", "0", "-3", "321", "true", "1.5", "[88]"])
def test_a_length_that_the_formatter_would_not_take_is_none(value: str, tmp_path: Path) -> None:
    """What is no number of columns leaves what formatters take unasked."""
    assert length(tmp_path, {"ruff.toml": f"line-length = {value}\n"}) == 88


def test_a_project_ends_at_its_root(tmp_path: Path) -> None:
    """What lies above the project, or is extended from there, is another one's."""
    (tmp_path / "ruff.toml").write_text("line-length = 70\n")
    inner = tmp_path / "project"
    assert length(inner, {"src/app/one.py": ""}) is None
    assert length(inner, {"ruff.toml": "extend = '../ruff.toml'\n"}) == 88
    assert LineLengths().of(inner / "src/app/one.py", None) is None


def test_files_that_extend_each_other_end(tmp_path: Path) -> None:
    """A circle of configurations is followed no more than some times."""
    files = {"ruff.toml": "extend = 'two.toml'\n", "two.toml": "extend = 'ruff.toml'\n"}
    assert length(tmp_path, files) == 88

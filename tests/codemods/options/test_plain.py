"""A command line of files and folders is understood without click, and as click understands it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codemods import lint
from codemods.cli import linting
from codemods.cli.lint import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[3]
LEGACY = "from tracker.ai_usage_tracker import AIUsageTracker\nt = AIUsageTracker()\n"
PLAIN = (
    ["."],
    ["app"],
    ["app/one.py", "app/old.py"],
    ["--no-cache", "app"],
    ["app", "--no-cache", "app/one.py", "--no-cache"],
    ["app/none.py"],
    ["app/\udcff.py"],
    ["/", " ", "@file", "app/é.py"],
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a clean and a legacy file, in which commands are started."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/one.py").write_text("x = 1\n")
    (tmp_path / "app/old.py").write_text(LEGACY)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    return tmp_path


@pytest.mark.parametrize("arguments", PLAIN, ids=repr)
def test_options_are_those_that_click_makes(
    tree: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Each field of both records is the same, and so is what stands for the command line."""
    made: list[tuple[Any, ...]] = []
    for module in (plain, linting):
        monkeypatch.setattr(module, "linted", lambda *given: made.append(given) or 7)
    assert plain.is_plain(arguments)
    assert lint.main(arguments) == linting.run(arguments, None) == 7
    by_hand, by_click = made
    assert by_hand == by_click
    assert by_hand[1].cwd == tree


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--no-cache"],
        [""],
        ["app", ""],
        ["-"],
        ["--", "app"],
        ["--help"],
        ["app", "-q"],
        ["app", "--no-cach"],
        ["app", "--fix"],
    ],
    ids=repr,
)
def test_all_else_is_left_to_click(tree: Path, arguments: list[str]) -> None:
    """No file, no name, an option, or what may be one."""
    assert not plain.is_plain(arguments)


@pytest.mark.parametrize("variable", ["AI_USAGE_CACHE_DIR", "_AI_USAGE_LINT_COMPLETE"])
def test_a_variable_that_says_more_is_heard(
    tree: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Where the cache is, and what a shell asks of the script."""
    monkeypatch.setattr(sys, "argv", ["ai-usage-lint", "app"])
    assert plain.is_plain(["app"])
    monkeypatch.setenv(variable, "bash_source")
    assert not plain.is_plain(["app"])


@pytest.mark.parametrize(
    ("arguments", "table"),
    [
        (["app"], ""),
        (["app/one.py"], ""),
        (["empty"], ""),
        (["app/none.py", "app"], ""),
        (["app"], "[tool.ai-usage]\nruntime = 'other'\n"),
        (["app"], "[tool.ai-usage.lint]\nselect = ['AIU999']\n"),
        (["app"], "[tool.ai-usage]\noperations = {'gone:f' = 'some_name'}\n"),
    ],
)
def test_both_ways_say_the_same(
    tree: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], table: str
) -> None:
    """Findings, mistakes and statuses."""
    (tree / "pyproject.toml").write_text(table)
    told = []
    for run in (plain.run, linting.run):
        status = run(arguments, None)
        told.append((status, capsys.readouterr()))
    assert told[0] == told[1]


def test_a_plain_run_loads_no_click(tree: Path) -> None:
    """Nor what click, dataclasses and a cache would load: that was two thirds of such a run."""
    program = (
        "import sys; before = {*sys.modules}; from codemods import lint; "
        "status = lint.main(sys.argv[1:]); print(status, *sorted({'click', 'inspect', 'ast', "
        "'dataclasses', 'json', 'hashlib', 'libcst', 'rich'} & {*sys.modules} - before))"
    )
    for arguments in (["app/one.py"], ["empty", "app/one.py"], ["--no-cache", "app/one.py"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "0", done.stdout

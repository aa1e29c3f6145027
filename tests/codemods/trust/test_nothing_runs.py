"""The code of a tree is read and never run, and who only looks writes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostile import everything

from tests.warm import run_text

ROOT = Path(__file__).resolve().parents[3]
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
COMMANDS = {
    "check": ["codemods.migrate", "--check", "."],
    "diff": ["codemods.migrate", "--diff", "."],
    "json": ["codemods.migrate", "--check", "--format", "json", "."],
    "lint": ["codemods.lint", "."],
    "unsafe": ["codemods.migrate", "--check", "--unsafe", "."],
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project whose every file leaves a mark when it is run."""
    tree = tmp_path / "tree"
    mark = f"open({str(tmp_path / 'ran')!r}, 'a').write(__file__)\n"
    names = ("setup.py", "conftest.py", "__init__.py", "noxfile.py", "sitecustomize.py")
    names += ("tracker/__init__.py", "tracker/ai_usage_tracker.py", "app/__init__.py", "app/a.py")
    names += ("codemods_plugin.py", "encodings/evil.py", "app/__main__.py")
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(mark + LEGACY)
    (tree / "app/coded.py").write_text("# coding: evil\n" + LEGACY)
    (tree / "evil.pth").write_text(f"import os; {mark}")
    (tree / "pyproject.toml").write_text('[build-system]\nbuild-backend = "setup"\n')
    return tree


def environment() -> dict[str, str]:
    """Return the variables of a process, which may write bytecode."""
    known = os.environ | {"PYTHONPATH": str(ROOT)}
    known.pop("PYTHONDONTWRITEBYTECODE", None)
    return known


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the commands in *tree*."""
    return run_text([sys.executable, "-m", *arguments], tree, environment())


def run_anew(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the commands in *tree*, from the start of the interpreter."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=tree, env=environment(), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", [*COMMANDS, "migrate"])
def test_no_code_of_the_tree_is_run(tree: Path, name: str) -> None:
    """T5: files that tools of Python run by themselves are parsed like all others.

    Python starts in one way, whatever the options of a command are.
    """
    running = run if name in ("diff", "json", "unsafe") else run_anew
    done = running(tree, *COMMANDS.get(name, ["codemods.migrate", "."]))
    assert "app/a.py" in done.stdout + done.stderr
    assert "coding line" in done.stdout + done.stderr
    assert not (tree.parent / "ran").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_who_looks_writes_nothing(tree: Path, name: str) -> None:
    """T10: lint, --check and --diff leave the tree, and what lies beside it, as they were."""
    before = everything(tree.parent)
    assert "app/a.py" in run(tree, *COMMANDS[name]).stdout
    assert everything(tree.parent) == before
    assert not (tree / ".ai-usage").exists()


def test_a_linked_source_is_read_where_it_is(tree: Path) -> None:
    """T3: a link to a source outside is reported, and that source is not written."""
    (tree.parent / "outside.py").write_text(LEGACY)
    (tree / "app/link.py").symlink_to("../../outside.py")
    assert "app/link.py:5" in run(tree, *COMMANDS["check"]).stdout
    done = run(tree, "codemods.migrate", ".")
    assert done.returncode == 2
    assert "app/link.py: failed to write: a link leads out of what was named" in done.stdout
    assert (tree.parent / "outside.py").read_text() == LEGACY

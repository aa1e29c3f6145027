"""A project of the original layout, whose three modules are one line each: its own tests pass.

``legacy_project`` holds the package and its tests, which know nothing of us;
they run under a pytest of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).resolve().parent / "legacy_project"
MODULES = ("ai_usage_tracker", "ai_usage_context", "environment_config")
STAR = "from tracker.{name} import *\n"
WHOLE = "from tracker.{name} import *; from tracker.reexport import reexport; reexport(__name__)\n"


def run_tests(project: Path, *arguments: str) -> str:
    """Run the project's own tests, and return what pytest says at the end."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error::RuntimeWarning", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "AI_USAGE_STRICT": "1"}
    for name in [name for name in variables if name.startswith(("PYTEST_", "COV_"))]:
        del variables[name]
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it uses none, and they take half the time
    done = subprocess.run(
        command, cwd=project, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def test_each_module_is_one_line() -> None:
    """The line is the one that the documentation gives."""
    for name in MODULES:
        text = (PROJECT / "receipt_label" / "utils" / f"{name}.py").read_text()
        assert text == WHOLE.format(name=name)
    documented = (ROOT / "spec" / "ai-usage-tracking" / "implementation.md").read_text()
    assert WHOLE.format(name="ai_usage_tracker").strip() in documented


@pytest.mark.lengthy
def test_the_project_s_tests_pass() -> None:
    """Doubles, patches by the old paths, positional arguments, log rows, items: all as before."""
    assert "passed" in run_tests(PROJECT)


@pytest.mark.lengthy
def test_the_star_alone_carries_all_but_replaced_names(tmp_path: Path) -> None:
    """Who re-exports by a plain star can patch whatever belongs to the classes."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in MODULES:
        (copy / "receipt_label" / "utils" / f"{name}.py").write_text(STAR.format(name=name))
    assert "passed" in run_tests(copy, "--ignore=tests/test_replaced_names.py")

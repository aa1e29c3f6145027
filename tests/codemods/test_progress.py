"""The bar of a run on a terminal, in a process that has one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEGACY = "from tracker.ai_usage_tracker import AIUsageTracker\nt = AIUsageTracker()\n"
#: A run that lasts as long as is said, and shows each file; then whether rich was loaded.
PROGRAM = """
import sys
from codemods import migrate
from codemods.cli import progress
progress._SECONDS, progress._LASTS_AFTER = 0, float(sys.argv[1])
status = migrate.main(["--check", *sys.argv[2:], "."])
print("rich" in sys.modules)
sys.exit(status)
"""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with three legacy files."""
    for number in range(3):
        (tmp_path / f"{number}.py").write_text(LEGACY)
    return tmp_path


def run(tree: Path, *arguments: str, columns: int = 100, **variables: str) -> tuple[str, str]:
    """Run the program with standard error on a terminal; return its output, and what that got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    apart = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"}
    kept = {name: value for name, value in os.environ.items() if name not in apart}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=tree,
        env=kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    said, _ = process.communicate()
    assert process.returncode == 0
    return said.decode(), b"".join(parts).decode()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bar_is_drawn_on_a_terminal_and_taken_away(tree: Path, jobs: str) -> None:
    """It counts what is looked at, then what is decided; the report has nothing of it."""
    said, shown = run(tree, "0", "--jobs", jobs)
    assert said.endswith("True\n")
    assert "\x1b" not in said
    assert shown.index("3 files looked at") < shown.index("1 of 3 files decided on")
    assert "━" in shown
    assert "\x1b[?25l" not in shown  # the cursor stays
    assert shown.endswith("\x1b[1A\x1b[2K")


def test_the_bar_takes_one_line_of_a_narrow_terminal(tree: Path) -> None:
    """What does not fit is left out: a second line would stay behind."""
    _, shown = run(tree, "0", columns=16)
    drawn = [CONTROL.sub("", line) for line in re.split(r"[\r\n]+", shown)]
    assert any(line.strip() for line in drawn)
    assert max(map(len, drawn)) <= 16
    assert "decided on" not in shown
    assert shown.count("\x1b[2K\x1b[1A") == 0  # no line above is cleared, there is one


def test_the_bar_has_no_colour_where_none_is_wanted(tree: Path) -> None:
    """By an option, or by the variable that says so for all programs."""
    assert "\x1b[3" in run(tree, "0")[1]
    assert "\x1b[3" not in run(tree, "0", NO_COLOR="1")[1]
    assert "\x1b[3" not in run(tree, "0", "--no-color")[1]


def test_a_run_that_does_not_last_loads_nothing_to_draw_with(tree: Path) -> None:
    """It shows nothing, as one that is to be quiet."""
    said, shown = run(tree, "inf")
    assert (said.endswith("False\n"), shown) == (True, "")
    said, shown = run(tree, "0", "--quiet")
    assert (said.endswith("False\n"), shown) == (True, "")

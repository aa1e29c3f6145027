"""Pipes, devices, endless and crafted files under the names that the commands read: nothing hangs.

Each case is a process; the time that it may take only ends a hang, and decides nothing.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codemods.project import regular
from codemods.project.config import ConfigError, Tables
from codemods.project.ignore.gitignore import rules_from
from codemods.project.regular import read_regular, read_seen
from tests.warm import run_text

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
#: What no test waits for: longer than anything but a hang takes on a busy machine.
GUARD = 300
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
#: Runs a command that waits for git half a second only.
IMPATIENT = """
import sys
from codemods import migrate
from codemods.project.ignore import git
git._SECONDS = 0.5
sys.exit(migrate.main(sys.argv[1:]))
"""


def pipe(path: Path) -> None:
    """Make a pipe that nobody writes to."""
    os.mkfifo(path)


def device(path: Path) -> None:
    """Make a link to a device that never ends."""
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    """Make a link to a device that waits for somebody to type."""
    path.symlink_to("/dev/tty")


def listening(path: Path) -> None:
    """Make a socket."""
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def huge(path: Path) -> None:
    """Make a file of a terabyte, with nothing in it."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def linked_pipe(path: Path) -> None:
    """Make a link to a pipe elsewhere."""
    elsewhere = path.parent.parent / "elsewhere"
    if not elsewhere.exists():
        os.mkfifo(elsewhere)
    path.symlink_to(elsewhere)


def circle(path: Path) -> None:
    """Make a link to itself."""
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    """Make a folder."""
    path.mkdir()


NAMES = (".gitignore", "pyproject.toml", ".git", "a.py", "__init__.py")
KINDS = (pipe, device, terminal, listening, huge, linked_pipe, circle, folder)


def command(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with *arguments* in *tree*; a hang ends the test."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_text([sys.executable, *arguments], tree, environment, timeout=GUARD)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def check(tree: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    """Look through *tree*; return how that ended."""
    return command(tree, "-m", "codemods.migrate", "--check", *(paths or (".",)))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project with one file to migrate."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good.py").write_text(LEGACY)
    return tree


@pytest.mark.parametrize("make", [k for k in KINDS if k is not huge], ids=lambda k: k.__name__)
def test_what_is_found_in_a_tree(tree: Path, make: Callable[[Path], None]) -> None:
    """T1: what is no regular file is passed over, or named; the files beside it are read."""
    for number, name in enumerate(NAMES):
        part = tree / f"part{number}"
        part.mkdir()
        make(part / name)
        (part / "good.py").write_text(LEGACY)
    done = check(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("good.py:5:15: AIU001") == len(NAMES) + 1


@pytest.mark.parametrize("name", NAMES)
def test_what_is_huge_in_a_tree(tree: Path, name: str) -> None:
    """T1: a file above its limit is named with status 2; what git would pass over is as well."""
    huge(tree / name)
    done = check(tree)
    assert done.returncode == (1 if name == ".git" else 2), done.stdout + done.stderr
    assert name == ".git" or "is larger than" in done.stdout + done.stderr


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_what_is_named(tree: Path, make: Callable[[Path], None]) -> None:
    """T1: a path of the command line that is no file to read is a failure that says so."""
    make(tree / "a.py")
    done = check(tree, "a.py", "good.py")
    assert done.returncode == (1 if make is folder else 2)
    assert "good.py:5:15: AIU001" in done.stdout


@pytest.mark.parametrize("make", [pipe, device, huge], ids=lambda make: make.__name__)
def test_an_ignore_file_in_a_repository(tree: Path, make: Callable[[Path], None]) -> None:
    """T1: where git itself waits for ever, it is asked no longer, and that is said."""
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    make(tree / ".gitignore")
    done = command(tree, "-c", IMPATIENT, "--check", ".")
    assert done.returncode in ((1, 2) if make is huge else (1,))
    assert "good.py:5:15: AIU001" in done.stdout or "is larger than" in done.stderr


@pytest.mark.parametrize("part", [".ai-usage", ".ai-usage/undo"])
@pytest.mark.parametrize("make", KINDS[:-1], ids=lambda make: make.__name__)
def test_a_journal(tree: Path, part: str, make: Callable[[Path], None]) -> None:
    """T1: neither a run nor undo waits for what stands in the place of a journal."""
    (tree / part).parent.mkdir(exist_ok=True)
    make(tree / part)
    done = command(tree, "-m", "codemods.migrate", "good.py")
    assert done.returncode == 2
    assert "the undo journal cannot be written" in done.stdout
    assert (tree / "good.py").read_text() == LEGACY
    assert command(tree, "-m", "codemods.migrate", "--undo").returncode == 2


@pytest.mark.parametrize(
    "line",
    ["*a" * 2000, "**/" * 3000 + "x", "a*" * 100 + "b", "[" * 5000, "?*" * 2000, "**\\/" * 2000],
    ids=lambda line: line[:6],
)
def test_lines_of_many_stars(tree: Path, line: str) -> None:
    """T2: a line of an ignore file takes time by its length, not by its stars."""
    (tree / ("a" * 200 + ".py")).write_text("x = 1\n")
    (tree / ".gitignore").write_text(line + "\n")
    done = check(tree)
    assert done.returncode == 1
    assert "2 files scanned" in done.stdout


def test_stars_after_stars_say_no_more() -> None:
    """T2: the folders of a pattern that stand for any number of folders are one such place."""
    [pattern] = rules_from(["**/" * 1000 + "x"], "/base").patterns
    assert pattern.steps is not None
    assert len(pattern.steps) < 10
    assert pattern.matches(b"x", folder=False)
    assert pattern.matches(b"a/b/x", folder=False)
    assert not pattern.matches(b"a/b/xx", folder=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" + ".a" * 400_000 + " = 1", "parts"),
        ("[[" + "'a b' . " * 100_000 + "a]]", "parts"),
        ('"\\".".' * 100_000 + "a = 1", "parts"),
        ("a = " + "[" * 400_000, "nested too deeply"),
        ("a = " + "{a=" * 200_000, "nested too deeply"),
        ("a = " + "9" * 400_000, "not valid TOML"),
        ("# " + "x" * 1_100_000, "larger than 1 MB"),
        ("[tool.ai-usage]\nexclude = [" + "'*a'," * 100_000 + "]", "more than 1000 patterns"),
    ],
    ids=range(8),
)
def test_crafted_configuration(tree: Path, text: str, said: str) -> None:
    """T1 T2: configuration that a reader would take for ever over, or fall over, is a mistake."""
    (tree / "pyproject.toml").write_text("# ai-usage\n" + text)
    done = check(tree)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    "text", ["a" + ".a" * 90 + " = 1", "a = '" + "." * 5000 + "'", "'" + "a." * 5000 + "' = 1"]
)
def test_configuration_of_others_may_have_dots(tmp_path: Path, text: str) -> None:
    """Dots in texts, and in keys that people write, are no mistake."""
    (tmp_path / "pyproject.toml").write_text(f"# ai-usage\n{text}\n")
    assert Tables(tmp_path).of(tmp_path).source is None
    (tmp_path / "pyproject.toml").write_text("# ai-usage\n" + "a." * 200 + "a = 1\n")
    with pytest.raises(ConfigError):
        Tables(tmp_path).of(tmp_path)


def test_a_source_that_is_too_large(tree: Path) -> None:
    """T1: a source above the limit is named, with what to do; the others are looked at."""
    (tree / "data.py").write_bytes(b"x = 1\n" * 6_000_000)
    done = check(tree)
    assert done.returncode == 2
    assert (
        "data.py: failed to read: the file cannot be read: it is larger than 32 MB" in done.stdout
    )
    assert "exclude" in done.stdout
    assert "good.py:5:15: AIU001" in done.stdout


@pytest.mark.parametrize("name", ["punycode", "PunyCode", "idna"])
def test_an_encoding_that_takes_for_ever(tree: Path, name: str) -> None:
    """T2: a coding line that names an encoding of host names is not followed."""
    content = f"# coding: {name}\n# AIUsageTracker set_tracking_context -" + "a" * 4_000_000
    (tree / "a.py").write_text(content)
    done = check(tree)
    assert done.returncode == 2
    assert "encoding of host names" in done.stdout


def test_a_file_that_tells_no_size_is_read_to_the_limit(tmp_path: Path) -> None:
    """T1: a file that says it is empty, as the system's do, is read up to the limit."""
    source = Path("/proc/self/maps")
    if not source.exists():
        source = tmp_path / "maps"
        source.write_bytes(b"x" * 100)
    assert len(read_regular(source, 1 << 20)) >= 100
    with pytest.raises(OSError, match="larger"):
        read_regular(source, 10)


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """T1: what stands where discovery saw a file is looked at again once it is open."""
    place = tmp_path / "a.py"
    place.write_bytes(b"x = 1\n")
    assert read_seen(str(place), 10) == b"x = 1\n"
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(OSError, match="a device, a pipe or a socket"):
        read_seen(str(place), 10)
    place.unlink()
    place.mkdir()
    with pytest.raises(IsADirectoryError):
        read_seen(str(place), 10)
    place.rmdir()
    place.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="a device, a pipe or a socket"):
        read_seen(str(place), 10)


@pytest.mark.parametrize("has_pread", [True, False])
def test_a_file_is_read_whole_right_after_it_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_pread: bool
) -> None:
    """T1: all of it and nothing else, up to the limit, on systems that read at places or do not."""
    monkeypatch.setattr(regular, "_READS_AT_PLACES", has_pread)
    place = tmp_path / "a.py"
    for content in (b"", b"x", b"x = 1\n" * 100_000):
        place.write_bytes(content)
        assert read_seen(str(place), 1 << 20) == content
    with pytest.raises(OSError, match="larger"):
        read_seen(str(place), 10)
    system = Path("/proc/self/maps")
    if system.exists():
        assert len(read_seen(str(system), 1 << 20)) >= 100


def test_what_cannot_be_read_at_a_place_is_read_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1: a file whose bytes are refused once its end is known is no empty file."""

    def refuse(*_: int) -> bytes:
        raise OSError(errno.EIO, "the disk is broken")

    place = tmp_path / "a.py"
    place.write_bytes(b"x = 1\n")
    monkeypatch.setattr(os, "pread", refuse)
    assert read_seen(str(place), 10) == b"x = 1\n"

"""What runs remember, where others have a hand in it: it is believed only if it is our own."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from codemods import lint, migrate
from codemods.cache import frame, memory, replay
from codemods.cache.record import Record, decoded, encoded
from codemods.cache.replay import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker)
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that is worth remembering, whose files seem to be old."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(memory.LEAST_FILES):
        (tree / f"m{number}.py").write_text(f"x = {number}\n")
    (tree / "old.py").write_text(LEGACY)
    real = memory.now
    monkeypatch.setattr(memory, "now", lambda: real() + 60_000_000_000)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    monkeypatch.chdir(tree)
    return tree


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return what runs lint, and returns its status, its output and its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = lint.main([*arguments, "."])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def kept(tree: Path) -> Path:
    """Return the record that a run has left."""
    (found,) = (tree / FOLDER).glob("*.run")
    return found


def nothing_found(record: Record) -> Record:
    """Return *record* as somebody would like it who has something to hide."""
    clean = b"\1" * record.count
    return Record(record.paths, record.numbers, record.count, clean, (), "", record.tool)


def test_what_is_remembered_is_private(tree: Path, said: Callable[..., object]) -> None:
    """T44: the folder has mode 0700 and its files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        said()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tree / FOLDER).stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tree / FOLDER).iterdir()} == {0o600}


@pytest.mark.parametrize("kind", ["link to a folder", "link to nothing", "file", "pipe"])
def test_nothing_is_remembered_where_something_else_stands(
    tree: Path, said: Callable[..., object], kind: str
) -> None:
    """T44: no link is followed, nothing is replaced, and the run says what it says without."""
    outside = tree.parent / "outside"
    outside.mkdir()
    place = tree / FOLDER
    match kind:
        case "link to a folder":
            place.symlink_to(outside)
        case "link to nothing":
            place.symlink_to(tree.parent / "missing")
        case "file":
            place.write_text("mine")
        case _:
            os.mkfifo(place)
    assert said() == said() == said("--no-cache")
    assert not list(outside.iterdir())
    assert not (tree.parent / "missing").exists()


@pytest.mark.parametrize("place", ["m1.py", "m1.py/cache", "missing/folder/cache"])
def test_nothing_is_remembered_where_nothing_can_be_written(
    tree: Path, said: Callable[..., object], place: str
) -> None:
    """T44: a place that cannot be a folder costs no word and no status."""
    first = said("--cache-dir", place)
    assert first == said("--cache-dir", place) == said("--no-cache")
    assert sorted(path.name for path in tree.iterdir()) == sorted(
        [*(f"m{number}.py" for number in range(memory.LEAST_FILES)), "old.py"]
    )


def test_a_link_in_the_place_of_a_record_is_replaced_and_not_followed(
    tree: Path, said: Callable[..., object]
) -> None:
    """T44: what it leads to stays as it was."""
    said()
    record = kept(tree)
    victim = tree.parent / "victim"
    victim.write_text("mine")
    record.unlink()
    record.symlink_to(victim)
    said()
    assert victim.read_text() == "mine"
    assert not record.is_symlink()


def test_a_record_that_others_may_have_made_is_none(
    tree: Path, said: Callable[..., tuple[int, str, str]]
) -> None:
    """T45: one of a clone has another mode; a folder that all may write in is anybody's."""
    first = said()
    assert first[0] == 1
    record = kept(tree)
    forged = encoded(nothing_found(decoded(record.read_bytes())))
    record.write_bytes(forged)
    assert said()[0] == 0  # what this test is about: with our modes it would be believed
    record.write_bytes(forged)
    record.chmod(0o644)
    assert said() == first
    record.write_bytes(forged)
    record.chmod(0o600)
    (tree / FOLDER).chmod(0o777)
    assert said() == first
    assert stat.S_IMODE((tree / FOLDER).stat().st_mode) & 0o022 == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\0" * 100_000, b"ai-usage cache 1\n", b"ai-usage cache 1\n" + b"0" * 500],
    ids=["empty", "short", "zeros", "head", "no checksum"],
)
def test_what_is_no_record_is_none(
    tree: Path, said: Callable[..., tuple[int, str, str]], content: bytes
) -> None:
    """T45: the run looks at everything, and leaves a record that is one."""
    first = said()
    kept(tree).write_bytes(content)
    assert said() == first
    assert decoded(kept(tree).read_bytes()).found is not None


def test_an_output_moves_no_cursor(tree: Path, said: Callable[..., object]) -> None:
    """T47: whoever has put an output there, what a terminal would act on is not told."""
    said()
    (printed,) = (tree / FOLDER).glob("*.out")
    (looked_at,) = (tree / FOLDER).glob("*.run")
    content = looked_at.read_bytes()
    assert replay.sealed("\x1b[2J", 0, looked_at.stem, content) is None
    good = replay.sealed("one line\n", 0, looked_at.stem, content)
    assert good is not None
    printed.write_bytes(good)
    assert replay.told("lint", ["."]) == ("one line\n", 0)
    head, magic = good.index(b"{"), good.index(b"\n") + 1
    forged = good[head:].replace(b"one", b"\x1b[1")
    printed.write_bytes(frame.sealed(good[:magic], forged))
    assert replay.told("lint", ["."]) is None


def test_no_time_that_a_program_sets_hides_a_change(
    tree: Path, said: Callable[..., tuple[int, str, str]]
) -> None:
    """T46: a file of the same size, name and time of modification is another one all the same."""
    (tree / "m1.py").write_text("#" * (len(LEGACY) - 1) + "\n")
    assert "m1.py" not in said()[1]
    before = (tree / "m1.py").stat()
    (tree / "m1.py").write_text(LEGACY)
    os.utime(tree / "m1.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (tree / "m1.py").stat().st_size == before.st_size
    assert "m1.py:5" in said()[1]


def test_a_migration_writes_nothing_that_it_remembers(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """T46: a record that calls every file clean, and a finding to be told, changes no source."""
    assert migrate.main(["--check", "."]) == 1
    record = decoded(kept(tree).read_bytes())
    assert not any(record.clean[-1:])
    kept(tree).write_bytes(encoded(nothing_found(record)))
    assert migrate.main(["."]) == 0
    assert (tree / "old.py").read_text() == LEGACY
    assert "nothing to do" in capsys.readouterr().out

"""Runs at once from one folder: each succeeds, has its own journal, and is undone."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from codemods.model.outcome import Changed, Failed, Refused, RunReport
from codemods.model.refusal import Refusal
from codemods.project.folders import Folder
from codemods.project.sources import decode
from codemods.project.undo import journal, lock
from codemods.project.undo.journal import runs
from codemods.project.undo.restore import NothingToUndo, undo
from codemods.project.writing import write_changes
from tests.concurrent_runs import rounds

if TYPE_CHECKING:
    from pathlib import Path


def pending(path: Path, refusals: tuple[Refusal, ...] = ()) -> RunReport:
    """Return the report of a run that has read *path* and not written it."""
    source = decode(path, path.name, path.read_bytes())
    assert not isinstance(source, Failed)
    return RunReport((Changed(source, b"two\n", (), refusals),), 1, written=False)


def sources(folder: Path, count: int) -> list[Path]:
    """Write *count* files."""
    files = [folder / f"f{number}.py" for number in range(count)]
    for file in files:
        file.write_bytes(b"one\n")
    return files


def test_processes_at_once(tmp_path: Path) -> None:
    """T16: processes that share a folder all end with 0, and undo restores every byte."""
    assert rounds(tmp_path, runs=6, workers=3) == []


@pytest.mark.parametrize("locks", [True, False])
def test_threads_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: bool) -> None:
    """T16: runs that all read before any writes get a journal each, with and without locks."""
    if not locks:
        monkeypatch.setattr(lock, "fcntl", None)
    files = sources(tmp_path, 24)
    reports = [pending(file) for file in files]
    gate = threading.Barrier(8)

    def write(several: list[RunReport]) -> None:
        gate.wait()
        for report in several:
            [outcome] = write_changes(report, tmp_path, [tmp_path]).outcomes
            assert isinstance(outcome, Changed), outcome

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [reports[start::8] for start in range(8)]))
    assert {file.read_bytes() for file in files} == {b"two\n"}
    assert sorted(run.entries[0].path for run in runs(tmp_path)) == sorted(files)
    with ThreadPoolExecutor(4 if locks else 1) as pool:
        done = list(pool.map(lambda _: undo([], tmp_path), files))
    assert sorted(path for one in done for path in one.restored) == sorted(files)
    assert {file.read_bytes() for file in files} == {b"one\n"}
    with pytest.raises(NothingToUndo):
        undo([], tmp_path)


@pytest.mark.parametrize("code", [errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR])
def test_a_number_that_another_run_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """T16: whatever the system says of a name that is taken, the next number is."""
    [file] = sources(tmp_path, 1)
    move, taken = Folder.move, iter([code, code])

    def busy(self: Folder, name: str, target: Folder, new: str) -> None:
        if name.endswith(".part"):
            for number in taken:
                raise OSError(number, os.strerror(number))
        move(self, name, target, new)

    monkeypatch.setattr(Folder, "move", busy)
    assert isinstance(write_changes(pending(file), tmp_path, [tmp_path]).outcomes[0], Changed)
    [run] = runs(tmp_path)
    assert run.folder.name.startswith("000003-")


def test_an_empty_folder_of_another_run_is_not_replaced(tmp_path: Path) -> None:
    """T16: a rename would replace an empty folder without an error: the name counts as taken."""
    (tmp_path / "mine.part").mkdir()
    (tmp_path / "mine.part/run.json").touch()
    (tmp_path / "taken").mkdir()
    with Folder.at(tmp_path) as folder:
        assert journal._moved(folder, "mine.part", folder, iter(["taken", "free"])) == "free"
    assert list((tmp_path / "taken").iterdir()) == []
    assert (tmp_path / "free/run.json").exists()


def test_the_same_change_made_twice_at_once(tmp_path: Path) -> None:
    """T16: a file to which another run made the same change is done, and not a failure."""
    [file] = sources(tmp_path, 1)
    first, second = pending(file), pending(file)
    write_changes(first, tmp_path, [tmp_path])
    assert write_changes(second, tmp_path, [tmp_path]).outcomes == ()
    assert len(runs(tmp_path)) == 1
    undo([], tmp_path)
    assert file.read_bytes() == b"one\n"


def test_what_the_other_run_left_to_a_person_stays_said(tmp_path: Path) -> None:
    """The refusals beside a change that another run made are still reported."""
    [file] = sources(tmp_path, 1)
    from codemods.model.finding import Finding
    from codemods.model.refusal import Reason
    from codemods.model.source import Span

    site = Finding("AIU001", "f0.py", Span(1, 1, 1, 2), "a site")
    refusal = Refusal(site, Reason.ESCAPES, "it escapes", "look at it")
    first, second = pending(file), pending(file, (refusal,))
    write_changes(first, tmp_path, [tmp_path])
    assert write_changes(second, tmp_path, [tmp_path]).outcomes == (Refused("f0.py", (refusal,)),)


def test_a_run_that_is_undone_while_another_undo_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T16: an undo that waited goes on to the run before, whatever became of the one it saw."""
    files = sources(tmp_path, 2)
    for file in files:
        write_changes(pending(file), tmp_path, [tmp_path])
    from codemods.project.undo import restore as module

    look, looks = module._last_run, []

    def late(paths: list[Path], cwd: Path) -> tuple[Path, str]:
        found = look(paths, cwd)
        looks.append(found)
        if len(looks) == 1:
            undo([], tmp_path)
        return found

    monkeypatch.setattr(module, "_last_run", late)
    undo([], tmp_path)
    assert [file.read_bytes() for file in files] == [b"one\n", b"one\n"]
    assert runs(tmp_path) == ()

"""What a killed run leaves: nothing beside a source if that can be, and nothing for good."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codemods.model.outcome import Changed, Failed, RunReport
from codemods.project import writing
from codemods.project.folders import Folder
from codemods.project.sources import decode
from codemods.project.undo import lock
from codemods.project.undo.journal import Journal, runs
from codemods.project.undo.restore import undo
from codemods.project.writing import write_changes


class Killed(BaseException):
    """Stands for a signal that nothing is done about: what would clean up does not either."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project with two files to change."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"one\n")
    return tmp_path


def run(tree: Path, *names: str, after: bytes = b"two\n") -> None:
    """Change the files *names* in a run that is started in *tree*."""
    changes = []
    for name in names:
        source = decode(tree / name, name, (tree / name).read_bytes())
        assert not isinstance(source, Failed)
        changes.append(Changed(source, after, ()))
    report = RunReport(tuple(changes), len(changes), written=False)
    done = write_changes(report, tree, [tree])
    assert not any(isinstance(outcome, Failed) for outcome in done.outcomes), done.outcomes


def killed(
    tree: Path, patch: pytest.MonkeyPatch, target: str = "a.py", made: str = ".after"
) -> None:
    """Change both files in a run that is killed before *target* is replaced by what it made."""

    def kill(self: Folder, name: str, folder: Folder, new: str) -> None:
        if name.endswith(made) and new == target:
            patch.setattr(Folder, "remove", lambda *_: None)
            patch.setattr(Folder, "remove_folder", lambda *_: None)
            raise Killed
        real(self, name, folder, new)

    with patch.context() as patch:
        real = Folder.move
        patch.setattr(Folder, "move", kill)
        with pytest.raises(Killed):
            run(tree, "a.py", "b.py")


def other_file_system(patch: pytest.MonkeyPatch) -> None:
    """Let the journal be on another file system than the sources."""
    real = Folder.move

    def move(self: Folder, name: str, target: Folder, new: str) -> None:
        if name.endswith(".after"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(self, name, target, new)

    patch.setattr(Folder, "move", move)


def names(folder: Path, pattern: str = "*") -> list[str]:
    """Return the names of files below *folder* that match *pattern*."""
    return sorted(path.name for path in folder.rglob(pattern) if path.is_file())


def test_the_new_content_is_made_in_the_journal(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T14: a run that is killed before a file is replaced leaves nothing beside it."""
    killed(tree, monkeypatch)
    assert sorted(path.name for path in tree.iterdir()) == [".ai-usage", "a.py", "b.py"]
    assert names(tree, "*.after") == ["00000.after"]


def test_the_next_run_clears_what_was_made(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T15: the next run removes it, and the killed run can still be undone."""
    killed(tree, monkeypatch, "b.py")
    assert (tree / "a.py").read_bytes() == b"two\n"
    run(tree, "b.py", after=b"three\n")
    assert names(tree, "*.after") == []
    undo([], tree)
    undo([], tree)
    assert (tree / "a.py").read_bytes() == (tree / "b.py").read_bytes() == b"one\n"
    assert names(tree) == [".gitignore", "a.py", "b.py", "lock"]


def test_undo_clears_what_was_made(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T15: undoing the killed run removes it as well."""
    killed(tree, monkeypatch, "b.py")
    undo([], tree)
    assert names(tree) == [".gitignore", "a.py", "b.py", "lock"]


@pytest.mark.parametrize("then", ["run", "undo"])
def test_files_beside_a_source_are_removed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """T14 T15: where it was made beside the source, the next run, or undo, removes it."""
    other_file_system(monkeypatch)
    killed(tree, monkeypatch, "b.py", ".ai-usage")
    assert len(names(tree, ".*-00001.ai-usage")) == 1
    if then == "run":
        run(tree, "b.py")
        assert (tree / "b.py").read_bytes() == b"two\n"
    else:
        undo([], tree)
        assert (tree / "a.py").read_bytes() == b"one\n"
    assert names(tree, "*.ai-usage") == []


def test_only_what_is_ours_is_removed_beside_a_source(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T15: files of like names, links and folders are nobody's left-overs."""
    other_file_system(monkeypatch)
    killed(tree, monkeypatch, "b.py", ".ai-usage")
    [ours] = tree.glob(".*.ai-usage")
    ours.unlink()
    ours.symlink_to("a.py")
    other = tree / f".{'0' * 32}-00001.ai-usage"
    other.write_bytes(b"mine\n")
    run(tree, "b.py")
    assert ours.is_symlink()
    assert other.read_bytes() == b"mine\n"


@pytest.mark.parametrize("call", ["create", "sync", "move"])
def test_a_part_of_a_journal_is_cleared(
    tree: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """T15: what a run left of a journal that was not whole is removed by the next run."""

    def half(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "clear", lambda *_: None)
        if call == "create":
            (tree / ".ai-usage").mkdir()
            (tree / ".ai-usage/.gitignore").write_bytes(b"*\n")
        patch.setattr(Folder, call, half)
        with pytest.raises(Killed):
            run(tree, "a.py", "b.py")
    [part] = (tree / ".ai-usage/undo").iterdir()
    assert part.suffix == ".part"
    run(tree, "a.py")
    assert not part.exists()
    assert len(runs(tree)) == 1


def test_a_removal_that_was_cut_short_is_ended(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T15: a run that was half removed is no run any more, and its rest goes with the next run."""
    run(tree, "a.py")
    [old] = runs(tree)
    (old.folder / "run.json").unlink()
    run(tree, "b.py")
    assert len(names(tree, "*.before")) == 1
    assert [entry.path.name for entry in runs(tree)[0].entries] == ["b.py"]


def test_nothing_is_cleared_where_a_run_may_be_alive(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T15: without a lock nobody knows whether a part is in use: it stays."""
    run(tree, "a.py")
    part = tree / ".ai-usage/undo/20300101T000000000000-1.part"
    part.mkdir()
    monkeypatch.setattr(lock, "fcntl", None)
    run(tree, "b.py")
    assert part.exists()


def test_what_is_not_ours_in_a_part_stays(tree: Path) -> None:
    """T15: a file that no run makes is not removed with a part that it was put into."""
    run(tree, "a.py")
    part = tree / ".ai-usage/undo/20300101T000000000000-1.part"
    part.mkdir()
    (part / "notes.txt").write_bytes(b"mine\n")
    (part / "00000.before").write_bytes(b"one\n")
    (tree / ".ai-usage/undo/notes.part").mkdir()
    run(tree, "b.py")
    assert names(part) == ["notes.txt"]
    assert (tree / ".ai-usage/undo/notes.part").exists()


def test_a_finished_run_is_left_in_peace(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only runs that ended while they wrote are looked through."""
    run(tree, "a.py")
    looked: list[object] = []
    monkeypatch.setattr(writing, "_remove_beside", lambda *given: looked.append(given))
    run(tree, "b.py")
    assert looked == []


#: Kills a run at its first step, its second, and so on until one ends; looks at what each leaves.
EVERY_STEP = """
import os, signal, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_killed_runs import Folder, names, run, undo
from codemods.project.undo.restore import NothingToUndo
STEPS = ("create", "made", "make", "move", "open_new", "read", "remove", "remove_folder", "sync")

def killed_at(tree, step):
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = iter(range(step))
    def counted(call):
        def count(*given):
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given)
        return count
    for name in STEPS:
        setattr(Folder, name, counted(getattr(Folder, name)))
    run(tree, "a.py", "b.py")
    os._exit(0)

step = 0
while True:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("a.py", "b.py", "c.py"):
            (tree / name).write_bytes(b"one\\n")
        killed = killed_at(tree, step)
        assert {path.name for path in tree.iterdir()} <= {".ai-usage", "a.py", "b.py", "c.py"}, step
        assert (tree / "a.py").read_bytes() in (b"one\\n", b"two\\n"), step
        run(tree, "c.py")
        kept = [n for n in names(tree / ".ai-usage") if n.endswith(".after") or n == "writing"]
        assert not kept, (step, kept)
        assert not list(tree.glob(".ai-usage/undo/*.part")), step
        try:
            while undo([], tree):
                pass
        except NothingToUndo:
            pass
        assert {path.read_bytes() for path in tree.glob("*.py")} == {b"one\\n"}, step
        assert names(tree / ".ai-usage") == [".gitignore", "lock"], step
    if not killed:
        break
    step += 1
print(step)
"""


def test_killed_at_every_step() -> None:
    """T14 T15: whenever a run is killed, the next one clears up, and undo restores every byte."""
    here = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", EVERY_STEP, here],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20

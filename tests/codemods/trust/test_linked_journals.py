"""Links and other surprises where a run keeps its journal: nothing is written through them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostile import everything

from codemods.model.outcome import Changed, Failed, RunReport
from codemods.project import folders
from codemods.project.sources import decode
from codemods.project.undo import lock
from codemods.project.undo.journal import runs
from codemods.project.undo.restore import undo
from codemods.project.writing import write_changes

VICTIM = b"not yours\n"


@pytest.fixture(params=["descriptors", "paths"])
def tree(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one file to change, on systems with and without open folders."""
    if request.param == "paths":
        monkeypatch.setattr(folders, "_BY_DESCRIPTOR", False)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_bytes(b"one\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/victim").write_bytes(VICTIM)
    return tree


def run(tree: Path, name: str = "a.py", named: Path | None = None) -> object:
    """Change one file in a run that is started in *tree*; return what became of it."""
    path = tree / name
    source = decode(path, name, path.read_bytes())
    assert not isinstance(source, Failed)
    report = RunReport((Changed(source, b"two\n", ()),), 1, written=False)
    [outcome] = write_changes(report, tree, [named or tree]).outcomes
    return outcome


def refused(tree: Path) -> str:
    """Start a run in *tree*; return why it wrote nothing, anywhere."""
    elsewhere = everything(tree.parent / "elsewhere")
    outcome = run(tree)
    assert isinstance(outcome, Failed)
    assert outcome.advice
    assert (tree / "a.py").read_bytes() == b"one\n"
    assert everything(tree.parent / "elsewhere") == elsewhere
    return outcome.message


def test_a_run_is_undone(tree: Path) -> None:
    """Without surprises the run is made, and undone, in both ways of the system."""
    assert isinstance(run(tree), Changed)
    assert (tree / "a.py").read_bytes() == b"two\n"
    assert undo([], tree).restored == (tree / "a.py",)
    assert (tree / "a.py").read_bytes() == b"one\n"
    assert runs(tree) == ()


@pytest.mark.parametrize("part", [".ai-usage", ".ai-usage/undo"])
@pytest.mark.parametrize("target", ["../elsewhere", "nowhere", "."])
def test_a_linked_folder_is_not_written_to(tree: Path, part: str, target: str) -> None:
    """T12: where the journal's folder is a link the run ends before it writes anything."""
    (tree / part).parent.mkdir(exist_ok=True)
    (tree / part).symlink_to(tree.parent / target if "/" in target else target)
    assert "is a link, which is not followed" in refused(tree)


@pytest.mark.parametrize("part", [".ai-usage", ".ai-usage/undo"])
def test_a_file_in_the_place_of_a_folder(tree: Path, part: str) -> None:
    """T12: a file where the journal's folder should be is named, and stays."""
    (tree / part).parent.mkdir(exist_ok=True)
    (tree / part).write_bytes(VICTIM)
    assert "is not a folder" in refused(tree)
    assert (tree / part).read_bytes() == VICTIM


def test_a_linked_gitignore_is_left_alone(tree: Path) -> None:
    """T12: a .gitignore is made where there is none; what a link leads to is not written."""
    (tree / ".ai-usage").mkdir()
    (tree / ".ai-usage/.gitignore").symlink_to(tree.parent / "elsewhere/victim")
    assert isinstance(run(tree), Changed)
    assert (tree.parent / "elsewhere/victim").read_bytes() == VICTIM


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_file(tree: Path, kind: str) -> None:
    """T12: a lock that is a link, a pipe or a folder is neither followed nor waited for."""
    place = tree / ".ai-usage/lock"
    place.parent.mkdir()
    if kind == "link":
        place.symlink_to(tree.parent / "elsewhere/victim")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert "lock is not a regular file" in refused(tree)


def test_linked_pointers_are_not_written_to(tree: Path) -> None:
    """T12: a folder that is changed from outside is told so in itself, not through a link."""
    app = tree.parent / "app"
    (app / ".ai-usage").mkdir(parents=True)
    (app / "b.py").write_bytes(b"one\n")
    (app / ".ai-usage/started-in").symlink_to(tree.parent / "elsewhere")
    outcome = run(tree, "../app/b.py", named=app)
    assert isinstance(outcome, Failed)
    assert "link" in outcome.message
    assert list(everything(tree.parent / "elsewhere")) == ["victim"]
    assert list(everything(tree / ".ai-usage/undo")) == []


def test_a_link_out_of_the_tree_is_not_written_through(tree: Path) -> None:
    """T3 T11: a source that is a link to a file outside of what was named is left, and named."""
    (tree.parent / "elsewhere/victim.py").write_bytes(b"one\n")
    (tree / "link.py").symlink_to(tree.parent / "elsewhere/victim.py")
    outcome = run(tree, "link.py")
    assert isinstance(outcome, Failed)
    assert "a link leads out of what was named" in outcome.message
    assert (tree.parent / "elsewhere/victim.py").read_bytes() == b"one\n"
    assert isinstance(run(tree, "link.py", named=tree / "link.py"), Changed)


@pytest.mark.parametrize("folder", [".git", "sub/.git/hooks", ".hg", ".ai-usage"])
def test_version_control_is_not_written_to(tree: Path, folder: str) -> None:
    """T11: a file that git would run, or a journal, is not rewritten, even if it is named."""
    (tree / folder).mkdir(parents=True)
    (tree / folder / "a.py").write_bytes(b"one\n")
    named = tree / folder / "a.py"
    assert isinstance(run(tree, f"{folder}/a.py", named=named), Failed)
    assert isinstance(run(tree.parent / "elsewhere", str(named), named=named), Failed)
    assert (tree / folder / "a.py").read_bytes() == b"one\n"


def test_journals_are_private(tree: Path) -> None:
    """T13: what a run copies is for its user only, whatever the source's mode and the umask."""
    (tree / "a.py").chmod(0o666)
    before = os.umask(0)
    try:
        run(tree)
    finally:
        os.umask(before)
    journal = tree / ".ai-usage"
    for path in (journal, *journal.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_journal_that_others_may_write_is_made_private(tree: Path) -> None:
    """T13: a folder of the same user from a checkout is used, and closed to others."""
    (tree / ".ai-usage").mkdir()
    (tree / ".ai-usage").chmod(0o777)
    assert isinstance(run(tree), Changed)
    if folders._BY_DESCRIPTOR:
        assert stat.S_IMODE((tree / ".ai-usage").stat().st_mode) == 0o700
        assert undo([], tree).restored


def test_a_journal_of_another_user_is_not_used(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T13: a journal's folder that somebody else owns gets no copy of the sources."""
    (tree / ".ai-usage").mkdir()
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert "another user" in refused(tree)


def test_file_systems_without_locks_and_modes(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be locked or made private, a run is made and undone all the same."""
    monkeypatch.setattr(lock, "fcntl", None)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    assert isinstance(run(tree), Changed)
    for path in (tree / ".ai-usage").rglob("*"):
        path.chmod(0o777)
    for path in (tree / ".ai-usage", tree / ".ai-usage/undo"):
        path.chmod(0o700)
    assert undo([], tree).restored == (tree / "a.py",)

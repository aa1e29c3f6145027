"""Undo: the exact bytes back, or the file as it is and the reason."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.model.outcome import Changed, Failed, RunReport
from codemods.project import writing
from codemods.project.sources import decode
from codemods.project.undo import journal
from codemods.project.undo.manifest import Entry
from codemods.project.undo.restore import JournalDamaged, NothingToUndo, undo
from codemods.project.writing import Staging, write_changes


def migrate(start: Path, after: dict[Path, bytes], *named: Path) -> None:
    """Write *after* over files in a run that is started in *start*."""
    changes = []
    for path, content in after.items():
        source = decode(path, path.name, path.read_bytes())
        assert not isinstance(source, Failed)
        changes.append(Changed(source, content, ()))
    report = RunReport(tuple(changes), len(changes), written=False)
    done = write_changes(report, start, named or [start])
    assert not any(isinstance(outcome, Failed) for outcome in done.outcomes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to be migrated."""
    path = tmp_path / "app/a.py"
    path.parent.mkdir()
    path.write_bytes(b"one\n")
    return path


CONTENT = st.binary(max_size=40).filter(lambda content: b"\0" not in content).map(
    lambda content: b"# coding: latin-1\n" + content
)  # fmt: skip


@given(st.lists(st.tuples(CONTENT, CONTENT), min_size=1, max_size=4))
def test_exact_bytes(
    tmp_path_factory: pytest.TempPathFactory, contents: list[tuple[bytes, bytes]]
) -> None:
    """Whatever the bytes of the files were, undo brings back exactly those."""
    start = tmp_path_factory.mktemp("undo")
    files = {start / f"{number}.py": pair for number, pair in enumerate(contents)}
    for path, (before, _) in files.items():
        path.write_bytes(before)
    migrate(start, {path: after for path, (_, after) in files.items()})
    assert [path.read_bytes() for path in files] == [after for _, after in files.values()]
    done = undo([], start)
    assert [path.read_bytes() for path in files] == [before for before, _ in files.values()]
    changed = tuple(path for path, (before, after) in files.items() if before != after)
    assert (done.restored, done.untouched) == (changed, len(files) - len(changed))


def test_one_run_further_back(tmp_path: Path, file: Path) -> None:
    """Each undo takes back one run, the last first, until there is none."""
    migrate(tmp_path, {file: b"two\n"})
    migrate(tmp_path, {file: b"three\n"})
    undo([], tmp_path)
    assert file.read_bytes() == b"two\n"
    undo([], tmp_path)
    assert file.read_bytes() == b"one\n"
    with pytest.raises(NothingToUndo):
        undo([], tmp_path)


def test_many_runs_keep_their_order(tmp_path: Path, file: Path) -> None:
    """Runs within one second are undone in their order."""
    contents = [b"%d\n" % number for number in range(12)]
    for content in contents:
        migrate(tmp_path, {file: content})
    for content in contents[-2::-1]:
        undo([], tmp_path)
        assert file.read_bytes() == content


def test_edited_file_is_kept(tmp_path: Path, file: Path) -> None:
    """A file that was edited since is kept; its original bytes stay where undo says."""
    other = tmp_path / "b.py"
    other.write_bytes(b"b\n")
    migrate(tmp_path, {file: b"two\n", other: b"B\n"})
    file.write_bytes(b"edited\n")
    done = undo([], tmp_path)
    assert file.read_bytes() == b"edited\n"
    assert done.restored == (other,)
    assert other.read_bytes() == b"b\n"
    [edited] = done.edited
    assert (edited.path, edited.original.read_bytes()) == (file, b"one\n")
    with pytest.raises(NothingToUndo):
        undo([], tmp_path)


def test_removed_file_is_not_made_anew(tmp_path: Path, file: Path) -> None:
    """A file that was removed since counts as edited."""
    migrate(tmp_path, {file: b"two\n"})
    file.unlink()
    assert [edited.path for edited in undo([], tmp_path).edited] == [file]
    assert not file.exists()


def test_killed_run(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was killed between two files is undone: one is put back, one is as it was."""
    second = tmp_path / "b.py"
    second.write_bytes(b"b\n")
    overwrite = writing.overwrite

    def killed(entry: Entry, content: bytes, expected: str, staging: Staging) -> None:
        if entry.path == second:
            raise KeyboardInterrupt
        overwrite(entry, content, expected, staging)

    monkeypatch.setattr(writing, "overwrite", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate(tmp_path, {file: b"two\n", second: b"B\n"})
    assert (file.read_bytes(), second.read_bytes()) == (b"two\n", b"b\n")
    done = undo([], tmp_path)
    assert (done.restored, done.untouched) == ((file,), 1)
    assert (file.read_bytes(), second.read_bytes()) == (b"one\n", b"b\n")


def test_unfinished_journal_is_no_run(tmp_path: Path, file: Path) -> None:
    """What a run left that was killed while it wrote its journal is passed over."""
    migrate(tmp_path, {file: b"two\n"})
    (tmp_path / ".ai-usage/undo/20300101T000000-1.part").mkdir()
    undo([], tmp_path)
    assert file.read_bytes() == b"one\n"


def test_failed_undo_can_be_repeated(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure the run stays in the journal, and the next undo finishes it."""
    migrate(tmp_path, {file: b"two\n"})

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("codemods.project.folders.Folder.open_new", full)
        [failure] = undo([], tmp_path).failed
    assert "no space" in failure.message
    assert undo([], tmp_path).restored == (file,)
    assert file.read_bytes() == b"one\n"


def test_damaged_original(tmp_path: Path, file: Path) -> None:
    """Original bytes that are damaged are not written."""
    migrate(tmp_path, {file: b"two\n"})
    [run] = journal.runs(tmp_path)
    run.entries[0].stored.write_bytes(b"else\n")
    [failure] = undo([], tmp_path).failed
    assert "damaged" in failure.message
    assert file.read_bytes() == b"two\n"


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"started": 1, "files": [{}]}'])
def test_damaged_journal(tmp_path: Path, file: Path, manifest: str) -> None:
    """A journal that cannot be read is an error of its own."""
    migrate(tmp_path, {file: b"two\n"})
    [run] = journal.runs(tmp_path)
    (run.folder / "run.json").write_text(manifest)
    with pytest.raises(JournalDamaged):
        undo([], tmp_path)


def test_mode_and_link_stay(tmp_path: Path, file: Path) -> None:
    """Undo writes through a link and keeps the mode, like the run itself."""
    link = tmp_path / "link.py"
    link.symlink_to("app/a.py")
    file.chmod(0o700)
    migrate(tmp_path, {link: b"two\n"})
    undo([], tmp_path)
    assert link.is_symlink()
    assert file.read_bytes() == b"one\n"
    assert file.stat().st_mode & 0o777 == 0o700


def test_moved_start_folder_has_no_say(tmp_path: Path, file: Path) -> None:
    """Without a path only the journal of the folder itself counts."""
    migrate(tmp_path, {file: b"two\n"})
    with pytest.raises(NothingToUndo, match=r"no run was started"):
        undo([], file.parent)


@pytest.mark.parametrize("path", [".", "app", "app/a.py"])
def test_path_below_the_start_folder(tmp_path: Path, file: Path, path: str) -> None:
    """With a path, from anywhere: the last run that changed something in it."""
    migrate(tmp_path, {file: b"two\n"})
    undo([tmp_path / path], Path("/"))
    assert file.read_bytes() == b"one\n"


def test_path_picks_the_run(tmp_path: Path, file: Path) -> None:
    """A later run that changed nothing in the path stays; the run is undone whole."""
    beside, last = tmp_path / "b.py", tmp_path / "c.py"
    beside.write_bytes(b"b\n")
    last.write_bytes(b"c\n")
    migrate(tmp_path, {file: b"two\n", beside: b"B\n"})
    migrate(tmp_path, {last: b"C\n"})
    undo([file.parent], tmp_path)
    assert (file.read_bytes(), beside.read_bytes()) == (b"one\n", b"b\n")
    assert last.read_bytes() == b"C\n"
    undo([], tmp_path)
    assert last.read_bytes() == b"c\n"


def test_run_started_elsewhere(tmp_path: Path, file: Path) -> None:
    """A run that was started in another folder is found with its path, from anywhere."""
    start = tmp_path / "start"
    start.mkdir()
    migrate(start, {file: b"two\n"}, file.parent)
    undo([file.parent], Path("/"))
    assert file.read_bytes() == b"one\n"


def test_run_started_below_the_path(tmp_path: Path, file: Path) -> None:
    """A run that was started in a folder below the path is found too."""
    migrate(file.parent, {file: b"two\n"})
    undo([tmp_path], Path("/"))
    assert file.read_bytes() == b"one\n"


def test_path_without_a_run(tmp_path: Path, file: Path) -> None:
    """A path in which no run changed anything is an error that names it."""
    migrate(tmp_path, {file: b"two\n"})
    (tmp_path / "other").mkdir()
    with pytest.raises(NothingToUndo, match="other"):
        undo([tmp_path / "other"], tmp_path)
    assert file.read_bytes() == b"two\n"


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A file whose name is no text can be undone."""
    path = tmp_path / os.fsdecode(b"\xff.py")
    path.write_bytes(b"one\n")
    migrate(tmp_path, {path: b"two\n"})
    undo([], tmp_path)
    assert path.read_bytes() == b"one\n"

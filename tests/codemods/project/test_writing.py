"""Writes: whole, only over what was read, and the journal first."""

import errno
import os
from pathlib import Path

import pytest

from codemods.model.outcome import Changed, Failed, RunReport, Untouched
from codemods.project.folders import Folder
from codemods.project.sources import decode
from codemods.project.undo import journal
from codemods.project.undo.journal import Journal
from codemods.project.undo.manifest import Run
from codemods.project.writing import write_changes


def change(path: Path, after: bytes) -> Changed:
    """Return the change of *path* from what it holds to *after*."""
    source = decode(path, path.name, path.read_bytes())
    assert not isinstance(source, Failed)
    return Changed(source, after, ())


def report(*outcomes: Changed | Untouched) -> RunReport:
    """Return a report of *outcomes* that are not written yet."""
    return RunReport(outcomes, len(outcomes), written=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to be changed."""
    path = tmp_path / "a.py"
    path.write_bytes(b"before\r\n")
    return path


def write(folder: Path, *changes: Changed) -> tuple[object, ...]:
    """Write *changes* in a run that is started in *folder*; return the outcomes."""
    done = write_changes(report(*changes), folder, [folder])
    assert done.written
    return done.outcomes


def only_failure(outcomes: tuple[object, ...]) -> Failed:
    """Return the one outcome, a failed write."""
    [failed] = outcomes
    assert isinstance(failed, Failed)
    assert failed.stage == "write"
    assert failed.advice
    return failed


def temporaries(folder: Path) -> list[Path]:
    """Return what a write of a.py left behind."""
    return [path for path in folder.iterdir() if path.name.startswith(".a.py")]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Let a method of open folders, or a call of the system, fail with *code*."""

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"codemods.project.folders.{name}", fail)


def test_write(tmp_path: Path, file: Path) -> None:
    """A change is on disk afterwards, byte for byte, and nothing else is left beside it."""
    outcomes = write(tmp_path, change(file, b"after\r\n"))
    assert [type(outcome) for outcome in outcomes] == [Changed]
    assert file.read_bytes() == b"after\r\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".ai-usage", "a.py"]


def test_journal_stays_out_of_version_control(tmp_path: Path, file: Path) -> None:
    """The journal's folder ignores itself."""
    write(tmp_path, change(file, b"after\n"))
    assert (tmp_path / ".ai-usage/.gitignore").read_text() == "*\n"


def test_nothing_to_write(tmp_path: Path) -> None:
    """A run without changes leaves no journal."""
    done = write_changes(report(Untouched("a.py")), tmp_path, [tmp_path])
    assert done.outcomes == (Untouched("a.py"),)
    assert list(tmp_path.iterdir()) == []


def test_mode_is_kept(tmp_path: Path, file: Path) -> None:
    """The mode bits of a file survive its being replaced."""
    file.chmod(0o751)
    write(tmp_path, change(file, b"after\n"))
    assert file.stat().st_mode & 0o7777 == 0o751


def test_link_stays_a_link(tmp_path: Path, file: Path) -> None:
    """Writing through a link changes its target, and the link stays."""
    link = tmp_path / "link.py"
    link.symlink_to("a.py")
    write(tmp_path, change(link, b"after\n"))
    assert link.is_symlink()
    assert file.read_bytes() == b"after\n"


def test_file_that_changed_meanwhile(tmp_path: Path, file: Path) -> None:
    """A file that is no longer what was read is left alone, and named."""
    pending = change(file, b"after\n")
    file.write_bytes(b"edited\n")
    assert "changed while" in only_failure(write(tmp_path, pending)).message
    assert file.read_bytes() == b"edited\n"
    assert temporaries(tmp_path) == []
    assert journal.runs(tmp_path) == ()


def test_file_that_went_away(tmp_path: Path, file: Path) -> None:
    """A file that is gone is not made anew."""
    pending = change(file, b"after\n")
    file.unlink()
    assert "gone" in only_failure(write(tmp_path, pending)).message
    assert not file.exists()


def test_read_only_file(tmp_path: Path, file: Path) -> None:
    """A file without write permission is left alone, also when the superuser runs us."""
    file.chmod(0o444)
    assert "read-only" in only_failure(write(tmp_path, change(file, b"after\n"))).message
    assert file.read_bytes() == b"before\r\n"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("Folder.open_new", errno.EROFS),
        ("Folder.move", errno.EACCES),
        ("os.fsync", errno.ENOSPC),
    ],
)
def test_folder_that_takes_no_file(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """A read-only folder or a full disk leaves the file as it was, and nothing beside it."""
    pending = change(file, b"after\n")
    # The journal syncs too; let it, and fail for the file only.
    begin = Journal.begin

    def begin_then_refuse(*arguments: object) -> Run:
        run = begin(*arguments)  # type: ignore[arg-type]
        refuse(monkeypatch, call, code)
        return run

    monkeypatch.setattr(Journal, "begin", begin_then_refuse)
    assert os.strerror(code).lower() in only_failure(write(tmp_path, pending)).message
    assert file.read_bytes() == b"before\r\n"
    assert temporaries(tmp_path) == []


def test_others_go_on(tmp_path: Path, file: Path) -> None:
    """A file that cannot be written does not keep the others from being written."""
    other = tmp_path / "b.py"
    other.write_bytes(b"x\n")
    pending = [change(file, b"after\n"), change(other, b"y\n")]
    file.write_bytes(b"edited\n")
    outcomes = write(tmp_path, *pending)
    assert [type(outcome) for outcome in outcomes] == [Failed, Changed]
    assert other.read_bytes() == b"y\n"


def test_no_journal_no_write(tmp_path: Path, file: Path) -> None:
    """Where the journal cannot be written no file is touched."""
    (tmp_path / ".ai-usage").write_text("in the way")
    assert "journal" in only_failure(write(tmp_path, change(file, b"after\n"))).message
    assert file.read_bytes() == b"before\r\n"


def test_journal_before_the_first_write(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the first file is replaced the journal is complete: a killed run can be undone."""
    seen: list[bytes] = []
    move = Folder.move

    def killed(maker: Folder, name: str, target: Folder, new: str) -> None:
        move(maker, name, target, new)
        if new == file.name:
            seen.extend(path.read_bytes() for path in tmp_path.glob(".ai-usage/undo/0*/*.before"))
            raise KeyboardInterrupt

    monkeypatch.setattr(Folder, "move", killed)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, change(file, b"after\n"))
    assert seen == [b"before\r\n"]


def test_journal_is_whole_or_absent(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that could not be finished leaves nothing behind, and no file is touched."""

    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Journal, "_publish", fail)
    assert "no space" in only_failure(write(tmp_path, change(file, b"after\n"))).message
    assert list((tmp_path / ".ai-usage/undo").iterdir()) == []
    assert file.read_bytes() == b"before\r\n"

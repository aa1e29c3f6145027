"""Files that are links, read-only, out of reach, changing, or half of a run that was killed."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tool import LEGACY, MIGRATED, ROOT, contents, environment, migrate_command

from tests.warm import run_command

if TYPE_CHECKING:
    import subprocess

#: Migrates, but something happens right after the files were analysed.
MEANWHILE = """
import os, signal, sys
from pathlib import Path
from codemods import migrate
from codemods.runner import pipeline
def interrupted(options, config, files, progress):
    report = pipeline.migrate(options, config, files, progress)
    {event}
    return report
sys.exit(migrate.main(sys.argv[1:], interrupted))
"""
#: Migrates, where the system denies one name to whoever asks (it denies the superuser nothing).
GUARDED = """
import os, sys
from codemods import migrate
def guarded(call):
    def guard(path, *others, **named):
        if os.path.basename(path) == {name!r}:
            raise PermissionError(13, "Permission denied", path)
        return call(path, *others, **named)
    return guard
os.open, os.scandir = guarded(os.open), guarded(os.scandir)
sys.exit(migrate.main(sys.argv[1:]))
"""
#: Migrates, and is killed after the first of the files was written.
KILLED = """
import os, signal, sys
from codemods import migrate
from codemods.project import writing
write = writing.overwrite
def once(*arguments):
    write(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
writing.overwrite = once
sys.exit(migrate.main(sys.argv[1:]))
"""


def run_program(program: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run *program* on *folder*, in it."""
    command = [sys.executable, "-c", program, "."]
    return run_command(command, folder, environment())


def legacy_files(folder: Path, *names: str) -> None:
    """Write a legacy module under each of *names*."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(LEGACY)


# -- links --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["aa_link.py", "zz_link.py"])
def test_link_and_target_are_one_file(tmp_path: Path, name: str) -> None:
    """A file that a link leads to is migrated once, under its own name; the link stays a link."""
    legacy_files(tmp_path, "receipts.py")
    (tmp_path / name).symlink_to("receipts.py")
    done = migrate_command(tmp_path, ".")
    assert done.status == 0, done.said
    assert "1 changed (1 rewrite)" in done.said
    assert name not in done.said
    assert (tmp_path / name).is_symlink()
    assert (tmp_path / "receipts.py").read_text() == MIGRATED


def test_named_link_is_written_through(tmp_path: Path) -> None:
    """A link that is named changes its target, wherever that is, and undo restores the target."""
    legacy_files(tmp_path, "elsewhere/receipts.py")
    project = tmp_path / "project"
    project.mkdir()
    (project / "link.py").symlink_to(tmp_path / "elsewhere" / "receipts.py")
    assert migrate_command(project, "link.py").status == 0
    assert (project / "link.py").is_symlink()
    assert (tmp_path / "elsewhere" / "receipts.py").read_text() == MIGRATED
    assert migrate_command(project, "--undo").status == 0
    assert (tmp_path / "elsewhere" / "receipts.py").read_text() == LEGACY


def test_two_paths_to_one_folder(tmp_path: Path) -> None:
    """A folder that is named twice, or through a link, is walked once."""
    legacy_files(tmp_path, "app/receipts.py")
    (tmp_path / "link").symlink_to("app")
    done = migrate_command(tmp_path, "app", "link", "app/receipts.py")
    assert done.status == 0
    assert "1 file scanned: 1 changed" in done.said


@pytest.mark.parametrize("target", ["missing.py", "loop.py", "."])
def test_link_to_nowhere_is_passed_over(tmp_path: Path, target: str) -> None:
    """A broken link, a link to itself, and a link to its own folder do not disturb the run."""
    legacy_files(tmp_path, "receipts.py")
    (tmp_path / "loop.py").symlink_to(target)
    assert migrate_command(tmp_path, ".").status == 0
    assert (tmp_path / "receipts.py").read_text() == MIGRATED


# -- permissions --------------------------------------------------------------------


def test_read_only_file_is_left_and_named(tmp_path: Path) -> None:
    """A read-only file is not replaced, although its folder would allow it; the others go on."""
    legacy_files(tmp_path, "locked.py", "receipts.py")
    (tmp_path / "locked.py").chmod(0o444)
    done = migrate_command(tmp_path, ".")
    assert done.status == 2
    assert "locked.py: failed to write: the file is read-only" in done.said
    assert (tmp_path / "locked.py").read_text() == LEGACY
    assert (tmp_path / "receipts.py").read_text() == MIGRATED


def test_read_only_file_may_be_looked_at(tmp_path: Path) -> None:
    """--check needs no permission to write."""
    legacy_files(tmp_path, "locked.py")
    (tmp_path / "locked.py").chmod(0o444)
    assert migrate_command(tmp_path, "--check", ".").status == 1


@pytest.mark.parametrize("mode", [0o755, 0o640, 0o600])
def test_permissions_are_kept(tmp_path: Path, mode: int) -> None:
    """The rewritten file has the mode it had, and has it again after undo."""
    legacy_files(tmp_path, "receipts.py")
    (tmp_path / "receipts.py").chmod(mode)
    migrate_command(tmp_path, ".")
    assert stat.S_IMODE((tmp_path / "receipts.py").stat().st_mode) == mode
    migrate_command(tmp_path, "--undo")
    assert stat.S_IMODE((tmp_path / "receipts.py").stat().st_mode) == mode


@pytest.mark.parametrize("name", ["secret.py", "secret"])
def test_unreadable_path_is_named(tmp_path: Path, name: str) -> None:
    """A file or folder that may not be read is named with what to do; the others go on."""
    legacy_files(tmp_path, "receipts.py", name if name.endswith(".py") else f"{name}/a.py")
    done = run_program(GUARDED.format(name=name), tmp_path)
    assert done.returncode == 2
    assert f"{name}: failed to read: ".encode() in done.stdout
    assert b"Give yourself permission" in done.stdout
    assert (tmp_path / "receipts.py").read_text() == MIGRATED


# -- the world changes --------------------------------------------------------------

EVENTS = {
    "edited": "Path('other.py').write_text('x = 1')",
    "removed": "Path('other.py').unlink()",
    "now_a_folder": "Path('other.py').unlink(); Path('other.py').mkdir()",
    "now_read_only": "Path('other.py').chmod(0o444)",
}


@pytest.mark.parametrize("name", EVENTS)
def test_file_that_changes_meanwhile_is_kept(tmp_path: Path, name: str) -> None:
    """What another program did to a file while the run was under way is never overwritten."""
    legacy_files(tmp_path, "other.py", "receipts.py")
    done = run_program(MEANWHILE.format(event=EVENTS[name]), tmp_path)
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"other.py: failed to write: " in done.stdout
    assert (tmp_path / "receipts.py").read_text() == MIGRATED
    if name == "edited":
        assert (tmp_path / "other.py").read_text() == "x = 1"
    if name == "removed":
        assert not (tmp_path / "other.py").exists()


def test_kill_after_the_first_file_can_be_undone(tmp_path: Path) -> None:
    """A run that is killed between two files leaves whole files, and undo restores all bytes."""
    legacy_files(tmp_path, "a.py", "b.py", "c.py")
    before = contents(tmp_path)
    assert run_program(KILLED, tmp_path).returncode == -9
    between = contents(tmp_path)
    assert sorted(between.values()) == sorted([MIGRATED.encode(), *[LEGACY.encode()] * 2])
    assert migrate_command(tmp_path, "--undo").status == 0
    assert contents(tmp_path) == before


def test_kill_before_the_first_file_changes_nothing(tmp_path: Path) -> None:
    """A run that is killed before it writes leaves nothing behind, and nothing to undo."""
    legacy_files(tmp_path, "a.py")
    program = MEANWHILE.format(event="os.kill(os.getpid(), signal.SIGKILL)")
    assert run_program(program, tmp_path).returncode == -9
    assert contents(tmp_path) == {"a.py": LEGACY.encode()}
    assert migrate_command(tmp_path, "--undo").status == 2


def test_run_after_a_kill_finishes_the_work(tmp_path: Path) -> None:
    """After a kill the command can simply be started again; no temporary file is taken up."""
    legacy_files(tmp_path, "a.py", "b.py")
    run_program(KILLED, tmp_path)
    assert migrate_command(tmp_path, ".").status == 0
    assert set(contents(tmp_path).values()) == {MIGRATED.encode()}
    assert sorted(contents(tmp_path)) == ["a.py", "b.py"]


def test_this_package_is_the_one_under_test() -> None:
    """The processes of these tests run this checkout."""
    assert environment()["PYTHONPATH"] == str(ROOT)

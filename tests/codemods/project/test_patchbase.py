"""Where the patch of a run applies."""

import subprocess
from pathlib import Path

import pytest

from codemods.model.outcome import Changed
from codemods.model.source import SourceFile
from codemods.project.patchbase import patch_base
from codemods.report.diff import unified


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file, two folders deep."""
    path = tmp_path / "project/pkg/a.py"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x\n")
    (tmp_path / "project/other").mkdir()
    return path


def apply_in(folder: Path, file: Path, base: Path) -> bytes:
    """Apply a patch that is relative to *base* in *folder*; return what *file* holds then."""
    source = SourceFile(file, "a.py", b"x\n", "x\n", "utf-8", False, "\n", "")
    patch = unified([Changed(source, b"y\n", ())], base)
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, check=True)
    return file.read_bytes()


def test_in_the_start_folder(tmp_path: Path, file: Path) -> None:
    """Outside of a repository the patch applies in the folder where the run was started."""
    base = patch_base([file], [Path("project")], tmp_path)
    assert base == tmp_path
    assert apply_in(tmp_path, file, base) == b"y\n"


@pytest.mark.parametrize("start", ["project", "project/pkg"])
def test_in_a_repository(tmp_path: Path, file: Path, start: str) -> None:
    """In a repository it applies both at the root and in the folder where the run was started."""
    subprocess.run(["git", "init", "-q", tmp_path / "project"], check=True)
    base = patch_base([file], [Path()], tmp_path / start)
    assert apply_in(tmp_path / start, file, base) == b"y\n"
    file.write_bytes(b"x\n")
    assert apply_in(tmp_path / "project", file, base) == b"y\n"


def test_named_folder_elsewhere(tmp_path: Path, file: Path) -> None:
    """For files that are not below the start folder it applies in the folder that was named."""
    start = tmp_path / "project/other"
    base = patch_base([file], [tmp_path / "project"], start)
    assert base == tmp_path / "project"
    assert apply_in(base, file, base) == b"y\n"


def test_repository_elsewhere(tmp_path: Path, file: Path) -> None:
    """If the named folder is in a repository it applies at that repository's root."""
    subprocess.run(["git", "init", "-q", tmp_path / "project"], check=True)
    (tmp_path / "start").mkdir()
    base = patch_base([file], [Path("../project/pkg")], tmp_path / "start")
    assert base == tmp_path / "project"


def test_files_far_apart(tmp_path: Path, file: Path) -> None:
    """Files in several places apply in the deepest folder that holds them all."""
    other = tmp_path / "project/other/b.py"
    base = patch_base([file, other], [file, other], tmp_path / "start")
    assert base == tmp_path / "project"

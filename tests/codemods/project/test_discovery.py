"""Which files a run takes."""

import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from codemods.model.outcome import Failed
from codemods.project.discovery import DiscoveredFile, discover
from codemods.project.ignore.gitignore import ignored, rules_from
from tests.discovery import differences


def lay_out(root: Path, *files: str, **contents: str) -> None:
    """Make empty *files*, and files with *contents*, in *root*."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("")
    for name, content in contents.items():
        (root / name).write_text(content)


def taken(root: Path, *paths: str | Path) -> list[str]:
    """Return how the files are shown that a run in *root* takes."""
    found = discover([Path(path) for path in paths or ["."]], root)
    return [file.display for file in found if isinstance(file, DiscoveredFile)]


def failures(root: Path, *paths: str) -> list[Failed]:
    """Return the failures of a run in *root*."""
    return [item for item in discover(map(Path, paths), root) if isinstance(item, Failed)]


def ignore_file(folder: Path, *patterns: str) -> None:
    """Write a .gitignore with *patterns*."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("\n".join(patterns) + "\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder that is a new git repository."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def test_python_files_of_a_folder(tmp_path: Path) -> None:
    """In a folder only *.py and *.pyi are taken, at every depth."""
    lay_out(tmp_path, "a.py", "b.pyi", "c.txt", "d.pyc", "pkg/e.py", "pkg/.hidden/f.py", "py")
    assert taken(tmp_path) == ["a.py", "b.pyi", "pkg/e.py", "pkg/.hidden/f.py"]


def test_order_does_not_depend_on_the_file_system(tmp_path: Path) -> None:
    """Files come sorted by name, those of a folder before those of its folders."""
    lay_out(tmp_path, "z.py", "m/b.py", "m/a.py", "B.py", "a.py", "c/x.py")
    assert taken(tmp_path) == ["B.py", "a.py", "z.py", "c/x.py", "m/a.py", "m/b.py"]


def test_paths_are_absolute(tmp_path: Path) -> None:
    """A file carries its absolute path beside the name for the reports."""
    lay_out(tmp_path, "pkg/a.py")
    assert list(discover([Path("pkg")], tmp_path)) == [
        DiscoveredFile(str(tmp_path / "pkg/a.py"), "pkg/a.py")
    ]


def test_named_file_needs_no_suffix(tmp_path: Path) -> None:
    """A file that is named is taken whatever it is called."""
    lay_out(tmp_path, "bin/tool")
    assert taken(tmp_path, "bin/tool") == ["bin/tool"]


def test_names_outside_the_start_folder(tmp_path: Path) -> None:
    """A path outside the start folder is shown as it was named: relative or absolute."""
    lay_out(tmp_path, "here/a.py", "there/b.py")
    here = tmp_path / "here"
    assert taken(here, "../there") == ["../there/b.py"]
    assert taken(here, tmp_path / "there") == [f"{tmp_path}/there/b.py"]
    assert taken(here, here) == ["a.py"]


def test_each_file_once(tmp_path: Path) -> None:
    """A file that several paths lead to is taken once."""
    lay_out(tmp_path, "pkg/a.py", "pkg/b.py")
    assert taken(tmp_path, "pkg/b.py", "pkg", "./pkg/../pkg", ".") == ["pkg/b.py", "pkg/a.py"]


def test_link_and_target_once(tmp_path: Path) -> None:
    """Of a link and its target the target is taken, also if the link's name sorts first."""
    lay_out(tmp_path, "z.py", "pkg/m.py")
    (tmp_path / "a.py").symlink_to("z.py")
    (tmp_path / "apkg").symlink_to("pkg")
    assert taken(tmp_path) == ["z.py", "pkg/m.py"]


def test_link_to_a_file_elsewhere(tmp_path: Path) -> None:
    """A link whose target is not in the folder is taken under its own name."""
    lay_out(tmp_path, "here/b.py", "there/t.py", "there/sub/s.py")
    (tmp_path / "here/link.py").symlink_to("../there/t.py")
    (tmp_path / "here/sub").symlink_to("../there/sub")
    assert taken(tmp_path / "here") == ["b.py", "link.py", "sub/s.py"]


def test_link_loops_end(tmp_path: Path) -> None:
    """Links to themselves, to a folder above and to nothing are passed over."""
    lay_out(tmp_path, "pkg/a.py", "outside.py")
    (tmp_path / "pkg/up").symlink_to("..")
    (tmp_path / "pkg/self").symlink_to("self")
    (tmp_path / "pkg/here").symlink_to(".")
    (tmp_path / "pkg/gone.py").symlink_to("nothing.py")
    assert taken(tmp_path, "pkg") == ["pkg/a.py"]


def test_folders_without_source(tmp_path: Path) -> None:
    """Folders of tools and virtual environments are not walked, by whatever name they go."""
    lay_out(tmp_path, "a.py", ".git/h.py", "__pycache__/x.py", "node_modules/n.py", ".venv/v.py")
    lay_out(tmp_path, "env/pyvenv.cfg", "env/lib/site.py", ".ai-usage/undo/u.py")
    assert taken(tmp_path) == ["a.py"]


def test_named_folder_is_walked_whatever_it_is(tmp_path: Path) -> None:
    """A tool's folder or a virtual environment that is named is walked."""
    lay_out(tmp_path, ".venv/pyvenv.cfg", ".venv/lib/v.py", "__pycache__/x.py")
    ignore_file(tmp_path / ".venv", "# made by venv", "*")
    assert taken(tmp_path, ".venv", "__pycache__") == [".venv/lib/v.py", "__pycache__/x.py"]


def test_site_packages_by_name(repository: Path) -> None:
    """What is named is taken even where a folder above it ignores it."""
    ignore_file(repository, ".venv/", "*.gen.py")
    lay_out(repository, ".venv/lib/python3.11/site-packages/a.py", "own.py")
    site = ".venv/lib/python3.11/site-packages"
    assert taken(repository, site) == [f"{site}/a.py"]
    assert taken(repository) == ["own.py"]


def test_environment_that_ignores_itself_by_name(repository: Path) -> None:
    """An environment is walked that is named, though only its own .gitignore leaves it out."""
    lay_out(repository, "env/pyvenv.cfg", "env/lib/v.py", "own.py")
    ignore_file(repository / "env", "*")
    assert taken(repository, "env") == ["env/lib/v.py"]
    assert taken(repository) == ["own.py"]


def test_repository_that_ignores_everything(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a repository whose root ignores all files, only the tracked ones are taken."""
    lay_out(repository, "a.py", "b.py")
    ignore_file(repository, "*")
    subprocess.run(["git", "add", "-f", "a.py"], cwd=repository, check=True)
    assert taken(repository) == ["a.py"]
    monkeypatch.setenv("PATH", "")
    assert taken(repository) == []


def test_ignored_file_by_name(repository: Path) -> None:
    """A file that is named is taken even if it is ignored."""
    ignore_file(repository, "*.py")
    lay_out(repository, "a.py", "b.py")
    assert taken(repository, "a.py", ".") == ["a.py"]


def test_ignore_files_at_every_level(repository: Path) -> None:
    """The innermost .gitignore with a matching pattern decides; anchors are its own folder's."""
    ignore_file(repository, "*_gen.py", "/top.py", "build/", "docs/**/x.py")
    ignore_file(repository / "pkg", "!kept_gen.py", "local.py")
    lay_out(repository, "top.py", "pkg/top.py", "pkg/a_gen.py", "pkg/kept_gen.py", "pkg/local.py")
    lay_out(repository, "build/b.py", "pkg/build/b.py", "docs/p/q/x.py", "local.py")
    assert taken(repository) == ["local.py", "pkg/kept_gen.py", "pkg/top.py"]


def test_ignore_files_above_the_named_folder(repository: Path) -> None:
    """The rules of the repository count in a folder of it that is named."""
    ignore_file(repository, "*_gen.py", "/pkg/sub/no.py")
    lay_out(repository, "pkg/sub/a_gen.py", "pkg/sub/no.py", "pkg/sub/yes.py")
    assert taken(repository, "pkg/sub") == ["pkg/sub/yes.py"]
    assert taken(repository / "pkg", "sub") == ["sub/yes.py"]


def test_ignore_files_above_the_repository(repository: Path) -> None:
    """A .gitignore above the repository's root says nothing about it."""
    ignore_file(repository, "*.py")
    inner = repository / "inner"
    subprocess.run(["git", "init", "-q", inner], check=True)
    lay_out(inner, "a.py")
    assert taken(inner) == ["a.py"]


def test_repository_in_a_repository(repository: Path) -> None:
    """In a repository inside a repository only its own rules count."""
    ignore_file(repository, "a.py")
    inner = repository / "inner"
    subprocess.run(["git", "init", "-q", inner], check=True)
    ignore_file(inner, "b.py")
    lay_out(repository, "a.py", "b.py", "inner/a.py", "inner/b.py")
    assert taken(repository) == ["b.py", "inner/a.py"]


def test_private_excludes(repository: Path) -> None:
    """The repository's .git/info/exclude counts, and a .gitignore overrides it."""
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text("*.py\n")
    ignore_file(repository, "!b.py")
    lay_out(repository, "a.py", "b.py", "sub/b.py")
    assert taken(repository) == ["b.py", "sub/b.py"]
    assert taken(repository, "sub") == ["sub/b.py"]


def test_private_excludes_of_a_worktree(repository: Path) -> None:
    """A worktree, whose .git is a file, has the excludes of its repository."""
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(repository / "tree")], check=True)
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text("secret.py\n")
    lay_out(repository / "tree", "a.py", "secret.py")
    assert taken(repository / "tree") == ["a.py"]


def test_ignore_file_without_a_repository(tmp_path: Path) -> None:
    """Without a repository the rules count from the start folder down."""
    ignore_file(tmp_path, "a.py")
    lay_out(tmp_path, "pkg/a.py", "pkg/b.py")
    assert taken(tmp_path, "pkg") == ["pkg/b.py"]


def test_patterns_that_git_passes_over(tmp_path: Path) -> None:
    """A pattern that is no pattern is passed over, and the others count."""
    ignore_file(tmp_path, "!", "/", "a.py", "  ", "\ufeff")
    lay_out(tmp_path, "a.py", "b.py")
    assert taken(tmp_path) == ["b.py"]


def test_ignore_file_that_is_a_folder(tmp_path: Path) -> None:
    """A .gitignore that cannot be read ignores nothing."""
    lay_out(tmp_path, "a.py", ".gitignore/b.py")
    assert taken(tmp_path) == ["a.py", ".gitignore/b.py"]


def test_configured_excludes(repository: Path) -> None:
    """The configuration's patterns leave out as well; they cannot take ignored files back."""
    ignore_file(repository, "a.py")
    lay_out(repository, "a.py", "b.py", "gen/c.py", "c.py")
    rules = rules_from(["gen/", "b.py", "!a.py"], str(repository))
    found = discover([Path()], repository, partial(ignored, (rules,)))
    assert [file.display for file in found if isinstance(file, DiscoveredFile)] == ["c.py"]


def test_missing_path(tmp_path: Path) -> None:
    """A path that is not there is a failure, and the others are taken."""
    lay_out(tmp_path, "a.py")
    assert taken(tmp_path, "gone", "a.py") == ["a.py"]
    [failure] = failures(tmp_path, "gone", "a.py")
    assert (failure.path, failure.stage) == ("gone", "read")
    assert "no such file" in failure.message


def test_device(tmp_path: Path) -> None:
    """Something that is neither file nor folder is a failure, not a run that waits for it."""
    os.mkfifo(tmp_path / "pipe.py")
    [failure] = failures(tmp_path, "pipe.py")
    assert "neither a file nor a folder" in failure.message
    assert taken(tmp_path) == []


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be read is a failure, and the run goes on."""
    lay_out(tmp_path, "a/x.py", "locked/y.py", "z/z.py")
    scandir = os.scandir

    def refuse(path: str) -> "os._ScandirIterator[str]":
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert taken(tmp_path) == ["a/x.py", "z/z.py"]
    [failure] = failures(tmp_path, ".")
    assert (failure.path, failure.stage) == ("locked", "read")
    assert "permission denied" in failure.message


def test_names_that_no_terminal_can_show(tmp_path: Path) -> None:
    """Control characters and bytes that are no text are escaped in the reports."""
    (tmp_path / "a\nb.py").write_text("")
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.py", os.O_CREAT))
    assert taken(tmp_path) == ["a\\nb.py", "\\udcff.py"]


@pytest.mark.parametrize("seed", range(2))
def test_same_as_git(seed: int) -> None:
    """On random trees with random ignore files we take what git lists, with git and without."""
    assert differences(60, seed) == []


def told(root: Path, *paths: str) -> list[str]:
    """Return what a run in *root* tells beside its files."""
    said: list[str] = []
    list(discover([Path(path) for path in paths or ["."]], root, tell=said.append))
    return said


def test_tracked_files_are_taken(repository: Path) -> None:
    """A tracked file is the project's, ignored or not; a deleted one is passed over."""
    ignore_file(repository, "gen/")
    lay_out(repository, "gen/kept.py", "gen/other.py", "gone.py")
    subprocess.run(["git", "add", "-f", "gen/kept.py", "gone.py"], cwd=repository, check=True)
    (repository / "gone.py").unlink()
    assert taken(repository) == ["gen/kept.py"]
    assert told(repository) == []


def test_programs_of_a_repository_are_not_run(repository: Path, tmp_path: Path) -> None:
    """Listing files runs no program that the configuration of the repository names."""
    program = repository / ".git/evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor"):
        subprocess.run(["git", "config", key, str(program)], cwd=repository, check=True)
    (repository / ".git/hooks").mkdir(exist_ok=True)
    (repository / ".git/hooks/post-index-change").symlink_to(program)
    lay_out(repository, "a.py", "sub/b.py")
    assert taken(repository) == ["a.py", "sub/b.py"]
    assert taken(repository, "sub") == ["sub/b.py"]
    assert not (tmp_path / "ran").exists()


def test_repository_of_the_environment(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of git, which names its repository in the environment, may start a run anywhere."""
    lay_out(repository, "a.py")
    other = tmp_path_factory.mktemp("other")
    subprocess.run(["git", "init", "-q", other], check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert taken(repository) == ["a.py"]


def test_index_that_leads_beyond_a_link(repository: Path) -> None:
    """An index names files behind a link: they are not in the folder, and not taken."""
    outside = repository.parent / f"{repository.name}-outside"
    lay_out(outside, "x.py")
    lay_out(repository, "pkg/x.py", "a.py")
    subprocess.run(["git", "add", "pkg/x.py"], cwd=repository, check=True)
    (repository / "pkg/x.py").unlink()
    (repository / "pkg").rmdir()
    (repository / "pkg").symlink_to(outside)
    assert taken(repository) == ["a.py"]


def test_git_that_fails(repository: Path) -> None:
    """Where git gives no answer its ignore files are read, and the run says so and why."""
    ignore_file(repository, "gen/")
    lay_out(repository, "a.py", "gen/b.py")
    (repository / ".git/index").write_bytes(b"damaged")
    assert taken(repository) == ["a.py"]
    [text] = told(repository)
    assert text.startswith(".: git does not list its files (")


def test_git_that_is_missing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the ignore files are read; a git in the tree itself is never started."""
    ignore_file(repository, "gen/")
    lay_out(repository, "a.py", "gen/b.py", "git")
    (repository / "git").chmod(0o755)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", ".")
    assert taken(repository) == ["a.py"]
    [text] = told(repository)
    assert "git is not installed" in text


def test_folder_that_git_cannot_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that git could not look into is a failure, and the others are taken."""
    lay_out(repository, "a.py")
    answer = subprocess.CompletedProcess([], 0, b"a.py\0", b"")
    answer.stderr = b"warning: could not open directory 'locked/': Permission denied\n"
    monkeypatch.setattr("codemods.project.ignore.git.run", lambda *_: answer)
    assert taken(repository) == ["a.py"]
    [failure] = failures(repository, ".")
    assert (failure.path, failure.message) == ("locked", "it cannot be read: permission denied")


def test_what_may_be_left_out_is_asked_once_a_folder(tmp_path: Path) -> None:
    """Where nothing in a folder may be left out, no file of it is asked about, but its folders are.

    A folder without Python files is not asked about at all.
    """
    lay_out(tmp_path, "a.py", "b.py", "pkg/a.py", "pkg/b.py", "docs/a.txt", "pkg/gen/a.py")
    asked: list[str] = []
    folders: list[str] = []

    def excludes(path: str, *, folder: bool) -> bool:
        asked.append(os.path.relpath(path, tmp_path))
        return path.endswith("/b.py") or (folder and path.endswith("/gen"))

    def excludes_in(folder: str) -> bool:
        folders.append(os.path.relpath(folder, tmp_path))
        return folder.endswith("/pkg")

    found = list(discover([tmp_path / "a.py"], tmp_path, excludes, excludes_in))
    assert [file.display for file in found if isinstance(file, DiscoveredFile)] == ["a.py"]
    asked.clear()
    inside = discover([tmp_path], tmp_path, excludes, excludes_in)
    assert [file.display for file in inside if isinstance(file, DiscoveredFile)] == [
        "a.py",
        "b.py",
        "pkg/a.py",
    ]
    assert folders == [".", "pkg"]
    assert [name for name in asked if name.endswith(".py")] == ["pkg/a.py", "pkg/b.py"]
    assert {"docs", "pkg", "pkg/gen"} <= set(asked)


def test_excluded_folder_by_name(tmp_path: Path) -> None:
    """A folder that is named is wanted, though `exclude` leaves it out."""
    lay_out(tmp_path, "gen/a.py", "gen/sub/b.py", "c.py")
    excludes = partial(ignored, (rules_from(["gen/"], str(tmp_path)),))

    def found(*paths: str, force: bool = False) -> list[str]:
        files = discover(map(Path, paths), tmp_path, excludes, force=force)
        return [file.display for file in files if isinstance(file, DiscoveredFile)]

    assert found(".") == ["c.py"]
    assert found("gen") == ["gen/a.py", "gen/sub/b.py"]
    assert found("gen/sub", ".") == ["gen/sub/b.py", "c.py"]
    assert found("gen/a.py", "c.py") == ["gen/a.py", "c.py"]
    assert found("gen", "gen/a.py", "gen/sub", "c.py", force=True) == ["c.py"]


@pytest.mark.parametrize(
    "line", ["a*" * 40 + "b", "*" * 200 + "b", "**/" * 60 + "b", "[a-z]*" * 40 + "!"]
)
def test_pattern_with_many_stars(tmp_path: Path, line: str) -> None:
    """A pattern takes a time that grows with its length times that of the name, and no more."""
    ignore_file(tmp_path, line)
    lay_out(tmp_path, "a" * 200 + ".py")
    assert taken(tmp_path) == ["a" * 200 + ".py"]


def commit(root: Path) -> None:
    """Commit everything in *root*."""
    git = ["git", "-C", str(root), "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "m"], check=True)


def test_merge_in_conflict(repository: Path) -> None:
    """A file that git lists once for each side of a conflict is taken once."""
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e"]
    (repository / "a.py").write_text("1\n")
    commit(repository)
    subprocess.run([*git, "checkout", "-q", "-b", "other"], check=True)
    (repository / "a.py").write_text("2\n")
    commit(repository)
    subprocess.run([*git, "checkout", "-q", "-"], check=True)
    (repository / "a.py").write_text("3\n")
    commit(repository)
    merged = subprocess.run([*git, "merge", "-q", "other"], capture_output=True, check=False)
    assert merged.returncode == 1
    assert taken(repository) == ["a.py"]


def test_submodule(repository: Path) -> None:
    """The files of a submodule, which git lists as a folder, are what git lists there."""
    inner = repository / "lib/inner"
    subprocess.run(["git", "init", "-q", inner], check=True)
    ignore_file(inner, "made.py")
    lay_out(inner, "a.py", "made.py", "sub/b.py")
    commit(inner)
    lay_out(repository, "c.py")
    subprocess.run(["git", "add", "lib/inner", "c.py"], cwd=repository, check=True)
    assert taken(repository) == ["c.py", "lib/inner/a.py", "lib/inner/sub/b.py"]


def test_sparse_checkout(repository: Path) -> None:
    """Of a sparse checkout only what is there is taken."""
    lay_out(repository, "in/a.py", "out/b.py")
    commit(repository)
    sparse = ["git", "sparse-checkout", "set", "--sparse-index", "in"]
    subprocess.run(sparse, cwd=repository, check=True)
    assert taken(repository) == ["in/a.py"]


def test_tracked_name_that_is_no_text(repository: Path) -> None:
    """A tracked file whose name is not UTF-8 is taken like any other."""
    os.close(os.open(os.fsencode(repository) + b"/\xff.py", os.O_CREAT))
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    assert taken(repository) == ["\\udcff.py"]

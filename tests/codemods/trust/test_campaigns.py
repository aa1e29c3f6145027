"""Repositories of a campaign come from elsewhere: none runs anything, or has others written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "campaign"), str(Path(__file__).parent)]

from hostile import everything  # noqa: E402
from origins import LEGACY, arguments_of_all, git, repository, serving, started, version  # noqa: E402
from test_hostile_repositories import tree  # noqa: E402, F401 - a fixture

from codemods import migrate  # noqa: E402
from tests.patience import until  # noqa: E402

ATTRIBUTES = "*.py filter=evil diff=evil merge=evil ident text eol=crlf\n"
MODULES = '[submodule "x"]\n\tpath = x\n\turl = ext::{run}\n\tupdate = !{run}\n'
#: What of the user's own git would run while it works on a strange tree.
OF_USER = """\
[core]
	hooksPath = {hooks}
	fsmonitor = {run}
[init]
	templateDir = {template}
[filter "evil"]
	clean = {run}
	smudge = {run}
	required = true
[diff]
	external = {run}
[diff "evil"]
	textconv = {run}
[commit]
	gpgSign = true
[gpg]
	program = {run}
[submodule]
	recurse = true
"""


@pytest.fixture
def hostile(tree: Path) -> Path:  # noqa: F811 - the fixture
    """A repository all of whose files name programs, for a user whose git knows them."""
    home, program = tree.parent, tree.parent / "program"
    (tree / ".gitattributes").write_text(ATTRIBUTES)
    (tree / ".gitmodules").write_text(MODULES.format(run=program))
    (tree / ".lfsconfig").write_text(f"[lfs]\n\turl = ext::{program}\n")
    (home / "victim.py").write_text(LEGACY)
    (tree / "link.py").symlink_to(home / "victim.py")
    (tree / "below").symlink_to(home)
    plain = ["-c", "filter.evil.clean=", "-c", "filter.evil.process=", "-c", "core.fsmonitor=false"]
    git(tree, *plain, "add", "--force", ".")
    files = git(tree, *plain, "write-tree").strip()
    git(tree, *plain, "update-ref", "HEAD", git(tree, "commit-tree", files, "-m", "x").strip())
    template = home / "template/hooks"
    template.mkdir(parents=True)
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-commit"):
        (template / hook).write_text(program.read_text())
        (template / hook).chmod(0o755)
    names = {"run": program, "hooks": home / "hooks", "template": template.parent}
    (home / ".gitconfig").write_text(OF_USER.format(**names))
    (home / "ran").unlink(missing_ok=True)
    return tree


def test_nothing_of_a_campaign_s_repository_is_run(hostile: Path) -> None:
    """T40 T41: no hook, filter, driver, submodule or configured program runs; no link is followed.

    Neither what the repository names, nor what the user's configuration has for such names.
    """
    home = hostile.parent
    (home / "repos.txt").write_text(f"{hostile}\n{hostile} path=below/victim.py\next.py\n")
    before = everything(hostile)
    process = started(home, "--repos", "repos.txt")
    out, error = process.communicate()
    assert process.returncode == 2, error
    assert b"2 files scanned: 1 changed (1 rewrite), 3 failed." in out
    assert b"a link leads out of what was named" in out
    assert b"below/victim.py leads out of the repository" in out
    assert not (home / "ran").exists()
    assert (home / "victim.py").read_text() == LEGACY
    assert everything(hostile) == before
    [patch] = (home / "repos-campaign").glob("*/changes.patch")
    assert b"+    with ai_usage_context(" in patch.read_bytes()
    assert b"\r" not in patch.read_bytes()


def test_the_programs_of_the_tree_would_run(hostile: Path) -> None:
    """The repository of these tests is one whose plain clone runs a program."""
    environment = os.environ | {"HOME": str(hostile.parent)}
    command = ["git", "clone", "--quiet", str(hostile), "clone"]
    subprocess.run(command, cwd=hostile.parent, env=environment, capture_output=True, check=False)
    assert (hostile.parent / "ran").exists()


def test_a_folder_of_something_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T43: what a campaign did not make is neither removed nor written over."""
    (tmp_path / "repos.txt").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    for name, place in (("mine", "mine"), ("campaign.json", "other")):
        (tmp_path / place).mkdir()
        (tmp_path / place / name).write_text('{"version": 99}')
        before = everything(tmp_path / place)
        assert migrate.main(["--check", "--repos", "repos.txt", "--campaign", place]) == 2
        assert "Name another folder" in " ".join(capsys.readouterr().err.split())
        assert everything(tmp_path / place) == before


def test_a_campaign_that_was_killed_goes_on(tmp_path: Path) -> None:
    """T42: Killed in mid-run and started again, a campaign goes on, and tells no password.

    The second repository's server asks for one.  It is in no file that is left, in no
    configuration, in nothing that is printed, and in the arguments of no process.
    """
    for name in ("a", "c"):
        repository(tmp_path / name, {"a.py": LEGACY})
    bare = tmp_path / "served/b.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(repository(tmp_path / "b", {})), str(bare))
    git(bare, "update-server-info")
    kept = tmp_path / "kept-by-git"
    (tmp_path / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={kept}\n")
    with serving(tmp_path / "served", "anna:hunter2hunter2") as server:
        port = server.server_address[1]
        address = f"http://anna:hunter2hunter2@127.0.0.1:{port}/b.git"
        (tmp_path / "repos.txt").write_text(f"a\n{address}\nc\n")
        command = ("--repos", "repos.txt", "--jobs", "1", "--format", "json")
        killed = started(tmp_path, *command)
        Thread(target=lambda: (killed.wait(), server.asked.set()), daemon=True).start()
        server.asked.wait()
        seen = arguments_of_all()
        assert b"b.git" in seen, killed.communicate()
        assert b"hunter2hunter2" not in seen
        killed.kill()
        killed.communicate()
        campaign = tmp_path / "repos-campaign"
        [first] = (path.parent for path in campaign.glob("*/state.json"))
        assert first.name.startswith("a-")
        assert list((campaign / "work").iterdir())
        before = version(first / "state.json")
        server.open.set()
        # What git had begun goes on by itself, and would write beside the second run.
        assert until(lambda: b"b.git" not in arguments_of_all())
        process = started(tmp_path, *command)
        out, error = process.communicate()
    assert process.returncode == 0, error
    assert b"1 of 3 repositories are done already." in error
    assert version(first / "state.json") == before
    told = json.loads((campaign / "campaign.json").read_text())["repositories"]
    assert [one["outcome"] for one in told] == ["changed", "unchanged", "changed"]
    assert not (campaign / "work").exists()
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(b"hunter2hunter2" in content for content in left) == 1, "the list itself"
    assert b"hunter2hunter2" not in out + error
    assert not kept.exists()

"""A git repository comes with its configuration: asking git for the files runs none of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codemods import lint
from tests.warm import run_text

ROOT = Path(__file__).resolve().parents[3]
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
#: What a repository may have run by some command of git; {run} leaves a mark.
SETTINGS = {
    "core.fsmonitor": "{run}",
    "core.hooksPath": "{hooks}",
    "core.sshCommand": "{run}",
    "core.gitProxy": "{run}",
    "core.pager": "{run}",
    "core.editor": "{run}",
    "core.askPass": "{run}",
    "core.alternateRefsCommand": "{run}",
    "credential.helper": "!{run}",
    "diff.external": "{run}",
    "filter.evil.clean": "{run}",
    "filter.evil.smudge": "{run}",
    "filter.evil.process": "{run}",
    "gpg.program": "{run}",
    "pager.ls-files": "{run}",
    "alias.ls-files": "!{run}",
    "alias.check-ignore": "!{run}",
    "uploadpack.packObjectsHook": "{run}",
    "remote.origin.url": "ext::{run}",
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
    "include.path": "{included}",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a repository in which everything that can name a program names one."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text(LEGACY)
    (tree / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "."], cwd=tree, check=True)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "x"], cwd=tree, check=True)
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for place in (hooks, tree / ".git/hooks"):
        for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit"):
            (place / hook).write_text(program.read_text())
            (place / hook).chmod(0o755)
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {program}\n")
    for name, value in SETTINGS.items():
        filled = value.format(run=program, hooks=hooks, included=included)
        subprocess.run(["git", "config", name, filled], cwd=tree, check=True)
    return tree


def migrate(tree: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run migrate in *tree*."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    return run_text([sys.executable, "-m", "codemods.migrate", *arguments], tree, environment)


@pytest.mark.parametrize("arguments", [["--check", "."], ["--diff", "."], ["."], ["a.py"]])
def test_nothing_of_a_repository_is_run(tree: Path, arguments: list[str]) -> None:
    """T8: whatever a repository's configuration names, hooks included, is not run."""
    (tree / "a.py").touch()  # so that git would look at the file again
    done = migrate(tree, *arguments)
    assert "AIU001" in done.stdout + done.stderr
    assert migrate(tree, "--undo").returncode == (0 if arguments in (["."], ["a.py"]) else 2)
    assert not (tree.parent / "ran").exists()


def test_nothing_is_run_to_know_what_was_changed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T8: what a file held at a revision is asked for without filters, and without a transport."""
    (tree.parent / "ran").unlink(missing_ok=True)
    monkeypatch.chdir(tree)
    (tree / "a.py").write_text(f"{LEGACY}\nask(AIUsageTracker())\n")
    assert lint.main(["--since", "HEAD", "."]) == 1
    assert capsys.readouterr().out.count("a.py:") == 1
    assert not (tree.parent / "ran").exists()


def test_the_programs_would_run(tree: Path) -> None:
    """The repository of these tests is one in which a plain command of git runs a program."""
    subprocess.run(["git", "status"], cwd=tree, capture_output=True, check=False)
    assert (tree.parent / "ran").exists()


def test_a_git_in_the_tree_is_not_run(tree: Path) -> None:
    """T8: a relative folder of PATH leads into the tree: git is not taken from there."""
    fake = tree / "git"
    fake.write_text((tree.parent / "program").read_text())
    fake.chmod(0o755)
    path = os.pathsep.join(["", ".", os.environ["PATH"]])
    assert "AIU001" in migrate(tree, "--check", ".", PATH=path).stdout
    assert not (tree.parent / "ran").exists()


@pytest.mark.parametrize("worktree", ["..", "/"])
def test_a_work_tree_elsewhere_brings_in_nothing(tree: Path, worktree: str) -> None:
    """T4: a repository that claims other folders for its work tree does not have them looked at."""
    (tree.parent / "beside.py").write_text(LEGACY)
    subprocess.run(["git", "config", "core.worktree", worktree], cwd=tree, check=True)
    said = migrate(tree, "--check", ".")
    assert "beside.py" not in said.stdout
    assert "Traceback" not in said.stderr


def test_an_index_that_names_files_elsewhere(tree: Path) -> None:
    """T4: what a crafted index lists outside of the tree is not looked at."""
    outside = tree.parent / "z.py"
    outside.write_text(LEGACY)
    (tree / "0123.py").write_text(LEGACY)
    (tree / ".git/config").write_text("[core]\n\trepositoryformatversion = 0\n")
    subprocess.run(["git", "add", "--force", "0123.py"], cwd=tree, check=True)
    index = (tree / ".git/index").read_bytes()
    assert b"0123.py" in index
    crafted = index.replace(b"0123.py", b"../z.py")[:-20]
    (tree / ".git/index").write_bytes(crafted + hashlib.sha1(crafted).digest())
    done = migrate(tree, ".")
    assert "z.py" not in done.stdout
    assert "Traceback" not in done.stderr
    assert outside.read_text() == LEGACY

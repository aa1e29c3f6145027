"""Lint where teams run it: hooks of pre-commit, a GitHub Action, a template for GitLab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codemods import migrate
from codemods.cli import linting
from codemods.report.formats import FORMATS

ROOT = Path(__file__).resolve().parents[2]
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker)
"""
FILES = 200
HOOK = """\
      - id: {id}
        language: unsupported
        entry: {python} -m {module}
        exclude: ^generated/
"""


def run(
    command: list[str], folder: Path, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder*, with these tools on the module path."""
    around = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return subprocess.run(
        command,
        cwd=folder,
        env=around | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=check,
    )


def commit(folder: Path) -> None:
    """Make *folder* a repository whose files are committed."""
    run(["git", "init", "-q"], folder)
    run(["git", "add", "-A"], folder)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    run(["git", *identity, "commit", "-q", "-m", "x"], folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository of many files, one in ten of them legacy, and one that is generated."""
    folder = tmp_path / "project"
    for number in range(FILES):
        file = folder / f"app/part{number % 7}/m{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(LEGACY if number % 10 == 0 else f"x = {number}\n")
    (folder / "generated").mkdir()
    (folder / "generated/old.py").write_text(LEGACY)
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    commit(folder)
    return folder


def hooks(project: Path, tmp_path: Path, *, serial: bool) -> list[str]:
    """Write the configuration of pre-commit, with our hooks from a tag; return how it is run."""
    ours = tmp_path / "hooks"
    ours.mkdir()
    (ours / ".pre-commit-hooks.yaml").write_text((ROOT / ".pre-commit-hooks.yaml").read_text())
    commit(ours)
    run(["git", "tag", "v1"], ours)
    text = f"repos:\n  - repo: {ours}\n    rev: v1\n    hooks:\n"
    for name in ("lint", "migrate"):
        text += HOOK.format(id=f"ai-usage-{name}", python=sys.executable, module=f"codemods.{name}")
        if name == "lint":
            text += f"        require_serial: {str(serial).lower()}\n"
    (project / ".pre-commit-config.yaml").write_text(text)
    run(["git", "add", "-A"], project)
    return [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]


@pytest.mark.parametrize("serial", [True, False])
def test_hooks_fail_on_legacy_files_and_pass_after_migration(
    project: Path, tmp_path: Path, *, serial: bool
) -> None:
    """pre-commit runs our hooks, in one process or several; what it excludes is left alone.

    The hook that migrates is the same where the other one is run by several processes.
    """
    pytest.importorskip("pre_commit", reason="it comes with the extra dev")
    command = hooks(project, tmp_path, serial=serial)
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    linted = run([*command, "ai-usage-lint"], project, check=False, **home)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert linted.stdout.count(": AIU001") == FILES // 10
    assert "generated/old.py" not in linted.stdout
    if serial:
        migrated = run([*command, "ai-usage-migrate"], project, check=False, **home)
        assert "files were modified by this hook" in migrated.stdout
        assert (project / "generated/old.py").read_text() == LEGACY
        assert run([*command, "ai-usage-migrate"], project, **home).returncode == 0
    else:
        assert migrate.main(["--quiet", str(project / "app")]) == 0
    assert run([*command, "ai-usage-lint"], project, **home).returncode == 0


def test_the_action_hands_its_inputs_on() -> None:
    """Each input is a variable of the script, and no value of one becomes part of a command."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    given = {f"LINT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    assert step["env"] == given
    assert "inputs." not in step["run"]
    script = (ROOT / "integrations/lint.sh").read_text()
    assert [name for name in given if f"${{{name}:-" not in script] == []
    assert (ROOT / step["run"].split("/", 1)[1].strip('"')).exists()


def action(project: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the script of the Action in the checkout *project*."""
    variables = {f"LINT_{name.upper()}": value for name, value in inputs.items()}
    command = f"{sys.executable} -m codemods.lint"
    script = ["bash", str(ROOT / "integrations/lint.sh")]
    return run(script, project, check=False, LINT_COMMAND=command, **variables)


def test_the_script_of_the_action_annotates(project: Path, tmp_path: Path) -> None:
    """Paths, options, a baseline and a report as SARIF; the status is that of lint."""
    done = action(project, paths="app/part0 app/part1\napp/part2")
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert lines
    assert all("file=app/part" in line for line in lines)
    assert action(project, args="--select AIU009\n--quiet").returncode == 0
    sarif = tmp_path / "lint.sarif"
    known = {"baseline": "known.json", "args": "--update-baseline", "sarif": str(sarif)}
    assert action(project, **known).returncode == 0
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert action(project, baseline="known.json").returncode == 0
    (project / "app/part0/m7.py").write_text(LEGACY)
    assert action(project, baseline="known.json").returncode == 1
    changed = action(project, since="HEAD", paths="app")
    assert changed.returncode == 1
    assert "m7.py" in changed.stdout
    assert "m0.py" not in changed.stdout


def test_the_script_evaluates_nothing(project: Path) -> None:
    """Inputs may come from whoever opens a pull request: they are words, and never commands."""
    for value in ("$(touch ran)", "`touch ran`", "; touch ran", "* > ran"):
        action(project, paths=value, args=value, since=value, sarif=value)
        action(project, baseline=value)
    assert not [path for path in project.iterdir() if path.name == "ran"]


def test_the_template_for_gitlab_reports(project: Path, tmp_path: Path) -> None:
    """Its script writes the report that the job hands over, and fails for findings."""
    (job,) = yaml.safe_load((ROOT / "integrations/gitlab-ci.yml").read_text()).values()
    install, lint = job["script"]
    assert install == 'python -m pip install --quiet "$LINT_PACKAGE"'
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "ai-usage-lint").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m codemods.lint "$@"\n'
    )
    (shims / "ai-usage-lint").chmod(0o755)
    path = f"{shims}{os.pathsep}{os.environ['PATH']}"
    variables = job["variables"] | {"LINT_PATHS": "app", "PATH": path}
    done = run(["bash", "-e", "-c", lint], project, check=False, **variables)
    assert done.returncode == 1, done.stderr
    report = project / job["artifacts"]["reports"]["codequality"]
    assert len(json.loads(report.read_text())) >= FILES // 10
    assert job["artifacts"]["when"] == "always"


def test_what_they_name_is_there() -> None:
    """Options and formats that the scripts give to lint are those that it has."""
    known = {name for one in linting.command.params for name in one.opts}
    for name in ("integrations/lint.sh", "integrations/gitlab-ci.yml"):
        text = (ROOT / name).read_text()
        lines = [line for line in text.splitlines() if "options+=" in line or "-lint --" in line]
        options = {w.strip('"()').split("=")[0] for line in lines for w in line.split()}
        options = {w.removeprefix('options+=("').removeprefix("options+=(") for w in options}
        assert {w for w in options if w.startswith("--") and len(w) > 2} <= known
    assert {"github", "sarif", "gitlab"} <= set(FORMATS)

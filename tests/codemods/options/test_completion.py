"""Completion in a shell: the script that click makes is evaluated in bash, and asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codemods import lint

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = "import sys\nfrom codemods.{0} import main\nsys.exit(main())\n"
ASKED = """
eval "$({variable}=bash_source {script})"
COMP_WORDS=({words}); COMP_CWORD={index}
{function} {script} >&2
echo "${{COMPREPLY[@]}}"
"""
bash = shutil.which("bash")


def completed(folder: Path, name: str, *words: str) -> str:
    """Return what bash offers for the last of *words*, of the command ``ai-usage-NAME``."""
    script = folder / "bin" / f"ai-usage-{name}"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!{sys.executable}\n{SCRIPT.format(name)}")
    script.chmod(0o755)
    plain = f"ai_usage_{name}"
    text = ASKED.format(
        variable=f"_{plain.upper()}_COMPLETE",
        script=script.name,
        words=" ".join([script.name, *words]),
        index=len(words),
        function=f"_{plain}_completion",
    )
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    assert bash is not None
    done = subprocess.run(
        [bash, "--norc", "-c", text],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(bash is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("name", "words", "offered"),
    [
        ("lint", ["--unsafe"], "--unsafe-fixes"),
        ("lint", ["--select", "AIU000,AIU001,legacy"], "AIU000,AIU001,legacy-import"),
        ("lint", ["--explain", "nested"], "nested-context"),
        ("lint", ["--report", "sa"], "sarif"),
        ("migrate", ["--format", "ch"], "checkstyle"),
        ("merge", ["--stat"], "--statistics"),
        ("status", ["--his"], "--history"),
    ],
)
def test_bash_is_offered_what_may_follow(
    tmp_path: Path, name: str, words: list[str], offered: str
) -> None:
    """Options, names of rules and formats are completed, for each of the commands."""
    assert completed(tmp_path, name, *words) == offered


def test_paths_are_left_to_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command is given is a file or folder, which the shell completes as ever."""
    monkeypatch.setattr("sys.argv", ["ai-usage-lint"])
    monkeypatch.setenv("_AI_USAGE_LINT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ai-usage-lint --fix ap")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert lint.main([]) == 0
    assert capsys.readouterr().out == "file,ap\n"

"""Findings that lint fixes: migrate's rewrites of just what is told of, and undo of them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from rows import ROWS

from codemods import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
CALL = """

def {0}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="{0}-1")
    return ask(text, tracker=tracker)
"""
READ, SCAN = CALL.format("read"), CALL.format("scan")
#: A tracker whose class a person must vouch for.
UNSAFE = """

def mark(holder):
    holder["tracker"].set_tracking_context(job_id="m-1")
    return ask(holder["tracker"])
"""
#: A function that opens a block of its own, and is called in another one.
STEPS = """\
from receipt_label.utils.ai_usage_context import ai_usage_context


def read_lines(text, ask):
    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
        return ask(text, tracker)
"""
READER = """\
from receipt_label.utils.ai_usage_context import ai_usage_context
from steps import read_lines


def read_receipt(text, ask):
    with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
        ask(text, tracker)
        return read_lines(text, ask)
"""


def migrated(start: Path, text: str, *arguments: str) -> str:
    """Return what migrate makes of *text*, which is no file any more then."""
    file = start / "other.py"
    file.write_text(text)
    migrate.main(["--quiet", *arguments, str(file)])
    after = file.read_text()
    file.unlink()
    return after


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("unsafe", [False, True])
def test_what_is_fixed_is_what_migrate_makes(
    start: Path, run: Run, part: int, unsafe: bool
) -> None:
    """For programs of all kinds, safe and unsafe: the same bytes, and undo puts all back."""
    every = sorted(ROWS.glob("*/before.py"))[part::160]
    texts = {f"{path.parent.name}.py": path.read_bytes() for path in every}

    def written() -> dict[str, bytes]:
        return {name: (start / name).read_bytes() for name in texts}

    for name, content in texts.items():
        (start / name).write_bytes(content)
    migrate.main(["--quiet", *(["--unsafe"] if unsafe else []), "."])
    expected = written()
    for name, content in texts.items():
        (start / name).write_bytes(content)
    _, _, err = run("--fix", *(["--unsafe-fixes"] if unsafe else []), "--ignore", "AIU100")
    assert written() == expected
    assert expected != texts
    assert " fixed in " in err
    migrate.main(["--undo"])
    assert written() == texts


def test_only_what_is_told_of_is_fixed(start: Path, run: Run) -> None:
    """What a comment silences, or no rule selects, stays; the rest is rewritten beside it."""
    silenced = SCAN.replace("Tracker()", "Tracker()  # ai-usage: ignore[AIU001] by hand")
    file = start / "a.py"
    file.write_text(IMPORT + READ + silenced)
    run("--fix")
    assert silenced in file.read_text()
    assert 'with ai_usage_context("read", job_id="read-1")' in file.read_text()
    file.write_text(IMPORT + READ)
    assert run("--fix", "--ignore", "AIU001,AIU002")[0] == 1
    assert file.read_text() == IMPORT + READ


def test_only_what_is_new_is_fixed(start: Path, run: Run) -> None:
    """Beside --since and a baseline old code stays as it is, however lines move."""
    file = start / "a.py"
    file.write_text(IMPORT + READ)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *command], check=True)
    file.write_text(f"{IMPORT}# AIU\n{SCAN}{READ}")
    status, out, err = run("--fix", "--since", "HEAD")
    assert (status, out.count("AIU")) == (0, 0), out
    assert "1 finding fixed in 1 file" in err
    assert READ in file.read_text()
    assert 'with ai_usage_context("scan", job_id="scan-1")' in file.read_text()


def test_fixes_and_comments_are_one_run(start: Path, run: Run) -> None:
    """Needless comments go and code above and below them is rewritten; one undo is enough."""
    file = start / "a.py"
    comment = "# ai-usage: ignore[AIU002] old\n"
    text = f"{comment}{IMPORT}{comment}{READ}x = 1  {comment}{SCAN}"
    file.write_text(text)
    status, out, err = run("--fix")
    assert (status, "nothing to do" in out) == (0, True)
    assert err.endswith("5 findings fixed in 1 file; ai-usage-migrate --undo puts them back.\n")
    fixed = file.read_text()
    assert migrate.main(["--undo"]) == 0
    assert file.read_text() == text
    assert fixed == migrated(start, f"{IMPORT}{READ}x = 1\n{SCAN}")


def test_unsafe_fixes_are_counted_and_made_when_asked_for(start: Path, run: Run) -> None:
    """Who fixes hears how many fixes would have to be confirmed, also where no other is known."""
    (start / "a.py").write_text(IMPORT + READ)
    file = start / "b.py"
    file.write_text(IMPORT + UNSAFE)
    _, _, err = run("--fix")
    assert "1 finding fixed in 1 file (1 hidden fix can be enabled with --unsafe-fixes)" in err
    assert file.read_text() == IMPORT + UNSAFE
    _, _, err = run("--fix")
    assert err == "No fixes are safe here (1 hidden fix can be enabled with --unsafe-fixes).\n"
    status, _, err = run("--fix", "--unsafe-fixes")
    assert "unsafe: confirm that" in err
    assert "hidden" not in err
    assert (status, UNSAFE in file.read_text()) == (0, False)
    assert file.read_text() == migrated(start, IMPORT + UNSAFE, "--unsafe")


def test_a_fix_of_several_files_is_made_in_all_or_none(start: Path, run: Run) -> None:
    """What is not told of in one place keeps the rewrite that it shares from all of them."""
    (start / "pyproject.toml").write_text('[tool.ai-usage]\nruntime = "tracker"\n')
    steps, reader = start / "steps.py", start / "reader.py"
    steps.write_text(STEPS)
    reader.write_text(READER)
    migrate.main(["--quiet", "--unsafe", "."])
    expected = steps.read_text(), reader.read_text()
    assert "tracker=tracker" in expected[1]
    silenced = READER.replace("ines(text, ask)", "ines(text, ask)  # noqa: AIU012")
    for text, arguments in ((silenced, []), (READER, ["--ignore", "AIU012"])):
        steps.write_text(STEPS)
        reader.write_text(text)
        run("--fix", "--unsafe-fixes", *arguments)
        assert (steps.read_text(), reader.read_text()) == (STEPS, text)
    assert "2 hidden fixes" in run("--fix")[2]
    run("--fix", "--unsafe-fixes")
    assert (steps.read_text(), reader.read_text()) == expected


def test_what_rests_on_an_assumption_is_said(start: Path, run: Run) -> None:
    """A rewrite that takes something for granted is never made in silence."""
    (start / "a.py").write_text(IMPORT + READ)
    _, _, err = run("--fix", "--quiet")
    assert "a.py:5:15: AIU001" in err
    assert "rewritten assuming that" in err


def test_documents_are_fixed_too(start: Path, run: Run) -> None:
    """Code in notebooks, pages and docstrings is rewritten where it stands, below comments too."""
    needless = "# ai-usage: ignore[AIU009]\n"
    cells = [
        {
            "cell_type": "code",
            "source": text.splitlines(keepends=True),
            "outputs": [],
            "metadata": {},
            "execution_count": None,
        }
        for text in (IMPORT + needless, f"x = 1\n{needless}{READ.strip()}")
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (start / "a.ipynb").write_text(json.dumps(book))
    (start / "page.md").write_text(f"Text\n\n```python\n{needless}{IMPORT}{READ}```\n")
    arguments = ("--include", "markdown", "--fix")
    status, out, err = run(*arguments)
    assert (status, "nothing to do" in out) == (0, True), out
    assert "in 2 files" in err
    for name in ("a.ipynb", "page.md"):
        assert "with ai_usage_context(" in (start / name).read_text().replace('\\"', '"')
        assert "ignore[AIU009]" not in (start / name).read_text()


def test_a_file_that_fails_stops_nothing(start: Path, run: Run) -> None:
    """The others are fixed, and the run ends with status 2."""
    (start / "a.py").write_text(IMPORT + READ)
    (start / "b.py").write_text(f"{IMPORT}def (:\n")
    status, out, err = run("--fix")
    assert (status, "b.py: failed to parse" in out) == (2, True)
    assert "1 finding fixed in 1 file" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--unsafe-fixes"], "name both"),
        (["--fix", "--unsafe-fixes", "--shard", "1/2"], "Choose one"),
        (["--fix", "--add-ignores", "why"], "Choose one"),
        (["--fix", "--baseline", "b.json", "--update-baseline"], "Run them first"),
    ],
)
def test_what_contradicts_is_wrong_usage(
    start: Path, run: Run, arguments: list[str], told: str
) -> None:
    """Options that cannot hold together end the run before anything is written."""
    file = start / "a.py"
    file.write_text(IMPORT + READ)
    status, _, err = run(*arguments)
    assert (status, told in err) == (2, True)
    assert file.read_text() == IMPORT + READ

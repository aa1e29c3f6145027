"""``--interactive``: what each answer does, to this rewrite and to those that follow."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from reviewing import (
    BOTH,
    CONTEXT,
    FILES,
    IMPORT,
    SHARING,
    TWO,
    Reviewed,
    function,
    project,
    texts,
    written,
)

from codemods import migrate

if TYPE_CHECKING:
    from pathlib import Path

TWICE = f"""\
{IMPORT}

def review_twice(client, wait):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="one")
    first = client.chat.completions.create(model="m")
    tracker.track_openai_completion(lambda: first)()
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="two")
    second = client.chat.completions.create(model="m")
    tracker.track_openai_completion(lambda: second)()
    return wait()
"""


def migrated(folder: Path, *options: str) -> dict[str, str]:
    """Return what a run that asks nobody makes of the files of *folder*."""
    with contextlib.chdir(folder):
        migrate.main([*options, "."])
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.py")}


def test_yes_and_no_are_about_one_place(tmp_path: Path) -> None:
    """What is accepted is written, what is refused stays, and is in the report as declined."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "n\nyes\nY\n")
    assert run.status == 1
    assert run.asked == 3
    first = BOTH + function("scan_receipt", "scan-1") + written("read_invoice", "read-1")
    second = CONTEXT + written("total_up", "total-1")
    assert texts(folder, FILES) == {**FILES, "app/first.py": first, "app/second.py": second}
    assert "refused: declined: a person said no to it" in run.said


def test_yes_to_all_is_what_a_run_without_questions_does(tmp_path: Path) -> None:
    """One answer, the same bytes, and nothing is left to do."""
    folder = project(tmp_path / "asked", FILES)
    run = Reviewed(folder, "a\n")
    assert (run.status, run.asked) == (0, 1)
    wanted = migrated(project(tmp_path / "plain", FILES))
    assert {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.py")} == wanted


def test_yes_to_each_is_the_same(tmp_path: Path) -> None:
    """What was shown one by one is what is written together."""
    folder = project(tmp_path / "asked", FILES)
    assert Reviewed(folder, "y\n" * 3).status == 0
    wanted = migrated(project(tmp_path / "plain", FILES))
    assert {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.py")} == wanted


def test_none_in_this_file_goes_on_with_the_next(tmp_path: Path) -> None:
    """What was accepted in it before stays accepted."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "y\nd\ny\n")
    assert (run.status, run.asked) == (1, 3)
    first = BOTH + written("scan_receipt", "scan-1") + function("read_invoice", "read-1")
    assert texts(folder, FILES)["app/first.py"] == first
    assert texts(folder, FILES)["app/second.py"] == CONTEXT + written("total_up", "total-1")


def test_quit_writes_what_was_accepted(tmp_path: Path) -> None:
    """As ``git add -p`` does; what was not reached is said, and the status is that of work left."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "y\nq\n")
    assert (run.status, run.asked) == (1, 2)
    first = BOTH + written("scan_receipt", "scan-1") + function("read_invoice", "read-1")
    assert texts(folder, FILES) == {**FILES, "app/first.py": first}
    assert "what was accepted until then is written" in run.said
    assert "app/second.py: skipped: the review ended before it was looked at" in run.said


def test_quit_at_the_last_file_leaves_work(tmp_path: Path) -> None:
    """The status tells it, though no other file is left."""
    folder = project(tmp_path, {"a.py": FILES["app/second.py"]})
    assert Reviewed(folder, "q\n").status == 1
    assert texts(folder, {"a.py": ""}) == {"a.py": FILES["app/second.py"]}


def test_input_that_ends_is_as_quit(tmp_path: Path) -> None:
    """A script with too few answers does not go on with any of its own."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "y\n")
    assert (run.status, run.asked) == (1, 2)
    first = BOTH + written("scan_receipt", "scan-1") + function("read_invoice", "read-1")
    assert texts(folder, FILES) == {**FILES, "app/first.py": first}


def test_nobody_there_is_wrong_usage(tmp_path: Path) -> None:
    """Neither a terminal nor a line of input: nothing is written, and it is said what to do."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "")
    assert run.status == 2
    assert "run it in a terminal" in run.said
    assert texts(folder, FILES) == FILES


def test_what_runs_remember_is_removed_as_asked(tmp_path: Path) -> None:
    """--clean-cache without a PATH does that and asks nothing, whatever else is said."""
    folder = project(tmp_path, FILES)
    with contextlib.chdir(folder):
        assert migrate.main(["--interactive", "--clean-cache"]) == 0
    assert texts(folder, FILES) == FILES


def test_nothing_to_ask_needs_nobody(tmp_path: Path) -> None:
    """A clean tree is clean, whoever is there."""
    folder = project(tmp_path, {"a.py": "x = 1\n"})
    run = Reviewed(folder, "")
    assert (run.status, run.asked) == (0, 0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--check"], "--check"),
        (["--diff"], "--diff"),
        (["--undo"], "--undo"),
        (["--rollback"], "--rollback"),
        (["--jobs", "2"], "--jobs"),
        (["--shard", "1/2"], "--shard"),
        (["--executor", "dask=tcp://127.0.0.1:1"], "--executor"),
        (["--format", "json"], "--format"),
        (["--quiet"], "--quiet"),
        (["--repos", "pyproject.toml"], "--repos"),
        (["--strict", "--unsafe"], "--strict"),
    ],
)
def test_contradicting_options_are_refused(tmp_path: Path, options: list[str], named: str) -> None:
    """What writes nothing, asks nobody or works elsewhere cannot be answered; it is said why."""
    folder = project(tmp_path, FILES)
    run = Reviewed(folder, "a\n", *options)
    assert (run.status, run.asked) == (2, 0)
    assert named in run.said
    assert "Choose one." in run.said
    assert texts(folder, FILES) == FILES


def test_what_depended_on_a_refused_one_is_not_made(tmp_path: Path) -> None:
    """It is said, the file is as it was, and no question is asked twice."""
    alone = migrated(project(tmp_path / "alone", {"a.py": TWICE}))["a.py"]
    assert alone.count("with ai_usage_context") == 2
    folder = project(tmp_path / "asked", {"a.py": TWICE})
    run = Reviewed(folder, "y\nn\n")
    assert (run.status, run.asked) == (1, 2)
    assert "The rewrite at a.py:5 depended on what was refused, and is not made." in run.said
    assert texts(folder, {"a.py": ""}) == {"a.py": TWICE}


def test_a_call_that_stays_is_asked_about_by_its_name(tmp_path: Path) -> None:
    """Who refuses the block is asked whether at least the call has today's name; it has no name."""
    older = FILES["app/second.py"].replace("set_tracking_context", "set_context")
    folder = project(tmp_path, {"a.py": older})
    run = Reviewed(folder, "n\ne\ny\n")
    assert (run.status, run.asked) == (1, 3)
    assert "AIU013 ids set by the older name of the set call" in run.said
    assert "It makes no block, so there is nothing to name." in run.said
    assert texts(folder, {"a.py": ""}) == {"a.py": FILES["app/second.py"]}


def test_a_refused_place_is_not_asked_about_in_a_later_round(tmp_path: Path) -> None:
    """The rules look again at what they made; what was refused stands there as before."""
    folder = project(tmp_path, {"a.py": TWO})
    run = Reviewed(folder, "n\ny\n")
    assert run.asked == 2
    assert run.said.count("declined") == 1


def test_what_is_written_is_undone_as_a_run(tmp_path: Path) -> None:
    """The files and the names that were given go back together."""
    folder = project(tmp_path, FILES)
    assert Reviewed(folder, "e\nreceipt_ocr\na\n").status == 0
    assert "receipt_ocr" in (folder / "pyproject.toml").read_text()
    with contextlib.chdir(folder):
        assert migrate.main(["--undo"]) == 0
    assert texts(folder, FILES) == FILES


def test_a_group_is_asked_about_once(tmp_path: Path) -> None:
    """It is named unsafe, shows all its files, and lands in all of them."""
    folder = project(tmp_path / "asked", SHARING)
    run = Reviewed(folder, "y\n", "--unsafe")
    assert (run.status, run.asked) == (0, 1)
    assert "shared by 2 files" in run.said
    assert "Not proven safe. Rewrite it" in run.said
    assert "unsafe: confirm that nothing replaces read_lines" in run.said
    assert texts(folder, SHARING) == migrated(project(tmp_path / "plain", SHARING), "--unsafe")


def test_a_group_does_not_land_beside_a_file_that_changed(tmp_path: Path) -> None:
    """Of a rewrite over several files nothing is written where one of them was edited."""
    folder = project(tmp_path, SHARING)
    edited = SHARING["steps.py"] + "\n# mine\n"
    run = Reviewed(
        folder, "y\n", "--unsafe", meanwhile=lambda: (folder / "steps.py").write_text(edited)
    )
    assert (run.status, run.asked) == (2, 1)
    assert texts(folder, SHARING) == {**SHARING, "steps.py": edited}


@pytest.mark.parametrize("answer", ["n", "d", "q"])
def test_a_group_that_is_refused_lands_in_no_file(tmp_path: Path, answer: str) -> None:
    """The status says that something was left."""
    folder = project(tmp_path, SHARING)
    run = Reviewed(folder, f"{answer}\n", "--unsafe")
    assert (run.status, run.asked) == (1, 1)
    assert texts(folder, SHARING) == SHARING


def test_of_two_groups_one_can_be_refused(tmp_path: Path) -> None:
    """Files that take part in both get the accepted one only."""
    steps = SHARING["steps.py"]
    more = steps.split("\n\n\n")[1].replace("read_lines", "read_totals").replace("line", "total")
    reader = SHARING["reader.py"].replace("import read_lines", "import read_lines, read_totals")
    reader = reader.replace("        ask(text, tracker)\n", "        read_totals(text, ask)\n")
    folder = project(tmp_path, {"steps.py": f"{steps}\n\n{more}", "reader.py": reader})
    run = Reviewed(folder, "n\ny\n", "--unsafe")
    assert (run.status, run.asked) == (1, 2)
    found = texts(folder, SHARING)
    assert found["steps.py"].count("tracker=None") == 1
    assert found["reader.py"].count("tracker=tracker") == 1


def test_a_wrong_key_shows_the_answers(tmp_path: Path) -> None:
    """? and what is no answer explain all of them, and ask again."""
    run = Reviewed(project(tmp_path, FILES), "?\nwhat\n\nq\n")
    assert run.asked == 4
    assert [run.said.count(f"\n{key} - ") for key in "nadeq?"] == [3] * 6


def test_an_unsafe_rewrite_of_one_file_is_named_as_such(tmp_path: Path) -> None:
    """Its condition stands above the question; a safe one is asked about without that."""
    fixture = f"""\
import pytest
{IMPORT}

@pytest.fixture
def meter():
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="test-1")
    yield tracker
    tracker.flush_metrics()
"""
    folder = project(tmp_path, {"test_a.py": fixture, "zoo.py": FILES["app/second.py"]})
    run = Reviewed(folder, "n\nn\n", "--unsafe")
    assert run.asked == 2
    unsafe, safe = run.said.split("[y,n,a,d,e,q,?]? ")[:2]
    assert unsafe.endswith("Not proven safe. Rewrite it ")
    assert "unsafe: confirm that" in unsafe
    assert safe.endswith("\nRewrite it ")


def notebook(*cells: str) -> str:
    """Return a notebook with *cells* of code."""
    made = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{number}",
            "metadata": {},
            "outputs": [],
            "source": cell.splitlines(keepends=True),
        }
        for number, cell in enumerate(cells)
    ]
    whole = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1) + "\n"


def test_a_notebook_is_shown_by_its_cells(tmp_path: Path) -> None:
    """The question names the cell and shows code; the refused cell keeps its bytes."""
    before = {"n.ipynb": notebook(IMPORT, "%time x = 1", *TWO.split("\n\n\n")[1:])}
    folder = project(tmp_path, before)
    run = Reviewed(folder, "n\ny\n")
    assert (run.status, run.asked) == (1, 2)
    assert "n.ipynb:cell 3:2:15: AIU001" in run.said
    assert "\n # cell 4\n" in run.said
    assert "\\n" not in run.said
    assert " %time x = 1\n" in run.said
    old = json.loads(before["n.ipynb"])["cells"]
    new = json.loads((folder / "n.ipynb").read_text())["cells"]
    assert [a == b for a, b in zip(old, new, strict=True)] == [False, True, True, False]


def test_examples_are_shown_where_they_stand(tmp_path: Path) -> None:
    """A page that is included is shown as a page, with the line of the example in it."""
    page = f"# Scanning\n\n```python\n{FILES['app/second.py']}```\n"
    folder = project(tmp_path, {"page.md": page})
    run = Reviewed(folder, "y\n", "--include", "markdown")
    assert (run.status, run.asked) == (0, 1)
    assert "page.md:8:15: AIU001" in run.said
    assert " ```python\n" in run.said
    assert 'with ai_usage_context("total_up"' in (folder / "page.md").read_text()


def test_what_a_file_says_to_a_terminal_is_shown_as_text(tmp_path: Path) -> None:
    """An escape sequence in the lines around a rewrite changes nothing on the screen."""
    text = FILES["app/second.py"].replace("\n\n\n", "\n# \x1b[2J\n\n\n")
    folder = project(tmp_path, {"a.py": text})
    run = Reviewed(folder, "n\n", "--no-color")
    assert "\\x1b[2J" in run.said
    assert "\x1b" not in run.said


def test_the_help_teaches_it(tmp_path: Path) -> None:
    """The option, an example, and that ? explains the answers."""
    said = CliRunner().invoke(migrate.command, ["--help"]).output
    assert "--interactive" in said
    assert "yes, no, all, none in this file" in " ".join(said.split())
    assert "python -m codemods.migrate --interactive src" in said

"""Comments that silence, written into files and taken away, and put back by undo."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codemods import migrate

if TYPE_CHECKING:
    from collections.abc import Callable


IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
USE = "def go(): ask(t)\n"
#: Forms of code, and what becomes of the line (or lines) in which something is found.
PLACES = {
    "plain": ("t = AIUsageTracker()\n", "t = AIUsageTracker()  # ai-usage: ignore[AIU001] why\n"),
    "commented": (
        "t = AIUsageTracker()  # noqa: E501\n",
        "t = AIUsageTracker()  # noqa: E501  # ai-usage: ignore[AIU001] why\n",
    ),
    "silenced already": (
        "t = AIUsageTracker()  # ai-usage: ignore[AIU009] old reason\n",
        "t = AIUsageTracker()  # ai-usage: ignore[AIU009, AIU001] old reason\n",
    ),
    "over lines": (
        't = AIUsageTracker(\n    table_name="x",\n)\n',
        't = AIUsageTracker(  # ai-usage: ignore[AIU001] why\n    table_name="x",\n)\n',
    ),
    "backslash": (
        "t = \\\n    AIUsageTracker()\n",
        "t = \\\n    AIUsageTracker()  # ai-usage: ignore[AIU001] why\n",
    ),
    "backslash behind": (
        "t = AIUsageTracker() \\\n    or 1\n",
        "# ai-usage: ignore[AIU001] why\nt = AIUsageTracker() \\\n    or 1\n",
    ),
    "string behind": (
        "t = AIUsageTracker(), '''\n\n'''\n",
        "# ai-usage: ignore[AIU001] why\nt = AIUsageTracker(), '''\n\n'''\n",
    ),
    "string inside": (
        "t = AIUsageTracker(table_name='''x\n''')\n",
        "t = AIUsageTracker(table_name='''x\n''')  # ai-usage: ignore[AIU001] why\n",
    ),
    "f-string": (
        't = f"""\n{AIUsageTracker()}\n"""\n',
        '# ai-usage: ignore[AIU001] why\nt = f"""\n{AIUsageTracker()}\n"""\n',
    ),
    "indented": (
        "if x:\n    t = AIUsageTracker(), '''\n'''\n",
        "if x:\n    # ai-usage: ignore[AIU001] why\n    t = AIUsageTracker(), '''\n'''\n",
    ),
    "no newline": ("t = AIUsageTracker()", "t = AIUsageTracker()  # ai-usage: ignore[AIU001] why"),
}


@pytest.mark.parametrize("form", PLACES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_findings_are_silenced(
    start: Path, run: Callable[..., tuple[int, str, str]], form: str, end: str
) -> None:
    """--add-ignores puts a comment where one may stand, and the program stays the same."""
    before, after = (IMPORT + USE + text for text in PLACES[form])
    file = start / "a.py"
    file.write_bytes(before.replace("\n", end).encode())
    status, out, err = run("--ignore", "AIU003,AIU100", "--add-ignores", "why")
    assert file.read_bytes() == after.replace("\n", end).encode()
    assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    assert (status, out) == (0, "1 file scanned: nothing to do.\n")
    assert err == "1 finding silenced in 1 file; ai-usage-migrate --undo puts them back.\n"
    assert migrate.main(["--undo"]) == 0
    assert file.read_bytes() == before.replace("\n", end).encode()


def test_only_what_is_selected_is_silenced(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Rules that are not told of get no comment; the others of a line share one."""
    text = f"{IMPORT}{USE}t = AIUsageTracker(); t.set_tracking_context(job_id='1')\n"
    (start / "a.py").write_text(text)
    run("--select", "AIU00", "--ignore", "AIU003", "--add-ignores", "not yet")
    found = (start / "a.py").read_text()
    assert found == text[:-1] + "  # ai-usage: ignore[AIU001, AIU002] not yet\n"
    status, out, _ = run()
    assert (status, out.count("AIU")) == (1, 1)
    run("--add-ignores", "not yet")
    assert run()[0] == 0


@pytest.mark.parametrize("given", ["", " ", "a\nb", "see #12", "a\x1b[31m"])
def test_a_reason_is_one_line(
    start: Path, run: Callable[..., tuple[int, str, str]], given: str
) -> None:
    """What would not stay in its comment is wrong usage, and nothing is written."""
    (start / "a.py").write_text(f"{IMPORT}AIUsageTracker()\n")
    status, _, err = run("--add-ignores", given)
    assert (status, "without a #" in err) == (2, True)
    assert run("--fix", "--add-ignores", "why")[0] == 2


def test_a_reason_that_the_encoding_cannot_hold(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Such a file stays as it is and fails the run; the others are written."""
    text = f"# coding: latin-1\n{IMPORT}{USE}t = AIUsageTracker()\n"
    (start / "a.py").write_text(text)
    (start / "b.py").write_text(f"{IMPORT}{USE}t = AIUsageTracker()\n")
    status, out, err = run("--add-ignores", "später → nie")
    assert status == 2
    assert "a.py: failed to edit: its encoding" in out
    assert (start / "a.py").read_text() == text
    assert "2 findings silenced in 1 file" in err
    assert "später → nie" in (start / "b.py").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # ai-usage: ignore[AIU001] reason\n", "x = 1\n"),
        ("x = 1  # ai-usage: ignore\n", "x = 1\n"),
        ("# ai-usage: ignore[AIU001]\nx = 1\n", "x = 1\n"),
        ("x = 1  # noqa: AIU001, E501\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # noqa: AIU001\n", "x = 1\n"),
        ("x = 1  # noqa: AIU001 told by Anna\n", "x = 1  # told by Anna\n"),
        ("x = 1  # noqa: AIU001  # pragma: no cover\n", "x = 1  # pragma: no cover\n"),
        ("x = 1  # a  # ai-usage: ignore[AIU001] b  # c\n", "x = 1  # a  # c\n"),
        (
            "ask(AIUsageTracker())  # ai-usage: ignore[AIU001, AIU002] r\n",
            "ask(AIUsageTracker())  # ai-usage: ignore[AIU001] r\n",
        ),
        ("# ai-usage: off[AIU001]\nx = 1\n# ai-usage: on\n", "x = 1\n"),
        ("if x:\n    # ai-usage: ignore[AIU002]\n    y = 1\n", "if x:\n    y = 1\n"),
        (
            "x = 1  # ai-usage: ignore[AIU999] unknown\n",
            "x = 1  # ai-usage: ignore[AIU999] unknown\n",
        ),
    ],
)
def test_what_is_needless_goes(
    start: Path, run: Callable[..., tuple[int, str, str]], before: str, after: str
) -> None:
    """--fix takes away what silences nothing, and leaves other comments and the lines."""
    head = f"{IMPORT[:-1]}  # ai-usage: ignore[AIU003]\nask(AIUsageTracker())  # noqa: AIU001\n"
    (start / "a.py").write_text(head + before)
    run("--fix")
    assert (start / "a.py").read_text() == head + after
    assert "AIU100" not in run()[1]


def test_what_is_needed_stays(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Nothing is written where each comment silences something, or AIU100 is not told of."""
    text = f"{IMPORT}t = AIUsageTracker()  # ai-usage: ignore[AIU001]\nx = 1  # noqa: AIU002\n"
    (start / "a.py").write_text(text)
    for arguments in (["--ignore", "AIU100"], ["--select", "AIU001"]):
        assert run("--fix", *arguments)[2] == ""
    assert (start / "a.py").read_text() == text
    assert not (start / ".ai-usage").exists()


def notebook(*sources: str) -> str:
    """Return a notebook with a code cell of each of *sources*."""
    cells = [
        {
            "cell_type": "code",
            "source": source.splitlines(keepends=True),
            "outputs": [],
            "metadata": {},
            "execution_count": None,
        }
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_notebooks_have_comments_too(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Places are those of cells; a comment silences within its cell, and one can be written."""
    file = start / "a.ipynb"
    file.write_text(notebook(IMPORT, "%time t = 1\nu = AIUsageTracker()\nask(u)"))
    status, out, _ = run("--ignore", "AIU003")
    assert (status, "a.ipynb:cell 2:2:5: AIU001" in out) == (1, True)
    assert run("--add-ignores", "why")[0] == 0
    cells = ["".join(one["source"]) for one in json.loads(file.read_text())["cells"]]
    assert cells[0] == f"{IMPORT[:-1]}  # ai-usage: ignore[AIU003] why\n"
    assert "u = AIUsageTracker()  # ai-usage: ignore[AIU001] why" in cells[1]
    file.write_text(notebook(IMPORT, "x = 1  # ai-usage: ignore[AIU001]"))
    assert "a.ipynb:cell 2:1:8: AIU100" in run()[1]
    run("--fix")
    assert json.loads(file.read_text())["cells"][1]["source"] == ["x = 1"]


def test_documents_have_comments_too(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Code in documents and docstrings is silenced where it stands, and its text stays."""
    page = f"# Title\n\n```python\n{IMPORT}t = AIUsageTracker()\nask(t)\n```\nend\n"
    (start / "page.md").write_text(page)
    shown = ">>> t = AIUsageTracker()\n    >>> ask(t)\n"
    module = f'def f():\n    """Do.\n\n    >>> {IMPORT}    {shown}    """\n'
    (start / "a.py").write_text(module)
    arguments = ("--include", "markdown", "--include", "doctests")
    assert run(*arguments)[0] == 1
    assert run(*arguments, "--add-ignores", "shows the old way")[0] == 0
    comment = "  # ai-usage: ignore[AIU001] shows the old way\n"
    assert f"t = AIUsageTracker(){comment}ask(t)\n```\nend\n" in (start / "page.md").read_text()
    assert f"    >>> t = AIUsageTracker(){comment}" in (start / "a.py").read_text()
    (start / "page.md").write_text(page.replace("()\n", "()  # noqa: AIU001, AIU002\n", 1))
    assert "page.md:5:23: AIU100" in run(*arguments)[1]
    run(*arguments, "--fix")
    assert "t = AIUsageTracker()  # noqa: AIU001\nask" in (start / "page.md").read_text()


def test_a_clean_tree_writes_nothing(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Where nothing is found there is neither a journal nor a word about it."""
    (start / "a.py").write_text("x = 1\n")
    for option in (["--fix"], ["--add-ignores", "why"]):
        assert run(*option) == (0, "1 file scanned: nothing to do.\n", "")
    assert not (start / ".ai-usage").exists()


def test_a_notebook_that_cannot_take_a_comment_is_named(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Lines that end with a lone CR are not written anew: the file stays, and fails the run."""
    text = notebook(f"{IMPORT[:-1]}\rask(AIUsageTracker())")
    (start / "a.ipynb").write_text(text)
    status, out, _ = run("--add-ignores", "why")
    assert status == 2
    assert "a.ipynb: failed to edit: its text cannot take a comment" in out
    assert (start / "a.ipynb").read_text() == text


def test_what_is_said_of_a_run_is_said_once(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Files are looked at before and after they are written; a warning is about both."""
    (start / "pyproject.toml").write_text(
        '[tool.ai-usage]\noperations = {nowhere = "an_operation"}\n'
    )
    (start / "a.py").write_text(f"{IMPORT}ask(AIUsageTracker())\n")
    status, _, err = run("--add-ignores", "why")
    assert (status, err.count("warning: ")) == (0, 1)


@pytest.mark.parametrize("part", range(4))
def test_what_is_silenced_is_found_no_more(
    start: Path, run: Callable[..., tuple[int, str, str]], part: int
) -> None:
    """For programs of all kinds: nothing is left, no comment is needless, undo puts all back."""
    every = sorted((Path(__file__).parents[2] / "fixtures/rows").glob("*/before.py"))
    before = {f"{path.parent.name}.py": path.read_bytes() for path in every[part::160]}
    for name, content in before.items():
        (start / name).write_bytes(content)
    status, out, _ = run("--add-ignores", "a fixture")
    assert (status, "nothing to do" in out) == (0, True)
    written = {name: (start / name).read_bytes() for name in before}
    assert run("--fix")[::2] == (0, "")
    assert {name: (start / name).read_bytes() for name in before} == written
    assert written != before
    assert migrate.main(["--undo"]) == 0
    assert {name: (start / name).read_bytes() for name in before} == before

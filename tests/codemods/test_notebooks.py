"""Notebooks as lint reads them."""

import json
from pathlib import Path

import pytest

from codemods import lint, migrate

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
BUILD = "tracker = AIUsageTracker()\n"
SET = "tracker.set_tracking_context(job_id='job-1')\n"


def notebook(path: Path, *cells: str | list[str], **others: object) -> bytes:
    """Write a notebook with the code *cells* to *path*, and return its bytes."""
    found = [{"cell_type": "code", "source": cell, "outputs": []} for cell in cells]
    text = {"cell_type": "markdown", "source": ["# AIUsageTracker()\n"]}
    document = {"cells": [text, *found], "nbformat": 4, **others}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1))
    return path.read_bytes()


def linted(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the places and codes that lint prints."""
    lint.main(["-q", *arguments])
    return [" ".join(line.split()[:3]) for line in capsys.readouterr().out.splitlines()]


def test_places_are_those_of_cells(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding is named by its code cell and the line in it, over names of earlier cells."""
    notebook(start / "n/x.ipynb", [IMPORT], "x = 1", ["y = 2\n", BUILD, SET])
    expected = ["n/x.ipynb:cell 1:1:1: AIU003", "n/x.ipynb:cell 3:2:11: AIU001"]
    assert linted(capsys, "n/x.ipynb")[:2] == expected
    assert linted(capsys, "n")[:2] == expected
    assert linted(capsys, ".")[2] == "n/x.ipynb:cell 3:3:1: AIU002"


@pytest.mark.parametrize(
    "cell",
    [
        "%load_ext autoreload\n",
        "!pip install openai\n",
        "files = !ls\n",
        "spent = %timeit -o f()\n",
        "if True:\n    %time 1\n",
        "!echo a \\\n  b c d\n",
        "tracker?\n",
        "?print\n",
        "%%bash\nfor f in *; do echo $f; done\n",
        "%%time\nx = 1\n",
        "await client\n",
        "def broken(:\n",
        "",
    ],
)
def test_what_only_ipython_understands(
    start: Path, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    """Magics, commands, and cells of other languages hide nothing and move no line."""
    notebook(start / "x.ipynb", cell, IMPORT + BUILD + SET + cell)
    if cell.startswith("%%") or "broken" in cell:
        notebook(start / "x.ipynb", cell, IMPORT + BUILD + SET)
    assert linted(capsys, "x.ipynb") == [
        "x.ipynb:cell 2:1:1: AIU003",
        "x.ipynb:cell 2:2:11: AIU001",
        "x.ipynb:cell 2:3:1: AIU002",
    ]


def test_code_behind_a_magic_of_the_cell(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that is only timed is Python; a text that begins like a magic stays a text."""
    notebook(start / "x.ipynb", "%%time\n" + IMPORT + 't = """\n%s\n"""\n' + BUILD + SET)
    assert [place.rpartition(":")[2] for place in linted(capsys, ".")] == [
        " AIU003",
        " AIU001",
        " AIU002",
    ]


def test_notebook_with_nothing_to_do(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Migrated code and code of something else is clean in both commands."""
    context = "from tracker.ai_usage_context import ai_usage_context\n"
    block = "with ai_usage_context('scan', job_id='a'):\n    pass\n"
    notebook(start / "x.ipynb", context + block, "x = 1")
    assert linted(capsys, ".") == []
    assert migrate.main(["."]) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"cells": [AIUsageTracker', "no valid JSON"),
        (b'["AIUsageTracker"]', "no notebook"),
        (b'{"AIUsageTracker": "\xff"}', "no valid JSON"),
        (b'{"cells": ' + b"[" * 100_000 + b"AIUsageTracker", "no valid JSON"),
        (
            b'{"cells": [{"cell_type": "code", "source": "AIUsageTracker(:"}]}',
            "cell 1: invalid syntax (line 1)",
        ),
    ],
)
def test_broken_notebook(
    start: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    """A file that is no notebook fails with what is wrong, and stops no other file."""
    (start / "x.ipynb").write_bytes(content)
    (start / "y.py").write_text(IMPORT + BUILD + SET)
    assert lint.main(["."]) == 2
    out = capsys.readouterr().out
    assert f"x.ipynb: failed to read: {'' if 'cell' in told else 'the '}" in out
    assert told in out
    assert "y.py:2:1" in out


def test_strange_cells(start: Path) -> None:
    """Cells of no known form, and notebooks without any, hold nothing."""
    cells = [1, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "AIUsageTracker"]}]
    (start / "x.ipynb").write_text(json.dumps({"cells": cells}))
    (start / "y.ipynb").write_text(json.dumps({"metadata": "AIUsageTracker"}))
    assert lint.main(["."]) == 0


def test_older_format(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The third format keeps its cells in worksheets."""
    cell = {"cell_type": "code", "input": [IMPORT, BUILD, SET]}
    document = {"nbformat": 3, "worksheets": [{"cells": [cell]}]}
    (start / "x.ipynb").write_text(json.dumps(document))
    assert linted(capsys, ".")[1] == "x.ipynb:cell 1:2:11: AIU001"


def test_what_a_notebook_uses_of_a_module(start: Path) -> None:
    """A notebook is a file of the project: the names that it takes from a module stay there."""
    (start / "page.py").write_text(
        f"{IMPORT}\n\ndef f():\n    {BUILD}    {SET}    tracker.flush_metrics()\n    g(tracker)\n"
    )
    notebook(start / "x.ipynb", "from page import AIUsageTracker\n", "AIUsageTracker")
    migrate.main(["--runtime", "tracker", "page.py"])
    text = (start / "page.py").read_text()
    assert "with ai_usage_context" in text
    assert "import AIUsageTracker" in text


def test_json_names_the_cell(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the JSON report a finding of a notebook carries its cell."""
    notebook(start / "x.ipynb", IMPORT, BUILD + SET)
    lint.main(["--format", "json", "."])
    [file] = json.loads(capsys.readouterr().out)["files"]
    assert [(f["cell"], f["span"]["line"]) for f in file["findings"]] == [(1, 1), (2, 1), (2, 2)]

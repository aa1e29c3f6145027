"""Notebooks as migrate writes them: source lines of the cells that change, and no other byte."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import legacy_package
from loopback import loopback_server

from codemods import lint, migrate
from codemods.project.notebooks.module import module_of
from codemods.project.notebooks.rewriting import rewritten
from tracker.records import recorder
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
SITE = (
    "tracker = AIUsageTracker()\n"
    "tracker.set_tracking_context(job_id='receipt-scan')\n"
    "answer = client.chat.completions.create(model='gpt-4o-mini', messages=[])\n"
    "tracker.track_openai_completion(lambda: answer)()\n"
    "print(answer.id)"
)
AFTER = (
    "with ai_usage_context('receipt_scan', job_id='receipt-scan') as tracker:\n"
    "    answer = client.chat.completions.create(model='gpt-4o-mini', messages=[])\n"
    "print(answer.id)"
)
STREAM = {"name": "stdout", "output_type": "stream", "text": ["scan\n", "é\n"]}
PICTURE = {"data": {"image/png": "iVBORw0KGgo=\n"}, "metadata": {}, "output_type": "display_data"}


def code(source: str, **more: Any) -> dict[str, Any]:
    """Return a code cell with *source* as Jupyter writes it: a list of its lines."""
    lines = source.splitlines(keepends=True)
    cell = {"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [STREAM]}
    return {**cell, "source": lines, **more}


def document(*cells: dict[str, Any], minor: int = 5, language: str = "python") -> dict[str, Any]:
    """Return a notebook with these *cells*; of format 4.5 with ids."""
    spec = {"display_name": "K", "language": language, "name": "k"}
    if minor >= 5:
        cells = tuple({"id": f"cell-{n}", **cell} for n, cell in enumerate(cells))
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": spec, "zoom": 1.50},
        "nbformat": 4,
        "nbformat_minor": minor,
    }


def written(given: dict[str, Any], **layout: Any) -> str:
    """Return *given* as a text, as Jupyter lays it out where nothing else is said."""
    return json.dumps(given, **{"indent": 1, "ensure_ascii": False, **layout}) + "\n"


TEXT = {
    "cell_type": "markdown",
    "metadata": {},
    "source": ["# AIUsageTracker()\n"],
    "attachments": {"a.png": {"image/png": "iVBORw0KGgo="}},
}
TWO = (code(IMPORT), TEXT, code(SITE, outputs=[STREAM, PICTURE]))
#: Ten notebooks with a site that is rewritten, by what is special about each.
NOTEBOOKS = {
    "4.5 with ids, outputs and an attachment": written(document(*TWO)),
    "4.4 without ids": written(document(*TWO, minor=4)),
    "all in one cell": written(document(code(IMPORT + SITE))),
    "sources as one text": written(document(code(IMPORT), {**code(SITE), "source": SITE})),
    "no layout": written(document(*TWO), indent=None, separators=(",", ":")),
    "tabs": written(document(*TWO), indent="\t"),
    "escaped letters": written(document(*TWO), ensure_ascii=True),
    "lines that end with CR LF": written(document(*TWO)).replace("\n", "\r\n"),
    "a mark, keys sorted, no newline at its end": "\ufeff"
    + written(document(*TWO), sort_keys=True).rstrip(),
    "magics": written(
        document(
            code("%load_ext autoreload\n!pip install openai\n" + IMPORT),
            code("%%time\n" + SITE + "\nfiles = !ls \\\n   -a\n%pwd\nprint?"),
            code("%%bash\necho 'AIUsageTracker()'"),
        )
    ),
}


def sources(text: str) -> list[str]:
    """Return the sources of the cells as Jupyter's own library reads them."""
    return [cell.source for cell in nbformat.reads(text.lstrip("\ufeff"), as_version=4).cells]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_only_source_lines_change(start: Path, name: str) -> None:
    """The site's cell and the import's get their new lines, each written as its neighbours are;
    every other line of the file stays, byte for byte, and a second run is quiet."""
    before = NOTEBOOKS[name]
    (start / "x.ipynb").write_bytes(before.encode())
    assert migrate.main(["x.ipynb"]) == 0
    after = (start / "x.ipynb").read_bytes().decode()
    assert any(AFTER in source for source in sources(after))
    gone = [line for line in before.split("\n") if line not in after.split("\n")]
    come = [line for line in after.split("\n") if line not in before.split("\n")]
    if name not in ("no layout", "sources as one text"):
        assert len(gone) <= 6
        assert all("racker" in line or "client" in line for line in gone)
        assert all("ai_usage_context" in line or "client" in line for line in come)
    without = json.loads(after.lstrip("\ufeff"))
    for cell, old in zip(
        without["cells"], json.loads(before.lstrip("\ufeff"))["cells"], strict=True
    ):
        cell["source"] = old["source"]
    assert without == json.loads(before.lstrip("\ufeff"))
    assert migrate.main(["x.ipynb"]) == 0
    assert (start / "x.ipynb").read_bytes().decode() == after
    assert migrate.main(["--undo"]) == 0
    assert (start / "x.ipynb").read_bytes().decode() == before


def test_magics_stay_where_they_are(start: Path) -> None:
    """Magics of the line and of the cell, and lines that go on, are as they were, but for their
    indentation in a block."""
    cell = "%%time\n" + SITE.replace("answer =", "!ls -l \\\n -a\nanswer =", 1) + "\n%who"
    (start / "x.ipynb").write_text(written(document(code(IMPORT), code(cell))))
    assert migrate.main(["x.ipynb"]) == 0
    after = sources((start / "x.ipynb").read_text())[1].split("\n")
    assert (after[0], after[2:4], after[-1]) == ("%%time", ["    !ls -l \\", " -a"], "%who")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("%time later(tracker)", "crosses-cells"),
        ("x = %timeit -o later(tracker)", "crosses-cells"),
        ("!echo {tracker.current_job_id}", "crosses-cells"),
        ("tracker.flush_metrics(", None),
    ],
)
def test_what_a_magic_uses(
    start: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str | None
) -> None:
    """A magic of a later cell that names the tracker uses it: the site is refused.  A broken cell
    without legacy names hides nothing else."""
    (start / "x.ipynb").write_text(written(document(code(IMPORT), code(SITE), code(line))))
    assert migrate.main(["x.ipynb"]) == (1 if reason else 0)
    assert (f"refused: {reason}" in capsys.readouterr().out) is (reason is not None)


def test_a_use_in_a_later_cell(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A block ends where its cell ends: what a later cell still uses is refused, with its cell."""
    rest = "tracker.track_openai_completion(client.chat.completions.create)(model='m')"
    before = written(document(code(IMPORT), code(SITE), code(rest)))
    (start / "x.ipynb").write_text(before)
    assert migrate.main(["--unsafe", "x.ipynb"]) == 1
    assert "x.ipynb:cell 2:1:11: AIU001" in capsys.readouterr().out
    assert (start / "x.ipynb").read_text() == before


@pytest.mark.parametrize("language", ["R", "julia", "scala"])
def test_other_kernels(start: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    """The code of another kernel is no Python, whatever it looks like: left, and that is said."""
    before = written(document(*TWO, language=language))
    (start / "x.ipynb").write_text(before)
    assert migrate.main(["x.ipynb"]) == 0
    assert lint.main(["x.ipynb"]) == 0
    said = f"x.ipynb: skipped: its kernel runs {language}, and no Python\n"
    assert capsys.readouterr().out.count(said) == 2
    assert (start / "x.ipynb").read_text() == before


def test_cells_with_other_line_ends(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell whose own text has CR cannot be put back line by line: refused, and left."""
    before = written(document(code(IMPORT), code(SITE.replace("\n", "\r\n"))))
    (start / "x.ipynb").write_text(before)
    assert migrate.main(["x.ipynb"]) == 1
    assert "refused: notebook" in capsys.readouterr().out
    assert (start / "x.ipynb").read_text() == before


def test_diff_is_one_of_the_file(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The patch changes the notebook's JSON, as git would show it."""
    (start / "x.ipynb").write_text(NOTEBOOKS["all in one cell"])
    assert migrate.main(["--diff", "x.ipynb"]) == 1
    shown = capsys.readouterr().out
    assert '-    "tracker = AIUsageTracker()\\n",' in shown
    assert (
        "+    \"with ai_usage_context('receipt_scan', job_id='receipt-scan') as tracker:\\n\","
        in shown
    )


@contextlib.contextmanager
def shell() -> Iterator[InteractiveShell]:
    """Give a real shell of IPython with a real client; ``__main__`` is then as it was."""
    main = sys.modules["__main__"]
    with loopback_server() as server:
        arguments = {"api_key": "unused", "base_url": server.base_url, "max_retries": 0}
        with openai.OpenAI(**arguments) as client:
            made = InteractiveShell()
            made.user_ns["client"] = client
            try:
                yield made
            finally:
                sys.modules["__main__"] = main  # where the shell has put a module of its own


@pytest.mark.parametrize("name", ["magics", "all in one cell"])
def test_cells_run_as_before(start: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython runs the cells before and after with the same metrics and the same answers."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    (start / "x.ipynb").write_text(NOTEBOOKS[name].replace("!pip install openai", "!true"))
    seen = []
    for _ in range(2):
        text = (start / "x.ipynb").read_text()
        output = io.StringIO()
        with legacy_package(), shell() as ipython, capture() as captured:
            with contextlib.redirect_stdout(output):
                for cell in nbformat.reads(text, as_version=4).cells:
                    if cell.cell_type == "code" and "autoreload" not in cell.source:
                        ipython.run_cell(cell.source).raise_error()
                    elif cell.cell_type == "code":
                        ipython.run_cell(cell.source.partition("\n")[2]).raise_error()
            recorder.settle_all()
            seen.append([(m.model, m.input_tokens, m.job_id, m.user_id) for m in captured])
        assert "answer" in ipython.user_ns
        migrate.main(["--runtime", "tracker", "x.ipynb"])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1


line = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r"), max_size=12)
cell = st.lists(line, max_size=5).map("\n".join)


@given(st.lists(cell, max_size=4), st.booleans(), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_code_that_stays(texts: list[str], ascii_: bool, indent: Any, as_lists: bool) -> None:
    """Whatever the cells hold and however they are written: code that stays is the same bytes,
    and a changed line of the first cell is read back as it was put."""
    cells = [code(text) if as_lists else {**code(text), "source": text} for text in texts]
    raw = written(document(*cells), indent=indent, ensure_ascii=ascii_)
    module = module_of(raw.encode())
    assert rewritten(module, module.text) == raw
    if not texts or "magic" in module.texts[0] or not module.texts[0].partition("\n")[2].strip():
        return
    marker, _, body = module.texts[0].partition("\n")
    changed = f"{marker}\nx = 1\n{body}{''.join(module.texts[1:])}"
    after = rewritten(module, changed)
    assert after is not None
    found = json.loads(after)["cells"]
    assert "".join(found[0]["source"]) == "x = 1\n" + body[:-1]
    assert [one["source"] for one in found[1:]] == [
        one["source"] for one in json.loads(raw)["cells"][1:]
    ]

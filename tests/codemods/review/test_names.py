"""Names that a person gives: validated, shown, kept in the configuration, and given again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from reviewing import (
    CONTEXT,
    FILES,
    IMPORT,
    PROJECT,
    Reviewed,
    function,
    project,
    texts,
    written,
)

from codemods import migrate
from codemods.project import operation_names
from codemods.project.config import ConfigError
from codemods.project.operation_names import with_names

if TYPE_CHECKING:
    from pathlib import Path

ONE = {"app/__init__.py": "", "app/a.py": FILES["app/second.py"], "pyproject.toml": PROJECT}
KEPT = '\n[tool.ai-usage.operations]\n"app.a:total_up" = "receipt_total"\n'


def again(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Migrate the files of *folder* as they were with the configuration as it is now.

    Return the warnings.
    """
    table = (folder / "pyproject.toml").read_text()
    with contextlib.chdir(folder):
        migrate.main(["--undo"])
        (folder / "pyproject.toml").write_text(table)
        capsys.readouterr()
        migrate.main(["."])
    return capsys.readouterr().err


def test_a_name_is_shown_kept_and_given_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next run, that asks nobody, makes the same text; the rest of the file is as it was."""
    folder = project(tmp_path, ONE)
    run = Reviewed(folder, "e\nreceipt_total\ny\n")
    assert (run.status, run.asked) == (0, 2)
    assert '+    with ai_usage_context("receipt_total", job_id' in run.said
    assert "The names that you gave are in pyproject.toml." in run.said
    wanted = CONTEXT + written("total_up", "total-1", "receipt_total")
    found = {"app/a.py": wanted, "pyproject.toml": PROJECT + KEPT}
    assert texts(folder, ONE) == {**ONE, **found}
    assert again(folder, capsys) == ""
    assert texts(folder, ONE) == {**ONE, **found}


@pytest.mark.parametrize("name", ["Total", "up", "9_lives", "a-b", "x" * 51, "total__up", "tot al"])
def test_a_name_is_what_the_configuration_takes(tmp_path: Path, name: str) -> None:
    """Anything else is told, and asked for again; nothing leaves it as it is."""
    folder = project(tmp_path, ONE)
    run = Reviewed(folder, f"e\n{name}\n\ny\n")
    assert run.said.count("Name of the block at line 5 (now total_up, in app.a:total_up)") == 2
    assert "is no operation: write 3 to 50 characters in snake case" in run.said
    found = texts(folder, ONE)
    assert found == {**ONE, "app/a.py": CONTEXT + written("total_up", "total-1")}


def test_a_name_for_what_is_refused_is_not_kept(tmp_path: Path) -> None:
    """The configuration speaks of nothing that was not made."""
    folder = project(tmp_path, ONE)
    assert Reviewed(folder, "e\nreceipt_total\nn\n").status == 1
    assert texts(folder, ONE) == ONE


def test_a_comment_is_stronger_than_a_name(tmp_path: Path) -> None:
    """It is told, and the block has the name that the comment asks for."""
    text = FILES["app/second.py"].replace(
        "    tracker.set", "    # ai-usage: operation=asked_for\n    tracker.set"
    )
    folder = project(tmp_path, {**ONE, "app/a.py": text})
    run = Reviewed(folder, "e\nreceipt_total\ny\n")
    assert "A comment there names the operation: change that." in run.said
    assert "asked_for" in (folder / "app/a.py").read_text()
    assert (folder / "pyproject.toml").read_text() == PROJECT


def test_a_name_needs_a_file_that_keeps_it(tmp_path: Path) -> None:
    """Without a pyproject.toml it is told what to do, and the review goes on."""
    folder = project(tmp_path, ONE)
    (folder / "pyproject.toml").unlink()
    run = Reviewed(folder, "e\nreceipt_total\ny\n")
    assert "none is above a.py" in run.said
    assert "# ai-usage: operation=NAME" in run.said
    assert (run.status, run.asked) == (0, 2)
    assert not (folder / "pyproject.toml").exists()


def test_a_file_that_the_run_may_not_write_keeps_no_name(tmp_path: Path) -> None:
    """The table lies above where the run was started: it is told where to start it."""
    folder = project(tmp_path, ONE)
    run = Reviewed(folder / "app", "e\nreceipt_total\ny\n")
    assert f"Start it in {folder}" in run.said
    assert (folder / "pyproject.toml").read_text() == PROJECT


def test_a_name_needs_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can edit TOML, it is told what to install."""
    monkeypatch.setattr(operation_names, "find_spec", lambda name: None)
    folder = project(tmp_path, ONE)
    run = Reviewed(folder, "e\nreceipt_total\ny\n")
    assert "pip install 'ai-usage-suite[interactive]'" in run.said
    assert (folder / "pyproject.toml").read_text() == PROJECT


def test_code_in_no_function_has_a_name_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is that of the module's code, and of no function that is called like the module."""
    body = function("total_up", "total-1").replace("client, text", "").replace("    ", "")
    text = IMPORT + "from llm import client\n" + "\n".join(body.split("\n")[3:])
    text = text.replace("return client", "client").replace("[text]", "[]")
    folder = project(tmp_path, {"total.py": text, "pyproject.toml": PROJECT})
    assert Reviewed(folder, "e\nreceipt_total\ny\n").status == 0
    assert '"total:<module>" = "receipt_total"' in (folder / "pyproject.toml").read_text()
    made = (folder / "total.py").read_text()
    assert 'with ai_usage_context("receipt_total", job_id="total-1") as tracker:' in made
    assert again(folder, capsys) == ""
    assert (folder / "total.py").read_text() == made


def test_all_blocks_of_a_function_have_its_name(tmp_path: Path) -> None:
    """The one that was accepted before is another now, and asked about again."""
    second = (
        function("total_up", "two")
        .replace("tracker =", "other =")
        .replace("tracker.set", "other.set")
    )
    text = IMPORT + function("total_up", "one").replace("return client", "client")
    text += "".join(second.splitlines(keepends=True)[3:])
    folder = project(tmp_path, {**ONE, "app/a.py": text})
    run = Reviewed(folder, "y\ne\nreceipt_total\ny\ny\n")
    assert run.asked == 4
    assert "The rewrite at app/a.py:5 is another one now, and is asked about again." in run.said
    assert (folder / "app/a.py").read_text().count('ai_usage_context("receipt_total"') == 2


NAMES = {"app.a:scan": "receipt_scan"}
TABLE = "[tool.ai-usage.operations]\n"
LINE = '"app.a:scan" = "receipt_scan"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{TABLE}{LINE}"),
        ("[tool.ai-usage]\nruntime = 'tracker' # ours\n", None),
        (
            "[tool.ai-usage.operations]\n# a\n\"b:c\"   = 'x_y'  # d\n",
            f"[tool.ai-usage.operations]\n# a\n\"b:c\"   = 'x_y'  # d\n{LINE}",
        ),
        ('[tool]\nai-usage = {operations = {"b:c" = "x_y"}}\n', None),
        ('[tool.ai-usage]\noperations."b:c" = "x_y"\n[[later]]\nz = 1\n', None),
        ("[tool.a]\nx = 1\n[other]\n[tool.b]\ny = 1\n", None),
        (
            '[tool.ai-usage.operations]\n"app.a:scan" = "older_name"\n',
            f"{TABLE}{LINE}",
        ),
    ],
)
def test_names_are_added_to_any_layout(tmp_path: Path, before: str, after: str | None) -> None:
    """What was in the file is in it, line by line, and the name beside it."""
    made = with_names(before.encode(), NAMES, tmp_path / "pyproject.toml").decode()
    assert "app.a:scan" in made
    if after is not None:
        assert made == after
    else:
        lines = [one for one in before.splitlines() if "{" not in one]
        assert [one for one in made.splitlines() if one in lines] == lines


def test_names_have_the_file_s_own_line_ends(tmp_path: Path) -> None:
    """A file of CRLF stays one."""
    made = with_names(b"[tool.other]\r\nx = 1\r\n", NAMES, tmp_path / "pyproject.toml")
    assert made.count(b"\n") == made.count(b"\r\n") > 2


@pytest.mark.parametrize("content", [b"x = ", b"\xff", b"[tool]\nai-usage = 1\n", b"tool = 1\n"])
def test_what_is_no_table_keeps_no_name(tmp_path: Path, content: bytes) -> None:
    """It is told, and nothing of the file is changed."""
    with pytest.raises(ConfigError):
        with_names(content, NAMES, tmp_path / "pyproject.toml")

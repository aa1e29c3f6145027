"""Reports in files, and in formats that something else reads: texts of a tree stay texts."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

from typing import TYPE_CHECKING

from many_cases import each_of
from runners import azure, github
from samples import EVIL, hostile

from codemods import lint
from codemods.report import display
from codemods.report.formats import FORMATS, Look, rendered

if TYPE_CHECKING:
    import pytest


def test_a_link_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T48: what a link of the tree leads to is as before, and the report stands in its place."""
    outside = tmp_path / "outside"
    outside.write_text("mine\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text("x = 1\n")
    (tree / "out.json").symlink_to(outside)
    monkeypatch.chdir(tree)
    assert lint.main(["--report", "json=out.json", "."]) == 0
    assert outside.read_text() == "mine\n"
    assert not (tree / "out.json").is_symlink()
    assert (tree / "out.json").read_text().startswith("{")


def test_a_report_is_there_whole_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T48: where it cannot be finished, what was there stays, and nothing is left beside it."""
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x = 1\n")
    Path("out.json").write_text("old\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("codemods.cli.publishing.os.fsync", full)
    assert lint.main(["--report", "json=out.json", "."]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "out.json"]
    assert Path("out.json").read_text() == "old\n"


@each_of("name", FORMATS)
def test_texts_end_nothing(name: str) -> None:
    """T49: commands, elements and fences are as many as the places, and no text opens one."""
    text = rendered(hostile(), name, Look())
    assert not re.search(r"^(::error file=x|b\]\]>)", text, re.MULTILINE)
    match name:
        case "github":
            assert len(github(text)) == 6
        case "azure":
            assert len(azure(text)) == 6
        case "junit" | "checkstyle":
            root = ElementTree.fromstring(text)
            assert display.line(EVIL) in {
                value for one in root.iter() for value in one.attrib.values()
            }
        case "markdown":
            code = r"<code>.*?</code>|\\[!-/:-@\[-`{-~]|(`+)(?!`).+?(?<!`)\1(?!`)"
            assert "@ops" not in re.sub(code, "", text, flags=re.DOTALL)
        case _:
            assert display.lines(text, keep="\n") == text

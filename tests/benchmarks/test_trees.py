"""The trees to measure on: valid programs, the same each time, with what they are said to have."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from many_cases import each_of

from benchmarks import trees
from benchmarks.programs import growth, legacy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

NEEDLE = "AIUsageTracker"
MAKERS: dict[str, Callable[[], Iterator[trees.File]]] = {
    "wide": lambda: trees.wide(60, 0.1),
    "dense": lambda: trees.dense(20),
    **{
        one.name: lambda name=one.name: trees.family(name, 5)
        for one in growth.FAMILIES
        if one.name != "large file"
    },
}


def modules(files: Iterator[trees.File]) -> dict[str, str]:
    """Return the texts of the Python files of a tree, by path."""
    return {path: text for path, text in files if path.endswith(".py")}


@each_of("name", MAKERS)
def test_every_module_is_valid_and_the_same_again(name: str) -> None:
    """All texts parse, no path is there twice, and a second call gives the same bytes."""
    made = list(MAKERS[name]())
    assert made == list(MAKERS[name]())
    assert len(dict(made)) == len(made)
    for path, text in modules(iter(made)).items():
        ast.parse(text, path)


def test_another_seed_gives_another_tree() -> None:
    """The seed decides what is written."""
    assert dict(trees.dense(3, seed=1)) != dict(trees.dense(3))
    assert dict(trees.wide(5, seed=1)) != dict(trees.wide(5))


@each_of(("files", "share"), [(80, 0.05), (100, 0.01), (90, 0.0)])
def test_a_wide_tree_has_as_many_modules_and_legacy_ones_as_asked(files: int, share: float) -> None:
    """The numbers are exact, and a clean tree has no name of the API in any text."""
    made = modules(trees.wide(files, share))
    assert len(made) == files
    assert sum(NEEDLE in text for text in made.values()) == round(files * share)


def test_sizes_of_a_wide_tree_vary() -> None:
    """Small modules are the most, some are several times as long, and no two are alike."""
    texts = [text for text in modules(trees.wide(200, 0.0)).values() if text]
    lengths = sorted(text.count("\n") for text in texts)
    assert lengths[len(lengths) // 2] < 200
    assert lengths[-1] > 500
    assert len(set(texts)) == len(texts)


def test_every_module_of_a_dense_tree_has_legacy_code() -> None:
    """As many modules as asked, of 200 lines on average; empty package files come on top."""
    texts = modules(trees.dense(100)).values()
    made = [text for text in texts if NEEDLE in text]
    assert len(made) == 100
    assert 180 < sum(text.count("\n") for text in made) / len(made) < 220
    assert [t for t in texts if t and NEEDLE not in t and "class Row" not in t] == []


def test_both_kinds_of_sites_are_what_they_are_said_to_be(tmp_path: Path) -> None:
    """Alone in its file, each shape is rewritten, or refused for a reason of its own."""
    random = Random(0)
    home = trees.OLD_HOMES[1]
    shapes = [*legacy.REWRITTEN, *legacy.REFUSED]
    files = [("rows.py", ""), ("asking.py", legacy.asking(home))]
    for number, shape in enumerate(shapes):
        _, text = legacy.site_of(shape, random)
        begin = "import logging\n" + legacy.imports(home, "asking", "rows")
        files.append((f"shape_{number:02}.py", f"{begin}\nlogger = logging.getLogger()\n{text}"))
    trees.write(tmp_path, files)
    command = [sys.executable, "-m", "codemods.migrate", "--check", "--format", "json", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    report = {one["path"]: one for one in json.loads(done.stdout)["files"]}
    refused = [
        [one["reason"] for one in report[f"shape_{number:02}.py"].get("refusals", ())]
        for number in range(len(shapes))
    ]
    count = len(legacy.REWRITTEN)
    assert refused[:count] == [[]] * count
    assert all(refused[count:])
    assert len({reason for reasons in refused for reason in reasons}) >= 5


@each_of("family", growth.FAMILIES)
def test_a_family_doubles_up_to_eight_times_what_was_slow(family: growth.Family) -> None:
    """Sizes are half, once, twice, four and eight times the largest that was seen."""
    sizes = family.sizes()
    assert sizes[-1] == 8 * family.seen
    assert all(later == 2 * earlier for earlier, later in pairwise(sizes))


def test_the_command_writes_the_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m benchmarks.trees`` writes the files, and says how many lines they have."""
    trees.main(["dense", str(tmp_path / "tree"), "--files", "3"])
    written = {p.relative_to(tmp_path / "tree").as_posix() for p in tmp_path.rglob("*.*")}
    assert written == dict(trees.dense(3)).keys()
    assert capsys.readouterr().out.split()[1] == "lines"

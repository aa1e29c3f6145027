"""The figures of the code are counted rightly: small packages of which every number is known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from many_cases import each_of

from benchmarks import figures, terms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = {
    "one/__init__.py": "",
    "one/first.py": "from one import second\n",
    "one/second.py": "def work():\n    from one.third import Thing\n    return Thing\n",
    "one/third.py": (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .first import second\n"
        "\n\nclass Thing:\n    def act(self, x):\n"
        "        if x:\n            return 1\n        return 2\n"
    ),
    "one/alone.py": "import os\nimport one.first\n",
    "two/__init__.py": "from two.inner import VALUE\n",
    "two/inner/__init__.py": "VALUE = 1\n",
    "two/inner/part.py": "from .. import VALUE\nfrom . import other as another\n",
    "two/inner/other.py": "from two import inner\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout of two small packages."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def found(root: Path) -> Mapping[str, figures.Figure]:
    """The figures of both packages, by name."""
    return {one.name: one for one in figures.figures(root, ("one", "two"))}


def test_imports_in_functions_and_for_types_count(found: Mapping[str, figures.Figure]) -> None:
    """A circle of which one arrow is in a function and one for types only is one."""
    assert found["import cycles"].value == 1
    assert found["import cycles"].places == ("one.first, one.second, one.third",)
    assert found["modules in a cycle"].value == 3
    assert "one.third imports one.first" in found["modules in a cycle"].places[2]


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("one.alone", {"one.first"}),
        ("two", {"two.inner"}),
        ("two.inner.part", {"two", "two.inner.other"}),
        ("two.inner.other", {"two.inner"}),
    ],
)
def test_an_import_is_of_the_module_that_is_named(
    root: Path, name: str, imported: set[str]
) -> None:
    """A module where the name is one, else the package; relative imports, and none of others."""
    known = {module.name: module for module in figures.modules(root, ("one", "two"))}
    assert figures.imports(known[name], known) == imported


def test_cycles_are_told_apart() -> None:
    """Two circles are two, a module that imports itself is one, and a way back is needed."""
    arrows = {
        "a": {"b"},
        "b": {"a", "c"},
        "c": {"d"},
        "d": {"e"},
        "e": {"c"},
        "f": {"f"},
        "g": {"a"},
    }
    assert figures.cycles(arrows) == [["c", "d", "e"], ["a", "b"], ["f"]]


def test_lengths_complexity_and_folders(found: Mapping[str, figures.Figure]) -> None:
    """The longest module, function and folder, and the most complex function."""
    assert found["lines of a module, most"].value == 11
    assert found["lines of a module, median"].value == 1
    assert found["lines of a function, most"].value == 4
    assert found["cyclomatic complexity, most"].value == 2
    assert found["modules of a folder, most"].value == 5


def test_what_is_too_large_is_listed(tmp_path: Path) -> None:
    """A place and its number, the largest first."""
    (tmp_path / "big").mkdir()
    for name, lines in (("long", 401), ("longer", 500), ("fits", 400)):
        (tmp_path / "big" / f"{name}.py").write_text("x = 1\n" * lines)
    [lengths] = [f for f in figures.figures(tmp_path, ("big",)) if f.name.endswith("module, most")]
    assert lengths.places == ("big/longer.py: 500", "big/long.py: 401")
    assert not lengths.is_met


@each_of(("share", "value"), [(0.95, 19), (0.5, 10), (1.0, 20)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    """The smallest that so many of a hundred do not exceed."""
    assert figures.percentile(range(1, 21), share) == value


@each_of(
    ("name", "words"),
    [
        ("settle_all", ["settle", "all"]),
        ("AsyncTap", ["async", "tap"]),
        ("HTTPSeam2", ["http", "seam"]),
        ("_PLAIN_FIELDS", ["plain", "fields"]),
        ("explain", ["explain"]),
    ],
)
def test_words_of_a_name(name: str, words: list[str]) -> None:
    """Both ways of writing names, with abbreviations and numbers."""
    assert terms.words(name) == words


@each_of(
    ("text", "found"),
    [
        ("def settled(): pass\n", ["settled"]),
        ("class Bookkeeper: pass\n", ["bookkeeper"]),
        ("def f(*, strong=1): pass\n", ["strong"]),
        ("lives, deaths = 1, 2\n", ["lives"]),
        ("self.in_shape = 1\n", ["shape"]),
        ("import a as seam\n", ["seam"]),
        ("for fact in x: pass\n", ["fact"]),
        ("def f(): pass\nkept = f\nkept = 2\n", ["kept"]),
        ("x = y.casefold()\nprint(tally, 'tap guard')\n", []),
        ("lifetime = explained = shapely = 1\n", []),
        ("suite = 1\n", ["suite"]),
        ("import libcst as cst\nsuite = 1\nplain = 2\n", ["plain"]),
    ],
)
def test_names_that_are_given_have_no_forbidden_word(text: str, found: list[str]) -> None:
    """Definitions, parameters, assignments and aliases; uses, texts and longer words are none."""
    assert [word for word, _ in terms.forbidden_names("a/b.py", ast.parse(text))] == found


def test_the_path_of_a_module_is_a_name_too() -> None:
    """With the folders that it is in; it has no line."""
    found = list(terms.forbidden_names("a/settling/taps.py", ast.parse("")))
    assert found == [
        ("settling", "a/settling/taps.py"),
        ("taps", "a/settling/taps.py"),
    ]


def test_the_command_prints_goals_and_places(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each figure with ok or missed, and the places below it; 1 if one is missed."""
    assert figures.main([str(root), "--package", "one", "--list"]) == 1
    printed = capsys.readouterr().out
    assert (
        "import cycles                           1   at most   0   MISSED\n    one.first, "
        in printed
    )
    assert "modules of a folder, most               5   at most  14   ok" in printed
    assert figures.main([str(root), "--package", "two"]) == 0

"""A rule is a file of its folder, and writes nothing that rules read.  Invariants R1 and R2."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from source_tree import ROOT, Module, imports_of, source_modules, walked, within

sys.path.insert(0, str(ROOT))

from many_cases import each_of

from codemods.rules import across, contexts, lint, patterns
from codemods.rules.engine import LINT_RULES, ORDER, RULES, RULES_ACROSS
from codemods.rules.rule import Sites, modules_of
from tests.rule_pages import outdated

if TYPE_CHECKING:
    from types import ModuleType

#: The folders of rules, with the function that each rule has and what it takes.
FOLDERS = {
    patterns: ("decide", ["semantic", "open_sites"]),
    contexts: ("decide", ["semantic", "open_sites"]),
    lint: ("find", ["semantic", "told"]),
    across: ("decide", ["files", "mentioning"]),
}
PARTS = ("What it does ", "Why ", "Before ", "After ", "Safety ")
CODE = re.compile(r"AIU\d{3}")
CHANGING = frozenset(
    (
        "add append clear discard extend insert pop popitem remove reverse setdefault sort update"
    ).split()
)
RULE_MODULES = [module for folder in FOLDERS for module in modules_of(folder)]


def writes(tree: ast.Module) -> list[str]:
    """Return where a module changes what it reaches through an object that is not its own.

    That is an assignment to a field of, or an item in a field of, anything but ``self``, and the
    call of a method that changes such a field.
    """
    found = []
    for node in walked(tree):
        target: ast.expr | None = None
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            target = node if isinstance(node, ast.Attribute) else node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func.value if node.func.attr in CHANGING else None
        while (found_in := _holder(target)) is not None:
            target = found_in
        if isinstance(target, ast.Attribute) and not ast.unparse(target).startswith("self."):
            found.append(f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)}")
    return found


def _holder(value: ast.expr | None) -> ast.expr | None:
    """Return what *value* is taken out of: a list by its index, a dictionary's item by a method."""
    if isinstance(value, ast.Subscript):
        return value.value
    called = value.func if isinstance(value, ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr in ("get", "setdefault"):
        return called.value
    return called


@each_of("rule", RULE_MODULES)
def test_a_rule_has_its_page_its_code_and_its_function(rule: ModuleType) -> None:
    """R1: its docstring has the parts of a page, and its function the signature of its folder."""
    folder = next(f for f in FOLDERS if within(rule.__name__, f.__name__))
    name, parameters = FOLDERS[folder]
    lines = [line for line in (rule.__doc__ or "").splitlines() if line[:1].isupper()]
    assert [p for p in PARTS if not any(line.startswith(p) for line in lines)] == []
    assert list(inspect.signature(getattr(rule, name)).parameters) == parameters
    assert CODE.fullmatch(rule.CODE)
    assert name == "find" or folder is across or rule.TAKES in Sites


def test_rules_are_found_by_their_folder() -> None:
    """R1: the engine has each module of the folders, and asks each kind of them once."""
    assert [*RULES, *LINT_RULES, *RULES_ACROSS] == [
        module for folder in (contexts, patterns, lint, across) for module in modules_of(folder)
    ]
    assert sorted(ORDER, key=lambda kind: kind.value) == list(Sites)


def test_no_rule_is_passed_over() -> None:
    """R1: each file below a folder of rules is one, in whatever folder there it stands."""
    places = [Path(place) for folder in FOLDERS for place in folder.__path__]
    files = {file for place in places for file in place.rglob("*.py")}
    assert {Path(rule.__file__ or "") for rule in RULE_MODULES} == {
        file for file in files if file.name != "__init__.py"
    }


def test_rules_are_found_in_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R1: a full folder of rules may have folders of its own; a broken one is never let go."""
    for name in ("parted", "parted/blocks", "parted/blocks/inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    for name in ("second.py", "blocks/empty.py", "blocks/inner/deep.py"):
        (tmp_path / "parted" / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    package = import_module("parted")
    found = ["parted.blocks.empty", "parted.blocks.inner.deep", "parted.second"]
    assert [module.__name__ for module in modules_of(package)] == found
    (tmp_path / "parted/broken").mkdir()
    (tmp_path / "parted/broken/__init__.py").write_text("import parted.gone\n")
    invalidate_caches()
    with pytest.raises(ImportError):
        modules_of(package)


def test_the_pages_are_what_the_docstrings_say() -> None:
    """R1: docs/rules and the table of names are made by ``python -m tests.rule_pages --update``."""
    assert outdated() == []


def test_nothing_imports_a_rule() -> None:
    """R1: no module names a rule, so that a new one is a file and nothing else."""
    names = {rule.__name__ for rule in RULE_MODULES}
    found = [
        f"{module.path}:{one.line} imports {one.target}"
        for module in source_modules(packages=("codemods",))
        for one in imports_of(module)
        if any(within(one.target, name) for name in names)
    ]
    assert found == []


def test_rules_write_nothing_that_rules_read() -> None:
    """R2: no module of the rules changes a field of an object that it was given."""
    modules = [m for m in source_modules() if within(m.name, "codemods.rules")]
    assert [f"{m.path}:{place}" for m in modules for place in writes(m.tree)] == []


@each_of(
    ("text", "count"),
    [
        ("semantic.holders[finding] = 1", 1),
        ("flow.escapes.clear()", 1),
        ("lifetime.sets = []", 1),
        ("del a.b", 1),
        ("a.b[0].c.append(1)", 1),
        ("a.b.setdefault(1, []).append(1)", 2),
        ("self.x = 1; self.y[0] = 1; found.append(1); found[1] = a.b; a.b.index(1)", 0),
    ],
)
def test_a_write_is_seen(text: str, count: int) -> None:
    """Fields that are given, changed or taken away count; own variables and reads do not."""
    assert len(writes(Module("x", "x.py", text).tree)) == count

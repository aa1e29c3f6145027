"""What is said of each version of Python holds on the one that runs; each line of it is asked."""

from __future__ import annotations

import ast
import symtable
import sys
import tomllib
import warnings
from dataclasses import fields
from pathlib import Path

import pytest
from many_cases import each_of

from codemods import interpreter
from codemods.interpreter import Language, language

HERE = language()


def parses(text: str) -> bool:
    """Whether the running interpreter knows the syntax of *text*."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _comprehension_tables() -> bool:
    top = symtable.symtable("def f(x): return [y for y in x]", "f", "exec")
    return any(table.get_children() for table in top.get_children() if table.get_name() == "f")


def _late_annotations() -> bool:
    names: dict[str, object] = {}
    try:
        exec(compile("def f(x: missing): ...", "f", "exec", dont_inherit=True), names)
    except NameError:
        return False
    return True


def _tables_refuse_await() -> bool:
    try:
        symtable.symtable("await x", "f", "exec")
    except SyntaxError:
        return True
    return False


def _warns_of_finally() -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile("def f():\n    try: pass\n    finally: return 1", "f", "exec")
    return any("finally" in str(warning.message) for warning in caught)


QUESTIONS = {
    "comprehension_tables": _comprehension_tables,
    "nested_quotes": lambda: parses("f'{x['y']}'"),
    "type_parameters": lambda: parses("def f[T](x: T): ...\ntype X = int"),
    "type_parameter_defaults": lambda: parses("def f[T = int](): ..."),
    "late_annotations": _late_annotations,
    "template_strings": lambda: parses("t'{x}'"),
    "bare_except_lists": lambda: parses("try: pass\nexcept A, B: pass"),
    "warns_of_finally": _warns_of_finally,
    "tables_refuse_await": _tables_refuse_await,
}


@each_of("name", [field.name for field in fields(Language)])
def test_what_is_said_of_the_running_version_holds(name: str) -> None:
    """The interpreter itself answers each line of the record."""
    assert QUESTIONS[name]() == getattr(HERE, name)


@each_of(
    "text", ["await x", "async with x:\n    pass", "y = [z async for z in x]", "def f(): pass"]
)
def test_await_outside_of_functions_is_declared_well(text: str) -> None:
    """What cells may hold is no wrong declaration, whatever the tables make of it."""
    interpreter.check_declarations(text, "cell")


@pytest.mark.parametrize("text", ["await x\nnonlocal y", "def f():\n    x = 1\n    global x\n"])
def test_wrong_declarations_are_refused(text: str) -> None:
    """A declaration that no version takes is an error, beside ``await`` too."""
    with pytest.raises(SyntaxError, match=r"nonlocal|global"):
        interpreter.check_declarations(text, "cell")


@each_of("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_newer_versions_lose_nothing_but_tables(version: tuple[int, int]) -> None:
    """A syntax that came stays: what reads 3.11 reads it on every version that is claimed."""
    older, newer = language(version), language((version[0], version[1] + 1))
    kept = [f.name for f in fields(Language) if f.name != "comprehension_tables"]
    assert all(getattr(newer, name) for name in kept if getattr(older, name))


def nested(count: int) -> str:
    """Return a function of *count* blocks inside each other."""
    lines = [f"{' ' * n}    with x:\n" for n in range(count)]
    return "def f(x):\n" + "".join(lines) + " " * (count + 4) + "pass\n"


def test_blocks_that_a_function_may_nest() -> None:
    """20 up to 3.11, 21 from 3.13 on; 3.12 changed from one to the other in a bugfix release."""
    expected = {(3, 11): {20}, (3, 12): {20, 21}}.get(sys.version_info[:2], {21})
    assert interpreter.most_blocks() in expected
    assert interpreter.compiles(nested(interpreter.most_blocks()), everywhere=False)
    assert not interpreter.compiles(nested(interpreter.most_blocks() + 1), everywhere=False)


@each_of(
    "around",
    [
        "{}",
        '"""Text."""\nfrom __future__ import annotations\n{}',
        "class C:\n    x = 1\n{}",
        "async def g():\n    await x\n{}",
        "from x import *\n{}",
    ],
)
def test_what_compiles_everywhere_is_the_same_on_every_version(around: str) -> None:
    """The fewest blocks count, wherever the function stands, whatever this version takes."""
    assert interpreter.compiles(around.format(nested(interpreter.FEWEST_BLOCKS)))
    assert not interpreter.compiles(around.format(nested(interpreter.FEWEST_BLOCKS + 1)))


def test_the_classifiers_name_the_versions() -> None:
    """The package says that it runs on the versions of this record, and on no other."""
    root = Path(__file__).resolve().parents[2]
    said = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    named = [c.rpartition(" ")[2] for c in said["classifiers"] if ":: Python :: 3." in c]
    (major, oldest), (_, newest) = interpreter.OLDEST, interpreter.NEWEST
    assert named == [f"{major}.{minor}" for minor in range(oldest, newest + 1)]
    assert said["requires-python"] == f">={major}.{oldest}"


def test_no_other_module_compares_versions() -> None:
    """What depends on the version is said in one module of each package."""
    root = Path(__file__).resolve().parents[2]
    sources = [
        path for package in ("codemods", "tracker") for path in (root / package).rglob("*.py")
    ]
    asking = {
        path.relative_to(root).as_posix() for path in sources if "version_info" in path.read_text()
    }
    assert asking == {"codemods/interpreter.py", "tracker/config/interpreter.py"}

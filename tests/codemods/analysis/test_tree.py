"""What is inside of a node, and what a file imports, as the interpreter's own walk has it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.analysis.external.names import imported
from codemods.analysis.syntax.calls import last_name, spelled_name
from codemods.analysis.syntax.tree import SHARED, children, index, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

PROGRAM = """\
import a, b.c as d
from . import e
from ..f import g as h
from ..f import *
async def run(x, /, y: int = 1, *z, k=None, **rest):
    match x:
        case [1, {"a": s, **t}, P(q=u)] | None if y:
            import in_case
    try:
        import in_try
    except* ValueError as error:
        import in_handler
    else:
        async with m as n, o: import in_block
    return [*p, {**q}, lambda r=1: (yield), f"{x!r:>{y}}", x if y else z, not -x @ y << 2]
class C(B, metaclass=M):
    from in_class import name
"""


def _inside(nodes: Iterable[ast.AST]) -> list[ast.AST]:
    """Return *nodes* without contexts and operators, which are shared."""
    return [node for node in nodes if type(node) not in SHARED]


def test_children_are_those_of_the_interpreter() -> None:
    """Of every node of a program, and of a long module, in the same order, without operators."""
    for text in (PROGRAM, Path(ast.__file__).read_text()):
        for node in ast.walk(ast.parse(text)):
            assert list(children(node)) == _inside(ast.iter_child_nodes(node))
            assert children(node) is children(node)
        tree = ast.parse(text)
        assert walk(tree) == _inside(ast.walk(tree))


def test_an_index_has_the_nodes_of_a_walk_by_their_kinds() -> None:
    """All but the module itself, each kind in the order of the walk, several kinds together too."""
    tree = ast.parse(PROGRAM)
    every = _inside(ast.walk(tree))[1:]
    assert index(tree).nodes == every
    assert index(tree) is index(tree)
    for kind in {type(node) for node in every}:
        assert index(tree).every(kind) == [node for node in every if type(node) is kind]
    assert index(tree).of(ast.Import, ast.ImportFrom, ast.Set) == [
        node for node in every if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert index(tree).of(ast.Set, ast.Delete) == []


def test_imports_are_found_wherever_they_stand() -> None:
    """In blocks, handlers, cases, functions and classes: modules, and names that may be some."""
    inner = {"in_case", "in_try", "in_handler", "in_block", "in_class", "in_class.name"}
    outer = {"a", "b.c", ".", ".e", "..f", "..f.g", "..f.*"}
    assert imported(ast.parse(PROGRAM)) == inner | outer


def test_the_imports_of_a_tree_are_the_same_with_and_without_an_index() -> None:
    """An index that is there already is asked; where there is none, none is made."""
    text = (
        "import a, b.c as d\nfrom . import e\nclass C:\n    from .f import g as h\n"
        "def work():\n    try:\n        from i.j import *\n    finally:\n        import k\n"
        "match a:\n    case 1:\n        import l\n"
    )
    plain, indexed = ast.parse(text), ast.parse(text)
    index(indexed)
    found = imported(plain)
    assert not hasattr(plain, "index")
    assert found == imported(indexed)
    assert found == {"a", "b.c", ".", ".e", ".f", ".f.g", "i.j", "i.j.*", "k", "l"}


def _called(text: str) -> list[tuple[str, str]]:
    """Return by which names the calls of the program *text* are known, and how it spells them."""
    calls = index(ast.parse(text)).every(ast.Call)
    return [(last_name(call.func), spelled_name(call.func)) for call in calls]


def test_other_names_of_the_library_are_known() -> None:
    """A call of what is imported of the library under another name is known by its own name."""
    known = [("create_task", "spawn")]
    for text in (
        "from asyncio import create_task as spawn\nspawn(x)",
        "from concurrent.futures import create_task as spawn\ndef run():\n    spawn(x)",
        "def run():\n    from asyncio import create_task as spawn\n    spawn(x)",
        "try:\n    from asyncio import create_task as spawn\n"
        "except ImportError:\n    from types import create_task as spawn\nspawn(x)",
        "from asyncio import create_task as spawn, create_task\nspawn(x)",
    ):
        assert _called(text) == known, text
    assert index(ast.parse("from asyncio import gather as all_of")).renamed == {"gather"}


def test_what_functions_of_the_library_are_put_into_is_known() -> None:
    """A call of a variable, a class attribute or an entry that holds one has its own name."""
    brought = "import asyncio\n"
    for text, spelled in (
        ("spawn = asyncio.create_task\nspawn(x)", "spawn"),
        ("spawn, other = asyncio.create_task, print\nspawn(x)", "spawn"),
        ("if later: spawn = asyncio.tasks.create_task\nspawn(x)", "spawn"),
        ("begin = asyncio.create_task\nspawn = begin\nspawn(x)", "spawn"),
        ("WAYS = {'begin': asyncio.create_task}\nWAYS['begin'](x)", ""),
        ("class Ways:\n    begin = asyncio.create_task\nWays.begin(x)", "begin"),
    ):
        assert _called(brought + text) == [("create_task", spelled)], text
    by_text = "import asyncio\nspawn = getattr(asyncio, 'create' '_task')\nspawn(x)"
    assert _called(by_text) == [("getattr", "getattr"), ("create_task", "spawn")]
    assert _called("put = setattr\nput(x)") == [("setattr", "put")]


def test_what_may_hold_another_function_later_is_not_known() -> None:
    """A variable that is bound twice, a part that is replaced, a parameter: they stay."""
    brought = "import asyncio\n"
    for text, spelled in (
        ("spawn = asyncio.create_task\nspawn = begin\nspawn(x)", "spawn"),
        ("spawn = asyncio.create_task\nspawn = asyncio.gather\nspawn(x)", "spawn"),
        ("spawn = asyncio\nspawn(x)", "spawn"),
        ("def run(spawn=asyncio.create_task):\n    spawn(x)", "spawn"),
        ("WAYS = {'begin': asyncio.create_task}\nWAYS['begin'] = begin\nWAYS['begin'](x)", ""),
        ("WAYS = {'begin': asyncio.create_task}\nWAYS[way](x)", ""),
        ("class Ways:\n    begin = asyncio.create_task\nWays.begin = y\nWays.begin(x)", "begin"),
        ("class Ways:\n    begin = asyncio.create_task\n    begin = y\nWays.begin(x)", "begin"),
        ("class Ways:\n    begin = asyncio.create_task\nmine = Ways\nWays.begin(x)", "begin"),
    ):
        assert _called(brought + text) == [(spelled, spelled)], text


def test_names_that_may_mean_something_else_are_not_taken_for_the_library() -> None:
    """Where anything else binds the name, or the library's, or a project has it, it stays."""
    plain = "from asyncio import create_task as spawn\n"
    for text in (
        "from .asyncio import create_task as spawn\nspawn(x)",
        "from receipts import create_task as spawn\nspawn(x)",
        plain + "def spawn(x): pass\nspawn(x)",
        plain + "def run(spawn):\n    spawn(x)",
        plain + "def create_task(x): pass\nspawn(x)",
        plain + "class Reader:\n    spawn = 1\nspawn(x)",
        plain + "import spawn\nspawn(x)",
        plain + "from receipts import begin as spawn\nspawn(x)",
        plain + "from asyncio import gather as spawn\nspawn(x)",
        plain + "from receipts import create_task\nspawn(x)",
        plain + "try: pass\nexcept E as spawn: spawn(x)",
        plain + "match x:\n    case {**spawn}: spawn(x)",
        plain + "del spawn\nspawn(x)",
    ):
        assert _called(text) == [("spawn", "spawn")], text

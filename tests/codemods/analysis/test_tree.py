"""What is inside of a node, and what a file imports, as the interpreter's own walk has it."""

from __future__ import annotations

import ast
from pathlib import Path

from codemods.analysis.external.references import imported
from codemods.analysis.syntax.tree import children, walk

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


def test_children_are_those_of_the_interpreter() -> None:
    """Of every node of a program, and of a long module, in the same order."""
    for text in (PROGRAM, Path(ast.__file__).read_text()):
        for node in ast.walk(ast.parse(text)):
            assert children(node) == list(ast.iter_child_nodes(node))
            assert children(node) is children(node)
        tree = ast.parse(text)
        assert walk(tree) == list(ast.walk(tree))


def test_imports_are_found_wherever_they_stand() -> None:
    """In blocks, handlers, cases, functions and classes: modules, and names that may be some."""
    inner = {"in_case", "in_try", "in_handler", "in_block", "in_class", "in_class.name"}
    outer = {"a", "b.c", ".", ".e", "..f", "..f.g", "..f.*"}
    assert imported(ast.parse(PROGRAM)) == inner | outer

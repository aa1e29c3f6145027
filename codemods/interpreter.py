"""What each version of Python holds to, where the tools or their tests depend on it.

The tools run on one version, the sources that they read run on any.  Where an answer
depends on the version, the one that holds on all of them is given: `FEWEST_BLOCKS`.
"""

from __future__ import annotations

import ast
import symtable
import sys
from dataclasses import dataclass
from functools import cache, lru_cache

#: The oldest and the newest version that the packages claim.
OLDEST = (3, 11)
NEWEST = (3, 14)

#: How many blocks a function may nest on every version; newer ones take one more.
FEWEST_BLOCKS = 20

# The texts of so many files are kept, for the answers about them.
_TEXTS = 1024


@dataclass(frozen=True, slots=True)
class Language:
    """What holds on one version; each field has a test that runs on every version."""

    #: ``symtable`` has a table for each list, set and dict comprehension.
    comprehension_tables: bool
    #: A formatted string may use its own quotes, and comments, inside its braces.
    nested_quotes: bool
    #: ``def f[T](x: T)``, ``class C[T]`` and ``type X = ...``.
    type_parameters: bool
    #: ``def f[T = int]()``.
    type_parameter_defaults: bool
    #: An annotation is evaluated when it is asked for, in a scope of its own.
    late_annotations: bool
    #: ``t"..."``.
    template_strings: bool
    #: ``except A, B:``.
    bare_except_lists: bool
    #: ``return``, ``break`` or ``continue`` in a ``finally`` is warned about.
    warns_of_finally: bool
    #: ``symtable`` refuses ``await`` outside of functions, as the compiler does by default.
    tables_refuse_await: bool


def language(version: tuple[int, int] = sys.version_info[:2]) -> Language:
    """Return what holds on *version*, by default the running one."""
    return Language(
        comprehension_tables=version < (3, 12),
        nested_quotes=version >= (3, 12),
        type_parameters=version >= (3, 12),
        type_parameter_defaults=version >= (3, 13),
        late_annotations=version >= (3, 14),
        template_strings=version >= (3, 14),
        bare_except_lists=version >= (3, 14),
        warns_of_finally=version >= (3, 14),
        tables_refuse_await=version >= (3, 14),
    )


@cache
def most_blocks() -> int:
    """Return how many blocks the running interpreter takes in one function.

    It is tried out: the number changed between two bugfix releases of a version.
    """
    count = FEWEST_BLOCKS
    while _compiles("".join(f"{' ' * n}while 1:\n" for n in range(count + 1)) + " " * 99 + "pass"):
        count += 1
    return count


# Two judges ask of what became of a file.
@lru_cache(maxsize=_TEXTS)
def compiles(text: str, *, flags: int = 0, everywhere: bool = True) -> bool:
    """Whether the interpreter compiles *text*.

    With *everywhere* no function may nest more blocks than each version takes.
    """
    spare = most_blocks() - FEWEST_BLOCKS
    if not _compiles(text, flags):
        return False
    if not everywhere or not spare:
        return True
    try:
        tree = _Deeper(spare).visit(ast.parse(text))
        return _compiles(ast.fix_missing_locations(tree), flags)
    except RecursionError:
        return True  # deep as an expression, which is another limit: the text compiled


def check_declarations(text: str, name: str) -> None:
    """Raise SyntaxError where *text* declares something wrongly: ``nonlocal`` of nothing.

    ``await`` outside of functions is none of it: cells of notebooks have it.
    """
    try:
        symtable.symtable(text, name, "exec")
    except SyntaxError:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compile(text, name, "exec", flags=flags, dont_inherit=True)


def _compiles(code: str | ast.Module, flags: int = 0) -> bool:
    try:
        compile(code, "<text>", "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


_Body = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class _Deeper(ast.NodeTransformer):
    """Puts each body that is compiled by itself into *spare* blocks more."""

    def __init__(self, spare: int) -> None:
        self._spare = spare

    def _wrapped(self, node: _Body) -> ast.AST:
        self.generic_visit(node)
        first = 0
        for index, statement in enumerate(node.body):
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                first = index + 1
        for _ in range(self._spare if node.body[first:] else 0):
            items = [ast.withitem(ast.Constant(None))]
            node.body[first:] = [ast.With(items, node.body[first:])]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _wrapped

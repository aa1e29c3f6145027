"""How far a block reaches, and what stands in its way."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import makes_call, walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.parsed_module import ParsedModule, Path
    from codemods.analysis.syntax.scopes import Binding, Scopes


@dataclass(frozen=True, slots=True)
class Block:
    """The statements ``start`` up to ``stop`` (exclusive) of the suite at ``prefix``."""

    prefix: Path
    field: str
    start: int
    stop: int

    def path(self, index: int) -> Path:
        """Return the path of statement *index* of the block's suite."""
        return (*self.prefix, (self.field, index))

    def holds(self, path: Path) -> bool:
        """Whether the statement at *path* lies in the block."""
        depth = len(self.prefix)
        if path[:depth] != self.prefix or len(path) <= depth:
            return False
        name, index = path[depth]
        return name == self.field and self.start <= index < self.stop


def is_method_call(statement: ast.AST, binding: Binding, scopes: Scopes, method: str) -> bool:
    """Whether *statement* is exactly ``tracker.method()`` on the variable *binding*."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr != method:
        return False
    name = function.value
    return (
        not call.args
        and not call.keywords
        and isinstance(name, ast.Name)
        and scopes.of(name) is binding
    )


def closing_flush(
    body: list[ast.stmt], start: int, stop: int, binding: Binding, scopes: Scopes
) -> tuple[int, bool] | None:
    """Return the statement whose flush the end of the block makes needless.

    The pair is (index, whether it is a ``try`` whose ``finally`` only flushes).
    """
    last = stop - 1
    if last > start and isinstance(body[last], ast.Return) and not makes_call(body[last]):
        last -= 1
    if last < start:
        return None
    statement = body[last]
    if is_method_call(statement, binding, scopes, words.FLUSH_CALL):
        return last, False
    only_flushes = (
        isinstance(statement, ast.Try)
        and len(statement.finalbody) == 1
        and not statement.orelse
        and is_method_call(statement.finalbody[0], binding, scopes, words.FLUSH_CALL)
    )
    return (last, True) if only_flushes else None


def between(module: ParsedModule, inner: ast.AST, outer_body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the statements that enclose *inner*, innermost first, up to *outer_body*."""
    current: ast.AST = inner
    while current not in module.paths or module.statements_around(current) is not outer_body:
        current = module.parents[current]
        yield current


def state_reads(loads: list[ast.Name], module: ParsedModule) -> Iterator[ast.AST]:
    """Yield the places that read or write the tracker's own fields."""
    around = (module.parents[load] for load in loads)
    for field in (node for node in around if isinstance(node, ast.Attribute)):
        if field.attr in words.STATE_ATTRIBUTES or not isinstance(field.ctx, ast.Load):
            yield field


def calls_of(statements: list[ast.stmt]) -> list[ast.Call]:
    """Return the calls that *statements* make themselves."""
    return [n for n in walk_here(statements) if isinstance(n, ast.Call)]

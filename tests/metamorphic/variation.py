"""What a kind of change makes of a project, and how its outcome is compared with the plain one."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness import Outcome


class _Comparable(ast.NodeTransformer):
    """Gives a batch its id by keyword: which way is chosen depends on the line it stands on."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "batch_ai_usage_context":
            named = [ast.keyword("batch_id", value) for value in node.args]
            node.keywords = sorted([*named, *node.keywords], key=lambda k: k.arg or "")
            node.args = []
        return node


def tree(text: str) -> str:
    """Return the syntax tree of *text*."""
    return ast.dump(_Comparable().visit(ast.parse(text.removeprefix("\ufeff"))))


def nothing_more(files: Mapping[str, str], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Find nothing else wrong with the *outcomes* of *files*."""
    return []


@dataclass(frozen=True)
class Variation:
    """Another form of a project.

    ``files`` are its texts (or bytes, where they are no UTF-8), ``named`` the names of those that
    have another one than in the plain form.  ``expected`` makes of a text that came out of the
    plain form what ``seen`` makes of the text that is to come out of this one.  ``in_order`` says
    that the sites stand in the order of the plain form.  ``also`` finds what else is wrong.
    ``given`` are the files in the order of a command line; all are discovered otherwise.
    """

    files: Mapping[str, str | bytes]
    named: Mapping[str, str] = field(default_factory=dict)
    expected: Callable[[str], object] = tree
    seen: Callable[[str], object] = tree
    in_order: bool = True
    also: Callable[[Mapping[str, str], Mapping[str, Outcome]], list[str]] = nothing_more
    given: tuple[str, ...] = ()


_CONTEXTS = ("ai_usage_context", "batch_ai_usage_context")


class _Unnamed(_Comparable):
    """Takes the names of blocks away, which come from those of functions, and sorts imports."""

    _contexts: frozenset[str] = frozenset(_CONTEXTS)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        aliases = (one for one in ast.walk(node) if isinstance(one, ast.alias))
        others = (one.asname for one in aliases if one.asname and one.name in _CONTEXTS)
        self._contexts = frozenset(_CONTEXTS).union(others)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        named = isinstance(node.func, ast.Name) and node.func.id in self._contexts
        if named and node.args and isinstance(node.args[0], ast.Constant):
            node.args[0].value = ""
        return super().visit_Call(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            runs = groupby(body, lambda s: isinstance(s, ast.Import | ast.ImportFrom))
            node.body = [  # type: ignore[attr-defined]
                statement
                for imports, run in runs
                for statement in (sorted(run, key=ast.dump) if imports else run)
            ]
        return node


def comparable(text: str) -> str:
    """Return the syntax tree of *text* without the names of blocks and the order of imports."""
    return ast.dump(_Unnamed().visit(ast.parse(text.removeprefix("\ufeff"))))


class _Sorted(_Unnamed):
    """Sorts the functions that stand beside one another."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kinds = ast.FunctionDef | ast.AsyncFunctionDef
            runs = groupby(body, lambda s: isinstance(s, kinds))
            node.body = [  # type: ignore[attr-defined]
                statement
                for functions, run in runs
                for statement in (sorted(run, key=ast.dump) if functions else run)
            ]
        return node


def sorted_definitions(text: str) -> str:
    """Return the syntax tree of *text* without the order of definitions beside one another."""
    return ast.dump(_Sorted().visit(ast.parse(text.removeprefix("\ufeff"))))


class _Bare(_Unnamed):
    """Takes away what does nothing: ``pass``, docstrings and annotations of parameters."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for part in ("body", "orelse", "finalbody"):
            suite = getattr(node, part, None)
            if isinstance(suite, list):
                setattr(node, part, [s for s in suite if not _does_nothing(s)])
        if isinstance(node, ast.arg):
            node.annotation = None
        return node


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return isinstance(statement.value.value, str)
    return isinstance(statement, ast.Pass)


def without_additions(text: str) -> str:
    """Return the syntax tree of *text* without what does nothing."""
    return ast.dump(_Bare().visit(ast.parse(text.removeprefix("\ufeff"))))

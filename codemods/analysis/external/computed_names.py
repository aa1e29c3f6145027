"""How a file finds functions of other modules by names that it computes."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.external.handed_values import modules_of
from codemods.analysis.syntax.calls import calls_by_name, last_name
from codemods.analysis.syntax.tree import index

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: What finds a module, or a name of one, by a text.
IMPORTING = ("import_module", "__import__", "resolve_name", "import_string")
_EVALUATING = frozenset(("eval", "exec"))
_BY_NAME = frozenset(("globals", "locals", "vars"))
_SEARCHING = frozenset("getattr vars dir getmembers attrgetter".split())

#: What is done with a module as a whole that leaves its names alone.
_LEAVING = frozenset("reload getsource getfile getdoc print isinstance files".split())


@dataclass(frozen=True, slots=True)
class Lookups:
    """How a file finds functions of other modules by names that are not in its text.

    ``beginnings`` are what is known of modules' names that are computed, ``searched`` the modules
    whose names are looked up, ``given`` those that are handed on whole.  ``evaluates`` says that a
    text may name whatever the file has.
    """

    beginnings: frozenset[str]
    searched: frozenset[str]
    given: frozenset[str]
    evaluates: bool

    def __bool__(self) -> bool:
        return bool(self.beginnings or self.searched or self.given or self.evaluates)


def lookups(tree: ast.Module, paths: Mapping[str, Collection[str]]) -> Lookups:
    """Return how *tree*, whose names stand for *paths*, finds functions by computed names."""
    beginnings: set[str] = set()
    searched: set[str] = set()
    given: set[str] = set()
    evaluates = False
    for name, call in ((name, c) for name, calls in calls_by_name(tree).items() for c in calls):
        evaluates |= name in _EVALUATING or (name in _BY_NAME and not call.args)
        if name in IMPORTING and call.args:
            known = _text(call.args[0])
            if known is None:
                beginnings.add(beginning(call.args[0]))
            else:
                searched.add(known)
        modules = [m for argument in call.args for m in modules_of(argument, paths)]
        if not modules or name in _LEAVING:
            continue  # nearly all calls, and what looks at a module's file
        if any(_is_name(a) for a in call.args if name not in _SEARCHING):
            continue  # what patches one name of a module
        (searched if name in _SEARCHING or isinstance(call.func, ast.Call) else given).update(
            modules
        )
    for part in index(tree).every(ast.Subscript):
        if last_name(part.value) == "modules":
            known = _text(part.slice)
            (searched if known is not None else beginnings).add(known or "")
    for attribute in index(tree).every(ast.Attribute):
        if attribute.attr == "__dict__":
            searched.update(modules_of(attribute.value, paths))
    return Lookups(frozenset(beginnings), frozenset(searched), frozenset(given), evaluates)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_name(node: ast.expr) -> bool:
    return (_text(node) or "").isidentifier()


def beginning(name: ast.expr) -> str:
    """Return what is certain of the beginning of a computed text."""
    while isinstance(name, ast.BinOp):
        name = name.left
    if isinstance(name, ast.JoinedStr) and name.values:
        name = name.values[0]
    return (_text(name) or "").partition("%")[0]

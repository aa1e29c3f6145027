"""Ids that are set, and nothing is called under them before the next are set."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.validator.fingerprint import alike
from codemods.validator.terms import (
    construction,
    flush_of,
    is_todays,
    mentions,
    set_call,
    yields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.validator.terms import Managed

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_WRITTEN_OUT = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
_SILENT = frozenset(
    "print len str repr int float bool isinstance issubclass type id hash format round abs "
    "callable ord chr list tuple set dict".split()
)
_LOGGING = frozenset("debug info warning error exception critical log".split())


def passed_idle(
    original: Sequence[ast.stmt],
    i: int,
    after: ast.stmt,
    names: Managed,
    known: dict[str, dict[str, ast.expr]],
) -> int:
    """Return where *original* goes on behind such set calls at *i*, whose ids are *known* then.

    Where *after* is the first of them, as it stands, they are still there.
    """
    while i < len(original) and not alike(original[i], after):
        site = _set_for_nothing(original, i, names)
        if site is None:
            break
        known.setdefault(site[0], {}).update(dict(site[1]))
        i += 1
    return i


def _set_for_nothing(
    original: Sequence[ast.stmt], i: int, names: Managed
) -> tuple[str, tuple[tuple[str, ast.expr], ...]] | None:
    """Return what the set call at *i* sets, and on which variable, if no call is made under it.

    The suite itself builds the tracker, each value is a constant or a name, and what stands there
    until the next set call does no more than to flush: until that is done, it calls
    nothing that could know the tracker by another name.
    """
    site = set_call(original[i])
    if site is None or not site[0].isidentifier() or not is_todays(original[i]):
        return None
    name = site[0]
    if not all(isinstance(value, ast.Constant | ast.Name) for _, value in site[1]):
        return None
    behind = i + 1
    while behind < len(original) and _sets(original[behind], name):
        behind += 1
    is_flushed = False
    for at in range(behind, len(original)):
        statement = original[at]
        if at > behind and _sets(statement, name):
            # Asked last: of nearly no set call has the rest been true.
            return site if any(_builds(one, name, names) for one in original[:i]) else None
        if flush_of(statement) == name:
            is_flushed = True
        elif (
            mentions(statement, name)
            or yields([statement])
            or not (is_flushed or _may_not_act(statement))
        ):
            return None
    return None


def _builds(statement: ast.stmt, name: str, names: Managed) -> bool:
    built = construction(statement, names)
    return built is not None and built[0] == name


def _sets(statement: ast.stmt, name: str) -> bool:
    site = set_call(statement)
    return site is not None and site[0] == name


def _may_not_act(statement: ast.stmt) -> bool:
    """Whether *statement* calls no more than what looks at a value, and waits for nothing."""
    waits = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.With)
    return not any(
        isinstance(node, waits)
        or (isinstance(node, ast.Call) and not _is_silent(node.func))
        or (isinstance(node, ast.For) and not isinstance(node.iter, _WRITTEN_OUT))
        for node in _evaluated(statement)
    )


def _evaluated(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield what *statement* evaluates where it stands: the bodies of functions run when called."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        later = getattr(node, "body", []) if isinstance(node, _FUNCTIONS) else []
        inside = later if isinstance(later, list) else [later]
        waiting += (one for one in ast.iter_child_nodes(node) if one not in inside)


def _is_silent(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in _LOGGING
    return isinstance(function, ast.Name) and function.id in _SILENT

"""Makes a program that shows a problem smaller, statement by statement."""

from __future__ import annotations

import ast
import builtins
import copy
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIELDS = ("body", "orelse", "finalbody", "handlers", "cases")
Place = tuple[tuple[str, int], ...]


def reduced(text: str, shows: Callable[[str], bool], seconds: float = 30.0) -> str:
    """Return a smaller program for which *shows* still holds, found in at most *seconds*."""
    until = time.monotonic() + seconds
    best = text
    changed = True
    while changed and time.monotonic() < until:
        changed = False
        for candidate in _smaller(best):
            if time.monotonic() > until:
                break
            if shows(candidate):
                best, changed = candidate, True
                break
    return best


def _smaller(text: str) -> Iterator[str]:
    """Yield programs with one statement less, the largest statements first."""
    tree = ast.parse(text)
    places = list(_places(tree, ()))
    places.sort(key=lambda place: -_size(_at(tree, place)))
    seen = {text}
    for place in places:
        for change in (_without, _unwrapped):
            candidate = change(tree, place)
            if candidate is None:
                continue
            try:
                shown = ast.unparse(ast.fix_missing_locations(candidate)) + "\n"
                compile(shown, "candidate", "exec", dont_inherit=True)
            except (SyntaxError, ValueError, IndexError):
                continue
            if shown not in seen and len(shown) < len(text) + 20 and not unknown_names(candidate):
                seen.add(shown)
                yield shown


def unknown_names(tree: ast.Module) -> set[str]:
    """Return the names that *tree* reads and that nothing in it could bind."""
    bound = set(dir(builtins))
    read = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.alias(name=name, asname=asname):
                bound.add(asname or name.partition(".")[0])
            case ast.MatchAs(name=str(name)):
                bound.add(name)
    return read - bound - ({"AIUsageTracker"} if "*" in bound else set())


def _places(node: ast.AST, prefix: Place) -> Iterator[Place]:
    for name in FIELDS:
        children = getattr(node, name, None)
        for index, child in enumerate(children if isinstance(children, list) else ()):
            place = (*prefix, (name, index))
            yield place
            yield from _places(child, place)


def _at(tree: ast.AST, place: Place) -> ast.AST:
    node = tree
    for name, index in place:
        node = getattr(node, name)[index]
    return node


def _size(node: ast.AST) -> int:
    return sum(1 for _ in ast.walk(node))


def _without(tree: ast.Module, place: Place) -> ast.Module | None:
    """Return the program without the statement at *place*."""
    changed = copy.deepcopy(tree)
    parent = _at(changed, place[:-1])
    name, index = place[-1]
    suite: list[ast.stmt] = getattr(parent, name)
    del suite[index]
    if not suite and name == "body" and isinstance(parent, ast.Try | ast.Module):
        return None
    if not suite and name == "body":
        suite.append(ast.Pass())
    return changed


def _unwrapped(tree: ast.Module, place: Place) -> ast.Module | None:
    """Return the program with the body of the compound statement at *place* in its stead."""
    node = _at(tree, place)
    if not isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.ClassDef):
        return None
    changed = copy.deepcopy(tree)
    inner = _at(changed, place)
    suite: list[ast.stmt] = getattr(_at(changed, place[:-1]), place[-1][0])
    suite[place[-1][1] : place[-1][1] + 1] = [
        *getattr(inner, "body", []),
        *getattr(inner, "finalbody", []),
    ]
    return changed

"""Where a name means the variable that it means around a piece of code, on plain trees.

An inner function, comprehension or class may have a variable of the same name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.validator.walk import children

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def visible(node: ast.AST, name: str) -> Iterator[ast.AST]:
    """Yield *node* and what is below it, except where *name* is another variable."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, ast.ClassDef):
            yield from _in_class(current, name)
        else:
            waiting.extend(reversed(_below(current, name)))


def _below(node: ast.AST, name: str) -> list[ast.AST]:
    below = children(node)
    if isinstance(node, _FUNCTIONS) and binds(node, name):
        # Decorators, defaults and annotations are evaluated outside.
        inside = {id(part) for part in _body(node)}
        return [part for part in below if id(part) not in inside]
    if isinstance(node, _COMPREHENSIONS) and _targets(node, name):
        return [node.generators[0].iter]
    return below


def _in_class(node: ast.ClassDef, name: str) -> Iterator[ast.AST]:
    """Yield what is below a class: its functions never see the class's own variables."""
    declared = (n for n in node.body if isinstance(n, ast.Global | ast.Nonlocal))
    own = not any(name in statement.names for statement in declared)
    bound = False
    for part in ast.iter_child_nodes(node):
        for found in visible(part, name):
            named = own and isinstance(found, ast.Name) and found.id == name
            read = isinstance(found, ast.Name) and isinstance(found.ctx, ast.Load)
            if not named or (read and not bound) or _deeper(part, found):
                yield found
        bound = bound or (part in node.body and _assigns(part, name))


def _deeper(part: ast.AST, found: ast.AST) -> bool:
    """Whether *found* lies in a scope of its own within *part*."""
    scopes = (n for n in ast.walk(part) if isinstance(n, (*_FUNCTIONS, *_COMPREHENSIONS)))
    return any(inner is found for scope in scopes for inner in _inside(scope))


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    evaluated_around: set[int] = set()
    if isinstance(scope, _COMPREHENSIONS):
        evaluated_around = {id(n) for n in ast.walk(scope.generators[0].iter)}
        parts: list[ast.AST] = [scope]
    else:
        parts = _body(scope)
    return (n for part in parts for n in ast.walk(part) if id(n) not in evaluated_around)


def _body(function: ast.AST) -> list[ast.AST]:
    body: list[ast.AST] | ast.AST = function.body  # type: ignore[attr-defined]
    return body if isinstance(body, list) else [body]


def _assigns(statement: ast.AST, name: str) -> bool:
    """Whether *statement* surely binds *name* where it stands."""
    targets = getattr(statement, "targets", []) if isinstance(statement, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _targets(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for generator in node.generators  # type: ignore[attr-defined]
        for n in ast.walk(generator.target)
    )


def binds(function: ast.AST, name: str) -> bool:
    """Whether *name* is a parameter or a variable of *function* itself."""
    arguments: ast.arguments = function.args  # type: ignore[attr-defined]
    if any(isinstance(n, ast.arg) and n.arg == name for n in ast.iter_child_nodes(arguments)):
        return True
    bound = False
    waiting = list(_body(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
            return False
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            bound = True
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return bound


def half_imported(tree: ast.AST, names: Collection[str], beside: str) -> ast.AST | None:
    """Return a ``try`` of *tree* that imports one of *names* by one way through it only.

    A handler that raises at its end goes no further.  Nor may a way take a name from another
    package than the class *beside* it.
    """
    for tried in ast.walk(tree):
        if not isinstance(tried, ast.Try):
            continue
        goes_on = (h.body for h in tried.handlers if not isinstance(h.body[-1], ast.Raise))
        ways = [_brought(way) for way in (tried.body, *goes_on)]
        found = [way.keys() & set(names) for way in ways]
        if any(one != found[0] for one in found) or any(
            way.get(beside, way[name]) != way[name] for way in ways for name in found[0]
        ):
            return tried
    return None


def _brought(body: list[ast.stmt]) -> dict[str, str]:
    """Return what the imports of *body* bring, each with its package; "" for a relative one."""
    imports = (statement for statement in body if isinstance(statement, ast.ImportFrom))
    return {
        name: "" if one.level else (one.module or "").partition(".")[0]
        for one in imports
        for alias in one.names
        for name in (alias.name, alias.asname or alias.name)
    }

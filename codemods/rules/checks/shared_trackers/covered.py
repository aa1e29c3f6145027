"""Functions that use a shared tracker, set nothing, and only run where others have set all ids."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.trackers.getters.getter import Identity, identity
from codemods.rules.checks.callers import in_texts, unseen_uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.rules.checks.shared_trackers.getter_users import Planned, User, Users


def covered(user: User, users: Users, blocks: Mapping[ast.AST, Planned]) -> bool:
    """Whether *user* is only called in the *blocks* of functions, or by others that are covered."""
    others = users.once(_relying)
    asked: dict[Identity, bool] = {}

    def is_covered(one: User) -> bool:
        if one.identity not in asked:
            asked[one.identity] = True  # a function that calls itself
            asked[one.identity] = bool(one.once(_calls)) and all(map(is_inside, one.once(_calls)))
        return asked[one.identity]

    def is_inside(call: _Call) -> bool:
        if call.function is None or call.known_as is None:
            return False
        if call.function in blocks and call.node in blocks[call.function].inside:
            return True
        other = others.get(call.known_as)
        return other is not None and is_covered(other)

    return is_covered(user)


@dataclass(frozen=True)
class _Call:
    """A place that may call a user, and the function in which that is done, None if unsure."""

    node: ast.AST
    function: ast.AST | None
    known_as: Identity | None


def _relying(users: Users) -> dict[Identity, User]:
    return {one.identity: one for one in users.relying}


def _calls(user: User) -> list[_Call]:
    """Return all that may call *user*, none where some of it cannot be seen."""
    found = []
    for file, node in _mentions(user) if _is_called_by_name(user) else ():
        function = _called_at_once(file, node, user) if file is not None else None
        known_as = identity(file.taint, function) if file and function else None
        found.append(_Call(node, function, known_as))
    return found


def _is_called_by_name(user: User) -> bool:
    """Whether those who call *user* can be seen: no decorator, and no method for everybody."""
    method = isinstance(user.semantic.module.parents[user.function], ast.ClassDef)
    hidden = user.name.startswith("_") and not user.name.startswith("__")
    return not user.function.decorator_list and (hidden or not method)


def _mentions(user: User) -> Iterator[tuple[SemanticModel | None, ast.AST]]:
    """Yield where files name *user*, or something that may be it."""
    seen: set[str] = set()
    for file in (user.semantic, *user.semantic.elsewhere.mentioning(user.name)):
        if file is None:
            yield None, user.function
            continue
        for node in (*file.module.every(ast.Name), *file.module.every(ast.Attribute)):
            if user.name != last_name(node):
                continue
            seen.add(f"{file.module.source.display}:{node.lineno}")
            found = file.taint.definition(node)
            if found is None or identity(found.taint, found.node) == user.identity:
                yield file, node
        for alias in file.module.every(ast.alias):
            if alias.name == user.name and alias.asname:
                yield None, alias  # by another name it may be called anywhere
        yield from ((None, text) for text in in_texts(file, user.name))
    yield from ((None, user.function) for _ in unseen_uses(user.semantic, user.name, seen))


def _called_at_once(semantic: SemanticModel, node: ast.AST, user: User) -> ast.AST | None:
    """Return the function in which *node* calls *user*, and has it done; None otherwise."""
    call = semantic.module.parents[node]
    if not isinstance(call, ast.Call) or call.func is not node or first_yield(user.function.body):
        return None
    waits = isinstance(semantic.module.parents[call], ast.Await)
    if isinstance(user.function, ast.AsyncFunctionDef) != waits:
        return None
    functions = []
    for around in semantic.module.ancestors(node):
        if isinstance(around, ast.Lambda | ast.GeneratorExp):
            return None
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append(around)
    return functions[0] if len(functions) == 1 else None

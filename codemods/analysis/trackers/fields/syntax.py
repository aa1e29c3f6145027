"""How classes keep something in fields: questions about single nodes of the tree."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.trackers.lifetimes import is_none

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.analysis.syntax.parsed_module import ParsedModule

Method = ast.FunctionDef | ast.AsyncFunctionDef
_FACTORIES = frozenset({"default_factory", "factory"})


def self_name(method: Method) -> str:
    """Return what *method* calls its own object, "" if it takes none."""
    if any(plain_name(d) == "staticmethod" for d in method.decorator_list):
        return ""
    arguments = [*method.args.posonlyargs, *method.args.args]
    return arguments[0].arg if arguments else ""


def is_field(node: ast.expr, name: str, owner: str) -> bool:
    """Whether *node* is the field *name* of the variable *owner*."""
    named = isinstance(node, ast.Attribute) and node.attr == name
    value = node.value if isinstance(node, ast.Attribute) else None
    return named and isinstance(value, ast.Name) and value.id == owner


def methods(owner: ast.ClassDef) -> list[Method]:
    """Return the methods that *owner* itself defines."""
    return [m for m in owner.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]


def stores(
    owner: ast.ClassDef, written: Mapping[Method, Sequence[ast.Attribute]]
) -> dict[str, list[ast.Attribute]]:
    """Return where methods of *owner* bind fields of their own object, of those *written* there."""
    found: dict[str, list[ast.Attribute]] = {}
    for method in methods(owner):
        for node in written.get(method, ()):
            if is_field(node, node.attr, self_name(method)):
                found.setdefault(node.attr, []).append(node)
    return found


def written_in(module: ParsedModule) -> dict[Method, list[ast.Attribute]]:
    """Return the attributes that each method of *module*, and what is in it, binds."""
    found: dict[Method, list[ast.Attribute]] = {}
    for node in module.every(ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            for around in module.ancestors(node):
                if isinstance(around, Method):
                    found.setdefault(around, []).append(node)
    return found


def declared(statement: ast.stmt) -> str | None:
    """Return the field that a statement of a class's body declares."""
    target: ast.expr | None = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    return target.id if isinstance(target, ast.Name) else None


def is_single(statement: ast.AST, place: ast.expr) -> bool:
    """Whether *statement* binds *place* and nothing else."""
    if isinstance(statement, ast.AnnAssign):
        return statement.target is place
    return isinstance(statement, ast.Assign) and statement.targets == [place]


def plain_name(decorator: ast.expr) -> str:
    """Return the last name of a decorator, called or not."""
    return last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)


def is_docstring(statement: ast.stmt) -> bool:
    """Whether *statement* is nothing but a constant."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_own(node: ast.AST | None, method: Method) -> bool:
    """Whether *node* is a field of the object whose *method* it stands in."""
    own = self_name(method)
    return isinstance(node, ast.Attribute) and bool(own) and is_field(node, node.attr, own)


def is_called_plainly(method: Method) -> bool:
    """Whether *method* is no property, has no decorator, and takes nothing but its object."""
    given = method.args
    alone = len([*given.posonlyargs, *given.args]) == 1
    more = given.vararg or given.kwarg or given.kwonlyargs
    return alone and not more and not method.decorator_list


def tested_for_none(test: ast.expr) -> ast.expr | None:
    """Return what ``x is None`` and ``not x`` ask for."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Is):
        return test.left if is_none(test.comparators[0]) else None
    return None


def fallback(value: ast.expr) -> tuple[ast.Name, ast.expr] | None:
    """Return what ``given or built`` chooses from, or the conditional that says the same."""
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or) and len(value.values) == 2:
        given, built = value.values
        return (given, built) if isinstance(given, ast.Name) else None
    if not isinstance(value, ast.IfExp):
        return None
    test = value.test
    tested = tested_for_none(test)
    given, built = (value.orelse, value.body) if tested is not None else (value.body, value.orelse)
    if tested is None:
        compared = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)
        plain = compared and len(test.ops) == 1 and is_none(test.comparators[0])  # type: ignore[attr-defined]
        tested = test.left if plain else test  # type: ignore[attr-defined]
    if not isinstance(tested, ast.Name) or not isinstance(given, ast.Name):
        return None
    return (given, built) if tested.id == given.id else None


def factory_of(value: ast.expr) -> ast.expr | None:
    """Return what ``field(default_factory=...)`` calls for each object."""
    if not isinstance(value, ast.Call) or last_name(value.func) not in ("field", "Field", "ib"):
        return None
    return next((k.value for k in value.keywords if k.arg in _FACTORIES), None)

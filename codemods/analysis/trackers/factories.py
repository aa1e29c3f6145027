"""Functions of the project that do nothing but build a tracker and hand it to their caller."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import first_yield, walk_here
from codemods.analysis.trackers.sharing import shared_by

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.names import Meaning


def built_by(taint: DataFlow, function: ast.expr) -> Meaning | None:
    """Return the class of the new tracker that each call of *function* returns, if it does."""
    if not isinstance(function, (ast.Name, ast.Attribute)):
        return None
    found = taint.definition(function)
    return None if found is None or found.bound else product(found)


def product(factory: Resolved) -> Meaning | None:
    """Return the class of the trackers that *factory* makes; None if it is no factory.

    Each way through it ends in ``return`` of a construction, or of a variable
    that holds one and is used for nothing else.
    """
    node = factory.node
    if isinstance(node, ast.AsyncFunctionDef) or node.decorator_list:
        return None
    return product_of_body(factory.taint, node)


def product_of_body(taint: DataFlow, node: ast.FunctionDef) -> Meaning | None:
    """Return what ``product`` says of a function, whatever its decorators make of it."""
    last = node.body[-1]
    if not isinstance(last, ast.Return) or _class_of(taint, last.value) is None:
        return None  # most functions: spares the walk over all of it
    if first_yield(node.body):
        return None
    returned = [n.value for n in walk_here(node.body) if isinstance(n, ast.Return)]
    classes = [_class_of(taint, value) for value in returned]
    first = classes[0]
    return first if first is not None and all(c == first for c in classes) else None


def _class_of(taint: DataFlow, value: ast.expr | None) -> Meaning | None:
    return class_built(taint, _held(taint, value) if isinstance(value, ast.Name) else value)


def class_built(taint: DataFlow, value: ast.AST | None) -> Meaning | None:
    """Return the class of the new tracker that *value* itself builds, if it does."""
    if not isinstance(value, ast.Call) or shared_by(taint, value):
        return None
    target = value.func
    if isinstance(target, ast.Attribute) and target.attr == words.FACTORY:
        target = target.value
    return taint.names.tracker_class(target)


def _held(taint: DataFlow, name: ast.Name) -> ast.expr | None:
    """Return what the local variable *name* holds, if it is bound once and only returned."""
    binding = taint.scopes.of(name)
    if len(binding.binders) != 1 or binding.declared or binding.scope.is_module:
        return None
    statement = taint.module.parents[binding.binders[0]]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    only_returned = all(isinstance(taint.module.parents[n], ast.Return) for n in binding.loads)
    return statement.value if only_returned else None

"""Objects that are made inside a block, each with the block's tracker."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import methods
from codemods.rules.conflicts.objects.run_inside import RunInside, may_make

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField

#: Kinds of constructions whose objects are never false; those of a subclass may be.
_TRUE = ("plain", "arguments")


def is_made_with(
    semantic: SemanticModel,
    body: Sequence[ast.stmt],
    tracker: Binding,
    key: tuple[object, str],
    reached: Sequence[Resolved],
) -> bool:
    """Whether the field *key*, of a class of the module, is the variable *tracker* in *body*.

    All objects of the class that *body* works with are made there, and are given that.
    """
    owner, name = key
    fields = (f for f in semantic.tracker_fields if owner in f.family and name in f.names)
    field = next((f for f in fields if f.made.given), None)
    init = _init_of(field) if field is not None else None
    if field is None or init is None or not _is_built_once(semantic, tracker):
        return False
    made = {
        node
        for part in body
        for node in walk(part)
        if isinstance(node, ast.Call)
        and may_make(semantic.taint, node.func, field.owner)
        and _gives(semantic, node, init, field.made.given, tracker)
    }
    run = RunInside.of(semantic, body, reached)
    own = [method for one in field.family for method in methods(one)]
    if not made or run.may_hide(own):
        return False
    names = {method.name for method in own} - {*words.TRACKER_METHODS}
    makers = {call.func for call in made}
    return not any(
        (node not in makers and may_make(taint, node, field.owner))
        or _is_of_another(taint, node, names, made)
        for taint, node in run.nodes()
    )


def _init_of(field: TrackerField) -> ast.FunctionDef | None:
    """Return the ``__init__`` of the class of *field*, which none of its heirs replaces."""
    found = [m for one in field.family for m in methods(one) if m.name == "__init__"]
    one = found[0] if len(found) == 1 and found[0] in field.owner.body else None
    return one if isinstance(one, ast.FunctionDef) else None


def _is_built_once(semantic: SemanticModel, tracker: Binding) -> bool:
    """Whether the variable *tracker* surely has a tracker, and the same all the time."""
    makers = [getattr(semantic.module.parents.get(b), "value", None) for b in tracker.binders]
    alone = len(makers) == 1 and not (tracker.deletes or tracker.declared)
    built = semantic.lifetimes.by_call.get(makers[0]) if alone else None
    return built is not None and built.certain and built.kind in _TRUE


def _gives(
    semantic: SemanticModel,
    call: ast.Call,
    init: ast.FunctionDef,
    parameter: str,
    tracker: Binding,
) -> bool:
    """Whether *call* gives the variable *tracker* as the *parameter* of *init*."""
    resolved = Resolved(semantic.taint, init, bound=True)
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    given = [v for v in values if resolved.parameter(call, v) == parameter]
    return (
        len(given) == 1
        and isinstance(given[0], ast.Name)
        and semantic.scopes.of(given[0]) is tracker
    )


def _is_of_another(
    taint: DataFlow, node: ast.AST, names: Collection[str], made: Collection[ast.AST]
) -> bool:
    """Whether *node* is one of the methods *names* of an object other than those *made*."""
    if not isinstance(node, ast.Attribute) or node.attr not in names:
        return False
    if node.value in made:
        return False
    if not isinstance(node.value, ast.Name) or node.value not in taint.scopes.scope_of:
        return True
    binding = taint.scopes.of(node.value)
    makers = [taint.module.parents.get(binder) for binder in binding.binders]
    if len(makers) == 1 and getattr(makers[0], "value", None) in made:
        return isinstance(makers[0], ast.NamedExpr) or bool(binding.declared)
    method = taint.method_around(node)
    return method is None or method.receiver != node.value.id

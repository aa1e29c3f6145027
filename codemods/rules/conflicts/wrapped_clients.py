"""Clients that are wrapped for a tracker, variables that hold one, and objects that make them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred.registered import Registered
from codemods.analysis.dataflow.holders import family
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.object_methods import MethodsOutOfSight
from codemods.analysis.trackers.fields.syntax import is_field
from codemods.analysis.trackers.owners import owned
from codemods.rules.conflicts.own_trackers import given_tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow, Resolved, ResolvedClass

#: What a method with one of these has a tracker for, of whatever object.
_WORKING = frozenset(
    (
        *(words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS, *words.CONTEXT_MANAGERS),
        *(words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL),
    )
)


def wraps_client(call: ast.Call) -> bool:
    """Whether *call* gives a client that carries a tracker."""
    return last_name(call.func) in words.CLIENT_WRAPPERS


def wrapper_of(semantic: SemanticModel, node: ast.AST) -> ast.Call | None:
    """Return the call that made the wrapped client in the variable *node*, if it holds one."""
    if not isinstance(node, ast.Name) or node not in semantic.scopes.scope_of:
        return None
    return semantic.taint.once(_Wrappers).of(semantic.scopes.of(node))


class _Wrappers:
    """What made the wrapped clients in the variables of a module, each looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._parents = taint.module.parents
        self._known: dict[Binding, ast.Call | None] = {}

    def of(self, binding: Binding) -> ast.Call | None:
        if binding not in self._known:
            values = (getattr(self._parents.get(b), "value", None) for b in binding.binders)
            calls = (v for v in values if isinstance(v, ast.Call))
            self._known[binding] = next(filter(wraps_client, calls), None)
        return self._known[binding]


def works_for_own_object(
    semantic: SemanticModel,
    body: Sequence[ast.stmt],
    key: object,
    method: Resolved,
    reached: Sequence[Resolved],
) -> bool:
    """Whether *method*, which *body* reaches, has no tracker but that of the block of *body*.

    That block's tracker, by its *key*, is the field of an object in a variable.  The method is
    of that object and builds its field, or wraps clients for it, and no other object of its
    class is worked with in the block.
    """
    if not isinstance(key, tuple) or not isinstance(key[0], Binding):
        return False
    binding, field = key
    owner = _class_of(semantic, binding)
    if owner is None or method.taint.module.parents[method.node] is not owner.node:
        return False
    if method.node.name != field and not _wraps_for(method, field):
        return False
    found = owned(owner, semantic.vocabulary)
    if isinstance(found, str) or found.name != field:
        return False
    return _is_alone(semantic, body, owner, binding, reached)


def _class_of(semantic: SemanticModel, binding: Binding) -> ResolvedClass | None:
    """Return the class that the only object in the variable *binding* is built from."""
    if len(binding.binders) != 1 or binding.declared or binding.deletes:
        return None
    statement = semantic.module.parents.get(binding.binders[0])
    value = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
        return None
    return semantic.taint.class_of(value.func)


def _wraps_for(method: Resolved, field: str) -> bool:
    """Whether all that *method* does with trackers is to wrap clients for its object's *field*."""
    calls = [n for n in walk(method.node) if isinstance(n, ast.Call)]
    working = [call for call in calls if last_name(call.func) in _WORKING]
    for call in working:
        tracker = call.args[1] if len(call.args) > 1 else given_tracker(call)
        if not wraps_client(call) or tracker is None:
            return False
        if not is_field(tracker, field, method.receiver or ""):
            return False
    return bool(working)


def _is_alone(
    semantic: SemanticModel,
    body: Sequence[ast.stmt],
    owner: ResolvedClass,
    binding: Binding,
    reached: Sequence[Resolved],
) -> bool:
    """Whether what *body* runs works with no object of *owner* but that in *binding*."""
    roots = [(semantic.taint, body), *((one.taint, [one.node]) for one in reached)]
    hidden = semantic.once(MethodsOutOfSight).of(roots)
    handed = map(semantic.elsewhere.function, semantic.taint.once(Registered).run_by(body))
    more = [*hidden, *(one for one in handed if one is not None)]
    own = {method.node for method in owner.methods()}
    if hidden.is_cut or not own.isdisjoint(one.node for one in more):
        return False
    roots += [(one.taint, [one.node]) for one in more]
    # To pass ids on, under the name of the tracker's own method, is no use of a client.
    names = {method.node.name for method in owner.methods()} - {*words.TRACKER_METHODS}
    return not any(
        (
            isinstance(node, ast.Attribute)
            and node.attr in names
            and not _is_on(taint, node, binding)
        )
        or _may_make(taint, node, owner)
        for taint, parts in roots
        for part in parts
        for node in walk(part)
    )


def _is_on(taint: DataFlow, node: ast.Attribute, binding: Binding) -> bool:
    """Whether *node* is of the object in *binding*, or of a method's own."""
    if not isinstance(node.value, ast.Name) or node.value not in taint.scopes.scope_of:
        return False
    if taint.scopes.of(node.value) is binding:
        return True
    method = taint.method_around(node)
    return method is not None and method.receiver == node.value.id


def _may_make(taint: DataFlow, node: ast.AST, owner: ResolvedClass) -> bool:
    """Whether *node* is *owner*, or a class that inherits from it."""
    made = taint.class_of(node) if isinstance(node, ast.Name | ast.Attribute) else None
    return made is not None and any(one.node is owner.node for one in family(made).classes)

"""Methods of an object that work with the tracker in its own field, in a block of that one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.api_aliases import api_name
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import is_field
from codemods.analysis.trackers.owners import owned
from codemods.rules.conflicts.objects.run_inside import RunInside, may_make
from codemods.rules.conflicts.own_trackers import given_tracker
from codemods.rules.conflicts.wrapped_clients import wraps_client

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow, Resolved, ResolvedClass

#: What a method with one of these has a tracker for, of whatever object.
_WORKING = frozenset(
    (
        *(words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS, *words.CONTEXT_MANAGERS),
        *(words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL),
    )
)


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
    working = [call for call in calls if api_name(method.taint, call.func) in _WORKING]
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
    run = RunInside.of(semantic, body, reached)
    methods = owner.methods()
    if run.may_hide(method.node for method in methods):
        return False
    # To pass ids on, under the name of the tracker's own method, is no use of a client.
    names = {method.node.name for method in methods} - {*words.TRACKER_METHODS}
    return not any(
        may_make(taint, node, owner.node) or _is_of_another(taint, node, names, binding)
        for taint, node in run.nodes()
    )


def _is_of_another(
    taint: DataFlow, node: ast.AST, names: Collection[str], binding: Binding
) -> bool:
    """Whether *node* is one of the methods *names* of an object that may not be in *binding*."""
    if not isinstance(node, ast.Attribute) or node.attr not in names:
        return False
    if not isinstance(node.value, ast.Name) or node.value not in taint.scopes.scope_of:
        return True
    if taint.scopes.of(node.value) is binding:
        return False
    method = taint.method_around(node)
    return method is None or method.receiver != node.value.id

"""Functions that share a tracker, and may run in each other: an inner block gives its ids back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import TOO_MANY, reachable
from codemods.analysis.dataflow.deferred.callbacks import calls_unknown, handed_on
from codemods.analysis.dataflow.deferred.registered import Registered
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.getter import Identity, identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.rules.checks.shared_trackers.getter_users import User, Users


def nested(user: User, users: Users) -> str | None:
    """Return what puts *user* into another one's work, or another setter into its own.

    Ids that an inner one sets hold on behind its call today; its block gives them back.  None
    where nothing does, as far as can be seen.
    """
    for other in users.setting:
        how = _may_run(user, other)
        if how is not None:
            return f"{user.name} {how} {other.name}, which sets other ids"
    for other in (*users.setting, *users.relying):
        how = _may_run(other, user) if other is not user else None
        if how is not None:
            return f"{other.name} {how} {user.name}, and may go on with its ids"
    return None


def _may_run(outer: User, inner: User) -> str | None:
    """Return how *outer* comes to run *inner*, None if it surely does not."""
    semantic, body = outer.semantic, outer.function.body
    reached = reachable(semantic.taint, body)
    if any(identity(one.taint, one.node) == inner.identity for one in reached):
        return "calls"
    if reached.is_cut:
        return f"calls {TOO_MANY}, perhaps also"
    unknown = calls_unknown(semantic.taint, body)
    if _is_special(inner.name) and (unknown or inner is not outer):
        return "may call"  # an operator, or a call of the object, does not show its name
    if _is_method(inner):
        names = [(semantic, n) for s in body for n in walk(s)]
        if any(_may_name(semantic.taint.definition, n, inner.name) for _, n in names):
            return "may call"
        for one in reached:
            if any(_may_name(one.taint.definition, n, inner.name) for n in walk(one.node)):
                return "may call"
    if unknown and inner.identity in _handed_on(inner):
        return "may call back"
    own = inner.semantic.module
    run = ((one.path, one.names) for one in semantic.taint.once(Registered).run_by(body))
    if (str(own.source.path), own.qualified_name(inner.function)) in run:
        return "may call back"
    return None


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name != "__init__"


def _is_method(user: User) -> bool:
    return isinstance(user.semantic.module.parents[user.function], ast.ClassDef)


def _may_name(definition: object, node: ast.AST, name: str) -> bool:
    """Whether *node* reads an attribute *name* of which it is not known what it is."""
    if not isinstance(node, ast.Attribute) or node.attr != name:
        return False
    return definition(node) is None  # type: ignore[operator]


def _handed_on(user: User) -> set[Identity]:
    """Return the functions that a file which speaks of *user* hands on as values."""
    others = user.semantic.elsewhere.mentioning(user.name)
    files: Iterable[SemanticModel | None] = (user.semantic, *others)
    return {
        identity_of for file in files if file is not None for identity_of in _handed_on_by(file)
    }


def _handed_on_by(semantic: SemanticModel) -> set[Identity]:
    handed = handed_on(semantic.taint)
    own = {identity(semantic.taint, node) for node in handed}
    # What the module hands on of others is of their files, whatever analysis it was found by.
    nodes = (*semantic.module.every(ast.Name), *semantic.module.every(ast.Attribute))
    for node in nodes:
        parent = semantic.module.parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            continue
        found = semantic.taint.definition(node)
        if found is not None:
            own.add(identity(found.taint, found.node))
    return own

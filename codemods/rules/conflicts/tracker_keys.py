"""What is equal for two mentions of one tracker, and differs for those of two."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import self_name
from codemods.analysis.trackers.ids.standing import ALL_IDS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.model.edit import Path, Wrap

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def key_of(semantic: SemanticModel, tracker: ast.expr, wrap: Wrap | None = None) -> object:
    """Return the variable that *tracker* is, or the object and field that it is read from.

    The object of a method is as good as its class: methods of two classes may well have a
    field of the same name each.  *wrap* is where the text of *tracker* stands, if it is new.
    """
    root = tracker
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Call):
        return root  # each call may build another one
    if not isinstance(root, ast.Name):
        return ast.unparse(tracker)
    if wrap is not None:
        binding = semantic.scopes.binding(root.id, semantic.scope_at(wrap.path))
    else:
        binding = semantic.scopes.of(root)
    if root is tracker:
        return binding
    return _object(semantic, binding), ast.unparse(tracker).partition(".")[2]


def _object(semantic: SemanticModel, binding: Binding) -> object:
    """Return the class whose method has its object in *binding*, or the variable itself."""
    for binder in binding.binders:
        method = semantic.module.parents.get(semantic.module.parents.get(binder, binder))
        owner = semantic.module.parents.get(method) if method is not None else None
        if isinstance(method, _FUNCTIONS) and isinstance(owner, ast.ClassDef):
            if isinstance(binder, ast.arg) and binder.arg == self_name(method):
                return owner
    return binding


def is_handed_on(
    semantic: SemanticModel, parts: Sequence[ast.AST], parameter: Binding, tracker: object
) -> bool:
    """Whether no call in *parts* is seen to give *parameter* another tracker than *tracker*."""
    function = parameter.scope.node
    built = semantic.lifetimes.by_call
    for call in (n for part in parts for n in walk(part) if isinstance(n, ast.Call)):
        found = semantic.taint.definition(call.func)
        if found is None or found.node is not function:
            continue
        resolved = Resolved(semantic.taint, found.node, found.bound)
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        given = [v for v in values if resolved.parameter(call, v) in (parameter.name, None)]
        if any(value in built for value in given):
            return False
        names = [v for v in given if isinstance(v, ast.Name) and v in semantic.scopes.scope_of]
        for binding in map(semantic.scopes.of, names):
            makers = (semantic.module.statement(b) for b in binding.binders if _is_name(b))
            made = any(getattr(maker, "value", None) in built for maker in makers)
            if made and binding != tracker:
                return False
    return True


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def set_within(
    semantic: SemanticModel, body: Sequence[ast.stmt], taken: Collection[Path]
) -> frozenset[str]:
    """Return the ids that functions which *body* may run set by hand, not at the paths *taken*.

    If it is on the block's tracker, they are the block's until it ends.
    """
    reached = reachable(semantic.taint, body)
    if reached.is_cut:
        return ALL_IDS
    runs: set[ast.AST] = {one.node for one in reached}
    setting = semantic.standing.setting_methods
    if setting:
        nodes = (n for part in (*body, *runs) for n in walk(part))
        named = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        runs.update(method for name in named for method in setting.get(name, ()))
    sites = (site for function in runs for site in semantic.standing.set_in.get(function, ()))
    found = {a.keyword for site in sites if site.path not in taken for a in site.arguments}
    for one in reached:
        if one.taint is not semantic.taint:
            known = one.taint.once(_known_keys)
            if one.node not in known:
                known[one.node] = _keys_set_in(one.node)
            found |= known[one.node]
    return frozenset(found)


def _known_keys(_taint: DataFlow) -> dict[ast.AST, frozenset[str]]:
    """Return what functions were asked already: files that run each other ask about the same."""
    return {}


def _keys_set_in(function: ast.AST) -> frozenset[str]:
    calls = (n for n in walk(function) if isinstance(n, ast.Call))
    setters = (c for c in calls if last_name(c.func) == words.SET_CALL)
    return frozenset(k.arg for c in setters for k in c.keywords if k.arg is not None)

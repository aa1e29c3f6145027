"""Other names that a file has for what makes trackers and blocks: imported or bound under them.

Whether a function elsewhere has a tracker of its own is asked of its calls.  A class that was
imported under another name, a subclass, and a variable that holds either make trackers, too.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.signatures import default_of, parameters
from codemods.analysis.syntax.tree import index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codemods.analysis.syntax.definitions import DataFlow

_MAKERS = frozenset(
    (
        *(words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS),
        *(*words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR),
    )
)
_TELLING = frozenset((words.SET_CALL, words.OLDER_SET_CALL, *words.RECORDING_DECORATORS))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BINDING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.ClassDef, *_FUNCTIONS)


def api_aliases(tree: ast.Module) -> Mapping[str, str]:
    """Return the API's own names by the other names that *tree* has for them.

    Who binds such a name is not asked: any call by it may make what the API's own would.
    """
    every = index(tree)
    known: dict[str, str] = {}
    for alias in every.every(ast.alias):
        own = alias.name.rpartition(".")[2]
        if alias.asname is not None and own in _MAKERS:
            known[alias.asname] = own
    pairs = [p for kind in _BINDING for node in every.every(kind) for p in _pairs(node)]
    grown = True
    while grown:
        fresh = {name: own for name, value in pairs if (own := _own_name(value, known))}
        grown = not fresh.keys() <= known.keys()
        known = {**fresh, **known}
    return {name: own for name, own in known.items() if name not in _MAKERS}


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that *node* binds, or gives to fields, each with what it is bound to."""
    if isinstance(node, ast.ClassDef):
        yield from ((node.name, base) for base in node.bases)
    elif isinstance(node, ast.Assign):
        yield from ((name, node.value) for target in node.targets if (name := last_name(target)))
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        name = last_name(node.target)
        if name and node.value is not None:
            yield name, node.value
    elif isinstance(node, _FUNCTIONS):
        if node.args.defaults or node.args.kw_defaults:
            found = ((one.arg, default_of(node.args, one)) for one in parameters(node.args))
            yield from ((name, value) for name, value in found if value is not None)


def _own_name(value: ast.expr, known: Mapping[str, str]) -> str:
    """Return the API's name of what *value* is, or may be; empty for anything else."""
    if isinstance(value, ast.Name | ast.Attribute):
        name = last_name(value)
        return name if name in _MAKERS else known.get(name, "")
    if isinstance(value, ast.Call):
        name = last_name(value.func)
        if name == "partial" and value.args:
            return _own_name(value.args[0], known)
        if name == "getattr" and len(value.args) > 1 and isinstance(value.args[1], ast.Constant):
            asked = value.args[1].value
            return asked if asked in _MAKERS else ""
    if isinstance(value, ast.BoolOp | ast.IfExp):
        parts = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
        return next((own for part in parts if (own := _own_name(part, known))), "")
    return ""


class _Aliases:
    """The other names of one file."""

    def __init__(self, taint: DataFlow) -> None:
        self.of = api_aliases(taint.module.tree)


def api_name(taint: DataFlow, function: ast.expr) -> str:
    """Return the API's own name of *function*, which a file calls; its last name if it has none."""
    name = last_name(function)
    if name in _MAKERS:
        return name
    own = taint.once(_Aliases).of.get(name, "")
    if own or not isinstance(function, ast.Name | ast.Attribute):
        return own or name
    if taint.names.tracker_class(function) is not None:
        return words.TRACKER_CLASS
    return (_name_elsewhere(taint, function) if _gives_tracker(taint, function) else "") or name


def _gives_tracker(taint: DataFlow, function: ast.expr) -> bool:
    """Whether what a call of *function* gives is entered, or has a method of trackers called."""
    parents = taint.module.parents
    call = parents.get(function)
    around = parents.get(call) if isinstance(call, ast.Call) and call.func is function else None
    if isinstance(around, ast.withitem):
        return True
    if not isinstance(around, ast.Assign) or not isinstance(around.targets[0], ast.Name):
        return False
    target = around.targets[0]
    return target in taint.scopes.scope_of and (
        taint.scopes.of(target) in taint.once(_ToldTrackers).names
    )


class _ToldTrackers:
    """The variables of a file by which methods of trackers are called."""

    def __init__(self, taint: DataFlow) -> None:
        scopes = taint.scopes
        told = (n.value for n in taint.module.every(ast.Attribute) if n.attr in _TELLING)
        names = (n for n in told if isinstance(n, ast.Name) and n in scopes.scope_of)
        self.names = {scopes.of(name) for name in names}


def _name_elsewhere(taint: DataFlow, function: ast.expr) -> str:
    """Return the API's name of what *function* is in the file that it was imported from."""
    for path in taint.names.meaning(function).paths:
        before, _, name = path.rpartition(".")
        if not before or before.partition(".")[0] in sys.stdlib_module_names:
            continue
        if taint.definition(function) is not None or taint.class_of(function) is not None:
            continue
        others = (one for one in taint.registry.mentioning(name) if one is not None)
        named = (other.taint.once(_Aliases).of.get(name, "") for other in others)
        if own := next(filter(None, named), ""):
            return own
    return ""

"""Functions that open a block with a tracker of their own, and who mentions them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import changes_environment, first_yield, walk_here
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Function

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SHAREABLE = (words.CONTEXT, words.BATCH_CONTEXT)
_OTHERS = (words.TRACKER_ARGUMENT, "environment", None)
_With = ast.With | ast.AsyncWith


@dataclass(frozen=True, slots=True)
class Opening:
    """A function whose one context makes a tracker for itself."""

    taint: DataFlow
    function: Function
    block: _With
    header: ast.Call


def opening(taint: DataFlow, function: Function) -> Opening | None:
    """Return the one context of *function*, if it is a statement's only item and has no tracker."""
    found = list(_contexts(taint, function))
    if len(found) != 1:
        return None
    block, header = found[0]
    return Opening(taint, function, block, header) if makes_its_own(taint, block, header) else None


def openings(taint: DataFlow) -> Iterator[Opening]:
    """Yield every opening of a module's functions, inner ones and methods left out."""
    for statement in taint.module.tree.body:
        if isinstance(statement, _FUNCTIONS):
            found = opening(taint, statement)
            if found is not None:
                yield found


def makes_its_own(taint: DataFlow, block: _With, header: ast.Call) -> bool:
    """Whether the block that *header* opens gets a new tracker, made without any arguments."""
    plain = all(keyword.arg not in _OTHERS for keyword in header.keywords)
    single = len(block.items) == 1 and len(header.args) <= 1
    starred = any(isinstance(argument, ast.Starred) for argument in header.args)
    known = taint.names.context_manager(header.func) in _SHAREABLE
    return plain and single and known and not starred


def may_take_a_tracker(found: Opening) -> bool:
    """Whether a parameter ``tracker`` could be added to the function, and only its block uses it.

    A call that leaves it out must do what it did, and with it only the block's tracker differs.
    """
    function, taint = found.function, found.taint
    name = function.name
    if function.decorator_list or name.startswith(("__", "test")) or function.args.kwarg:
        return False
    arguments = function.args
    if arguments.posonlyargs and not (arguments.args or arguments.vararg or arguments.kwonlyargs):
        return False
    binders = taint.scopes.binding(name, taint.scopes.module_scope).binders
    if len(binders) != 1 or first_yield(function.body) or changes_environment(function.body):
        return False
    around = _between(taint, found.block, function)
    if any(isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.With) for node in around):
        return False
    return _name_is_free(found) and _stays_in_the_block(found)


def in_its_block(taint: DataFlow, call: ast.Call) -> tuple[_With, ast.Call] | None:
    """Return the innermost context of the same function that *call* is evaluated in."""
    below: ast.AST = call
    for node in taint.module.ancestors(call):
        if isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            return None
        if isinstance(node, ast.With | ast.AsyncWith) and below in node.body:
            for item in reversed(node.items):
                header = item.context_expr
                if isinstance(header, ast.Call) and taint.names.context_manager(header.func):
                    return node, header
        below = node
    return None


def runs_at_once(taint: DataFlow, call: ast.Call, function: Function, block: _With) -> bool:
    """Whether *function* runs, as a whole, in *block* and in no other one inside of it."""
    if any(isinstance(n, ast.With | ast.AsyncWith) for n in _between(taint, call, block)):
        return False
    awaited = isinstance(taint.module.parents[call], ast.Await)
    return awaited or isinstance(function, ast.FunctionDef)


def keeps_to_itself(taint: DataFlow, block: _With, target: ast.Name, call: ast.Call) -> bool:
    """Whether *call*, in *block*, cannot reach the block's tracker otherwise than as an argument.

    It would then find the inner block there, where it finds the outer one today.
    """
    binding = taint.scopes.of(target)
    if binding.scope.is_module or len(binding.binders) != 1:
        return False
    flow = taint.follow(binding, block.body, binding.scope)
    if flow.escapes or flow.sets or flow.reads or flow.attributes:
        return False
    return not any(
        isinstance(node, ast.Name)
        and node in taint.scopes.scope_of
        and taint.scopes.of(node) in flow.tainted
        for node in walk(call)
    )


def mentions(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """Yield every use of *name* as a variable, an attribute, an alias or the end of a text."""
    for node in walk(tree):
        named = (
            (isinstance(node, ast.Name) and node.id == name)
            or (isinstance(node, ast.Attribute) and node.attr == name)
            or (isinstance(node, ast.alias) and node.asname and node.name == name)
            or (isinstance(node, ast.Constant) and _ends_with(node.value, name))
        )
        if named:
            yield node


def _ends_with(value: object, name: str) -> bool:
    return isinstance(value, str) and value.replace(":", ".").split(".")[-1] == name


def _contexts(taint: DataFlow, function: Function) -> Iterator[tuple[_With, ast.Call]]:
    for node in walk(function):
        if not isinstance(node, ast.With | ast.AsyncWith):
            continue
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and taint.names.context_manager(call.func) is not None:
                yield node, call


def _between(taint: DataFlow, inner: ast.AST, outer: ast.AST) -> Iterator[ast.AST]:
    for node in taint.module.ancestors(inner):
        if node is outer:
            return
        yield node


def _name_is_free(found: Opening) -> bool:
    """Whether ``tracker`` means nothing in the function but what its block binds, inside of it."""
    target = found.block.items[0].optional_vars
    if not isinstance(target, ast.Name | None):
        return False
    inside = {node for statement in found.block.body for node in walk(statement)}
    for node in walk(found.function):
        bound = getattr(node, "name", None) or getattr(node, "arg", None)
        if isinstance(node, ast.keyword) or bound != words.TRACKER_ARGUMENT:
            bound = None
        declared = words.TRACKER_ARGUMENT in getattr(node, "names", ())
        if bound or declared:
            return False
        if isinstance(node, ast.Name) and node.id == words.TRACKER_ARGUMENT and node is not target:
            known = isinstance(target, ast.Name) and target.id == node.id and node in inside
            if not known or not isinstance(node.ctx, ast.Load):
                return False
    names = [parameter.arg for parameter in parameters(found.function.args)]
    return words.TRACKER_ARGUMENT not in names


def _stays_in_the_block(found: Opening) -> bool:
    """Whether the block's tracker is neither kept, nor told ids, nor read, nor used elsewhere."""
    target, taint = found.block.items[0].optional_vars, found.taint
    if not isinstance(target, ast.Name):
        return True
    binding = taint.scopes.of(target)
    inside = {node for statement in found.block.body for node in walk_here([statement])}
    if binding.binders != [target] or not all(load in inside for load in binding.loads):
        return False
    flow = taint.follow(binding, found.block.body, binding.scope)
    found_out = flow.escapes or flow.sets or flow.reads or flow.attributes
    return not found_out and flow.tainted == {binding}

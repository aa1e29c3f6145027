"""A parameter that a rewrite adds to a function: harmless to every call that leaves it out."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

from codemods import vocabulary as words
from codemods.validator.fingerprint import alike, fingerprint
from codemods.validator.terms import Difference, last_name
from codemods.validator.walk import every

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def with_old_signature(before: ast.stmt, after: ast.stmt) -> ast.stmt:
    """Return the function *after* without the tracker's parameter, if that is all it gained.

    The parameter is last, by keyword only and None, and given to one context and nothing else.
    """
    if not isinstance(before, _Function) or not isinstance(after, _Function):
        return after
    gained = len(after.args.kwonlyargs) - len(before.args.kwonlyargs)
    if gained != 1 or after.args.kwonlyargs[-1].arg != words.TRACKER_ARGUMENT:
        return after
    default = after.args.kw_defaults[-1]
    if not isinstance(default, ast.Constant) or default.value is not None:
        raise Difference("a parameter was added that must be given", after)
    if after.args.kwonlyargs[-1].annotation is not None or after.args.kwarg is not None:
        raise Difference("a parameter was added in another form", after)
    _given_to_one_context(after)
    fields: dict[str, Any] = {field: getattr(after, field, None) for field in after._fields}
    made = type(after)(**{**fields, "args": _without_last(after.args)})
    return ast.copy_location(made, after)


def _without_last(arguments: ast.arguments) -> ast.arguments:
    """Return *arguments* without the last one that is given by keyword only."""
    shorter: ast.arguments = ast.parse("def f(): pass").body[0].args  # type: ignore[attr-defined]
    for field in arguments._fields:
        value = getattr(arguments, field)
        cut = field in ("kwonlyargs", "kw_defaults")
        setattr(shorter, field, value[:-1] if cut else value)
    return shorter


def same_signatures(before: ast.Module, after: ast.Module) -> None:
    """Raise if the parameters of a function changed: they are seen from outside."""
    if _are_alike(_functions(before), _functions(after)):
        return
    old, new = _signatures(before), _signatures(after)
    if old != new:
        raise Difference(f"the parameters of {next(iter(new - old or old - new))[0]} changed")


def _functions(tree: ast.Module) -> list[_Function]:
    return [*every(tree, ast.FunctionDef), *every(tree, ast.AsyncFunctionDef)]


def _are_alike(old: list[_Function], new: list[_Function]) -> bool:
    """Whether both are the same in their order, as nearly always."""
    pairs = zip(old, new, strict=False)
    return len(old) == len(new) and all(
        one.name == other.name and alike(one.args, other.args) for one, other in pairs
    )


def _signatures(tree: ast.Module) -> Counter[tuple[str, bytes]]:
    return Counter((f.name, fingerprint(f.args)) for f in _functions(tree))


def _given_to_one_context(function: _Function) -> None:
    """Raise unless the parameter is read once, for the tracker of a ``with`` that may bind it."""
    name = words.TRACKER_ARGUMENT
    blocks = [n for n in ast.walk(function) if isinstance(n, ast.With | ast.AsyncWith)]
    headers = [(b, b.items[0].context_expr) for b in blocks if len(b.items) == 1]
    given = [
        (block, keyword.value)
        for block, call in headers
        if isinstance(call, ast.Call) and last_name(call.func) in words.CONTEXT_MANAGERS
        for keyword in call.keywords
        if keyword.arg == name and isinstance(keyword.value, ast.Name) and keyword.value.id == name
    ]
    if len(given) != 1:
        raise Difference("the added parameter is not given to one context", function)
    block, read = given[0]
    target = block.items[0].optional_vars
    rebound = isinstance(target, ast.Name) and target.id == name
    inside = {id(n) for s in block.body for n in ast.walk(s)} if rebound else set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name and id(node) not in inside:
            if node is not read and node is not target:
                raise Difference("the added parameter is used for something else", node)
        if (
            isinstance(node, ast.Name)
            and node.id == name
            and isinstance(node.ctx, ast.Store | ast.Del)
        ):
            if node is not target:
                raise Difference("the added parameter is bound anew", node)

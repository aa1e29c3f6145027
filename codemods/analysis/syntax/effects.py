"""What evaluating a piece of code may do: call, yield, change the environment, be None."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import LEAVES, children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ENVIRONMENT_WORDS = frozenset({"environ", "putenv", "unsetenv", "load_dotenv", "monkeypatch"})
_SIZED_TYPES = frozenset(
    "list List tuple Tuple set Set frozenset FrozenSet dict Dict Sequence MutableSequence "
    "Collection Sized Mapping MutableMapping AbstractSet deque".split()
)
_SIZED_CALLS = frozenset({"list", "tuple", "set", "frozenset", "dict", "sorted"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_YIELDS = frozenset({ast.Yield, ast.YieldFrom})
_SIZED_NODES = (
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
)


def walk_here(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk *nodes* without entering functions, lambdas and classes defined in them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        kind = type(node)
        if kind in LEAVES:
            continue
        if isinstance(node, _FUNCTIONS):
            waiting.extend(node.decorator_list)
            waiting.extend(node.args.defaults)
        elif kind is not ast.Lambda and kind is not ast.ClassDef:
            waiting.extend(children(node))


def walk_run(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk *nodes* as ``walk_here`` does, and the bodies of classes, which run where they stand."""
    waiting = list(nodes)
    for node in waiting:  # it grows on the way
        for inside in walk_here([node]):
            yield inside
            if isinstance(inside, ast.ClassDef):
                waiting += [*inside.decorator_list, *children(inside)]


def first_yield(nodes: Iterable[ast.AST]) -> ast.AST | None:
    """Return a ``yield`` that hands control away from within *nodes*; each is looked at once."""
    for node in reversed(list(nodes)):  # as ``walk_here`` takes them
        found: ast.AST | None = getattr(node, "yielding", node)
        if found is node and type(node) not in _YIELDS:
            found = next((n for n in walk_here([node]) if type(n) in _YIELDS), None)
            node.yielding = found  # type: ignore[attr-defined]
        if found is not None:
            return found
    return None


def makes_call(node: ast.AST) -> bool:
    """Whether running *node* may call something (awaiting and importing count)."""
    calls = (ast.Call, ast.Await, ast.Import, ast.ImportFrom)
    return any(
        isinstance(n, calls) or getattr(n, "decorator_list", None) for n in walk_here([node])
    )


def changes_environment(nodes: Iterable[ast.AST]) -> ast.AST | None:
    """Return a node that visibly changes the process environment."""
    for node in walk_here(nodes):
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", None)
        if name in _ENVIRONMENT_WORDS:
            return node
    return None


def is_plain(expression: ast.expr) -> bool:
    """Whether evaluating *expression* twice, or a little later, gives the same and does nothing."""
    if isinstance(expression, ast.Constant | ast.Name):
        return True
    if isinstance(expression, ast.JoinedStr):
        return all(is_plain(value) for value in expression.values)
    if isinstance(expression, ast.FormattedValue):
        return expression.format_spec is None and is_plain(expression.value)
    return False


def may_be_none(expression: ast.expr, definitions: list[ast.AST]) -> ast.AST | None:
    """Return the evidence that *expression* may be None, or None where there is none.

    *definitions* are the nodes that bind the name, where *expression* is one.
    """
    for node in walk(expression):
        if isinstance(node, ast.Constant) and node.value is None:
            return node
        if isinstance(node, ast.Call) and _gives_none(node):
            return node
    if not isinstance(expression, ast.Name):
        return None
    return next((d for d in definitions if _binds_none(d)), None)


def _gives_none(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in ("get", "getenv") and len(call.args) + len(call.keywords) < 2
    return False


def _binds_none(definition: ast.AST) -> bool:
    annotation = getattr(definition, "annotation", None)
    if annotation is None:
        return False
    text = ast.unparse(annotation)
    return "Optional" in text or "None" in text or text in ("Any", "typing.Any", "object")


def sized_annotation(annotation: ast.expr | None) -> bool | None:
    """Whether *annotation* promises ``len``: True, False, or None where there is no annotation."""
    if annotation is None:
        return None
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return False
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", None)
    return name in _SIZED_TYPES


def sized_value(value: ast.expr) -> bool:
    """Whether *value* visibly builds something that has a length."""
    if isinstance(value, _SIZED_NODES):
        return True
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return False
    return value.func.id in _SIZED_CALLS

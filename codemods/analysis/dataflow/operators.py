"""What operators do with a tracker: a class of the project may say, and may keep it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.holders import family
from codemods.analysis.dataflow.taint_records import Escape
from codemods.analysis.syntax.tree import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.protocols import Pass
    from codemods.analysis.syntax.definitions import Resolved

_ARITHMETIC = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
}
_COMPARISONS = {
    ast.Eq: ("__eq__",),
    ast.NotEq: ("__ne__", "__eq__"),
    ast.Lt: ("__lt__", "__gt__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.GtE: ("__ge__", "__le__"),
    ast.In: ("__contains__", "__iter__"),
    ast.NotIn: ("__contains__", "__iter__"),
}
_BY_KEY = ("__getitem__", "__missing__", "__setitem__", "__delitem__")
# They are of a class that is known, and keeps nothing of what it is joined with.
_DISPLAYS = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)

#: What gives one value, whatever it is given.
_WHOLE = (ast.Call, ast.Attribute, ast.Subscript, ast.JoinedStr, ast.Compare)


class Operators:
    """Takes in the operators of one pass that are given the tracker."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._taint = run.taint

    def expression(self, node: ast.AST) -> None:
        """Take in *node*, if it is an operator with the tracker on one of its sides."""
        if isinstance(node, ast.BinOp):
            name = _ARITHMETIC[type(node.op)]
            self._between(node, node.left, node.right, (f"__r{name}__",))
            self._between(node, node.right, node.left, (f"__{name}__",))
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
                names = _COMPARISONS.get(type(op), ())
                self._between(node, left, right, names)
                if not isinstance(op, ast.In | ast.NotIn):
                    self._between(node, right, left, names)
        elif isinstance(node, ast.Subscript):
            self._index(node)

    def augment(self, node: ast.AugAssign) -> None:
        """Take in an operator that gives its result to its left side."""
        name = _ARITHMETIC[type(node.op)]
        self._between(node, node.value, node.target, (f"__i{name}__", f"__{name}__"))
        self._between(node, node.target, node.value, (f"__r{name}__",))

    def in_class(self, value: ast.expr) -> None:
        """Take in a value of a class body: it may be told of its name there."""
        if isinstance(value, ast.Call) and self._run.tainted(value):
            self._methods(value, value, ("__set_name__",), given=False)

    def _index(self, node: ast.Subscript) -> None:
        keys = (part for part in _parts(node.slice) if not isinstance(part, _DISPLAYS))
        given = next(filter(self._run.tainted, keys), None)
        if given is None:
            return
        stored = isinstance(node.ctx, ast.Store) and not self._run.tainted(node.value)
        if stored and not self._run.taint_receiver(node):
            self._escape(node, f"stored in {ast.unparse(node.value)}, as a key")
            return
        path = self._run.taint.foreign.class_path(node.value) or ""
        if path == "collections.defaultdict" and not self._run.taint_receiver(node.value):
            self._escape(node, f"stored in {ast.unparse(node.value)}, as a key")
        self._between(node, given, node.value, _BY_KEY)

    def _between(
        self, node: ast.AST, given: ast.expr, other: ast.expr, names: tuple[str, ...]
    ) -> None:
        """Take in that the class of *other* may get the tracker *given* in its methods *names*."""
        if isinstance(given, _DISPLAYS) or isinstance(other, _DISPLAYS):
            return
        if self._run.tainted(given):
            self._methods(node, other, names, given=True)

    def _methods(
        self, node: ast.AST, other: ast.expr, names: tuple[str, ...], *, given: bool
    ) -> None:
        plain = self._run.tainted_values.plain_fields(other)
        for method in self._found(other, names):
            parameters = [a.arg for a in method.node.args.args][int(given) :][:1]
            for parameter in parameters:
                if method.summary(parameter, plain).escape is not None:
                    name = method.node.name
                    line = method.node.lineno
                    self._escape(node, f"given to an operator, and kept by {name} (line {line})")

    def _found(self, other: ast.expr, names: tuple[str, ...]) -> Iterator[Resolved]:
        """Yield the methods of the class of *other*; of an unknown one all that may be meant."""
        owner = self._taint.object_class(other)
        for name in names:
            if owner is not None:
                method = family(owner).method(name)
                if method is not None:
                    yield method
            elif self._taint.foreign.class_path(other) is None:
                yield from self._taint.methods_called(name)

    def _escape(self, node: ast.AST, how: str) -> None:
        self._run.flow.escapes.append(Escape(node, how))


def _parts(key: ast.AST) -> Iterator[ast.expr]:
    """Yield what *key* is, and is made of.

    Of a call, a field or an element it is that, and not what it is of; a text is made of texts.
    """
    if isinstance(key, ast.expr):
        yield key
    for part in () if isinstance(key, _WHOLE) else children(key):
        yield from _parts(part)

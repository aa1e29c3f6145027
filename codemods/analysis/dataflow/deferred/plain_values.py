"""Values of Python's own types: none of their methods runs anything of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.scopes import Binding

#: These give texts, numbers, and lists and mappings of such, unless they are told what to make.
_READERS = frozenset(
    ("ast.literal_eval", "json.load", "json.loads", "tomllib.load", "tomllib.loads")
)
#: What these give is plain itself, whatever is in it.
_CLASSES = frozenset("bool bytes dict float frozenset int list set str tuple".split())
_MAKERS = _CLASSES | frozenset("ascii chr format hex len oct ord repr sorted".split())
_LITERALS = (
    *(ast.Constant, ast.JoinedStr, ast.Dict, ast.List, ast.Set, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)
#: These take something out of what was read.
_TAKING = frozenset(("get", "pop"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def is_plain(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* surely is a text, a number, or a collection of Python's own."""
    return _Question().is_plain(taint, value)


class _Question:
    """One question; a variable or a function that leads back to itself adds nothing to it."""

    def __init__(self) -> None:
        self._seen: set[Binding | ast.AST] = set()

    def is_plain(self, taint: DataFlow, value: ast.expr) -> bool:
        if isinstance(value, _LITERALS):
            return True
        if isinstance(value, ast.BoolOp):
            return all(self.is_plain(taint, one) for one in value.values)
        if isinstance(value, ast.IfExp):
            return self.is_plain(taint, value.body) and self.is_plain(taint, value.orelse)
        if isinstance(value, ast.Name):
            return self._holds(taint, value)
        call = value.value if isinstance(value, ast.Await) else value
        found = taint.definition(call.func) if isinstance(call, ast.Call) else None
        if found is not None:
            awaited = isinstance(found.node, ast.AsyncFunctionDef)
            return awaited is isinstance(value, ast.Await) and self._returns(found)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            if value.func.id in _MAKERS and taint.foreign.is_builtin(value.func):
                return True
        return _is_read(taint, value)

    def _returns(self, function: Resolved) -> bool:
        """Whether all that *function* returns is plain."""
        node = function.node
        if node in self._seen:
            return True
        self._seen.add(node)
        own = _own_nodes(node)
        if node.decorator_list or any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own):
            return False
        returned = [n.value for n in own if isinstance(n, ast.Return) and n.value is not None]
        return bool(returned) and all(self.is_plain(function.taint, one) for one in returned)

    def _holds(self, taint: DataFlow, name: ast.Name) -> bool:
        """Whether each value that the variable *name* is given is plain."""
        if name not in taint.scopes.scope_of:
            return False
        binding = taint.scopes.of(name)
        if binding in self._seen:
            return True
        self._seen.add(binding)
        if binding.declared or binding.scope.is_module or not binding.binders:
            return False
        return all(self._is_given(taint, binder) for binder in binding.binders)

    def _is_given(self, taint: DataFlow, binder: ast.AST) -> bool:
        if isinstance(binder, ast.arg):
            return _is_said_to_be(taint, binder.annotation)
        statement = taint.module.parents.get(binder)
        if isinstance(statement, ast.Assign):
            return binder in statement.targets and self.is_plain(taint, statement.value)
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            return self.is_plain(taint, statement.value)
        if isinstance(statement, ast.NamedExpr):
            return self.is_plain(taint, statement.value)
        loops = isinstance(statement, ast.For | ast.comprehension) and statement.target is binder
        return loops and _is_read(taint, statement.iter)  # type: ignore[union-attr]


def _is_read(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* is data that was just read, or was taken out of it: plain all the way."""
    if isinstance(value, ast.Subscript):
        return _is_read(taint, value.value)
    if not isinstance(value, ast.Call):
        return False
    if taint.foreign.path(value.func) in _READERS:
        return not value.keywords  # hooks, and classes of one's own
    if not isinstance(value.func, ast.Attribute) or value.func.attr not in _TAKING:
        return False
    given = all(isinstance(argument, _LITERALS) for argument in value.args[1:])
    return given and not value.keywords and _is_read(taint, value.func.value)


def _own_nodes(function: ast.AST) -> list[ast.AST]:
    """Return what *function* does itself: what functions inside of it do is their own."""
    inner = [n for n in walk(function) if isinstance(n, _FUNCTIONS) and n is not function]
    hidden = {n for one in inner for n in walk(one)}
    return [n for n in walk(function) if n not in hidden]


def _is_said_to_be(taint: DataFlow, annotation: ast.expr | None) -> bool:
    """Whether *annotation* is one of Python's own classes."""
    said = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(said, ast.Name) and said.id in _CLASSES and taint.foreign.is_builtin(said)

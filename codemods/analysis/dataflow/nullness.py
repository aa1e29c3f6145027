"""Whether a value is certainly there: proof that an expression is not None.

Annotations are trusted where no call of this file contradicts them; a parameter
without one is what the calls of this file pass.  Parts of a value are named by
*steps*: a position of a tuple, or ANY element.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.library_models.table import keeps
from codemods.analysis.none_guards import is_guarded
from codemods.analysis.syntax.class_uses import hidden_loads
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.effects import may_be_none, walk_here
from codemods.analysis.syntax.signatures import default_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.analysis.semantic_model import SemanticModel

ANY = -1
_DEEPEST = 8
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SEQUENCES = ast.Tuple | ast.List | ast.Set
_BUILT = (ast.JoinedStr, ast.BinOp, ast.Compare, ast.Dict, ast.ListComp, ast.Lambda)
_TYPES = frozenset("str int float bool bytes UUID date datetime Path Decimal".split())
_GIVING_CALLS = frozenset("str int float bool repr len hex hash format bytes abs sum".split())
_GIVING_METHODS = frozenset(
    "format join upper lower strip lstrip rstrip replace title zfill casefold isoformat "
    "strftime decode encode hexdigest removeprefix removesuffix uuid4 uuid1 now today".split()
)
_GIVING_FIELDS = frozenset({"hex"})
_SAME_ELEMENTS = frozenset("list tuple set frozenset sorted reversed iter".split())
_LISTS_OF_TEXT = frozenset({"split", "splitlines", "rsplit"})


class Nullness:
    """Answers for the expressions of one module."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._scopes = semantic.scopes
        self._parents = semantic.module.parents
        self._asked: set[tuple[ast.AST, tuple[int, ...]]] = set()

    def is_given(self, value: ast.expr, steps: Sequence[int] = ()) -> bool:
        """Whether the parts of *value* that *steps* lead to are certainly not None."""
        way = tuple(steps)
        if isinstance(value, ast.Name):
            return self._name(value, way)
        if isinstance(value, ast.IfExp):
            return self.is_given(value.body, way) and self.is_given(value.orelse, way)
        if isinstance(value, ast.BoolOp):
            needed = value.values[-1:] if isinstance(value.op, ast.Or) else value.values
            return all(self.is_given(v, way) for v in needed)
        if isinstance(value, ast.NamedExpr | ast.Await | ast.Starred):
            return self.is_given(value.value, way)
        if isinstance(value, ast.Call):
            return self._call(value, way)
        return self._part(value, way) if way else self._whole(value)

    def _whole(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Constant):
            return value.value is not None
        if isinstance(value, ast.Attribute):
            return value.attr in _GIVING_FIELDS or self._field(value)
        if isinstance(value, ast.Subscript):
            return ast.unparse(value.value) in ("os.environ", "environ")
        return isinstance(value, (*_BUILT, _SEQUENCES))

    def _part(self, value: ast.expr, way: tuple[int, ...]) -> bool:
        first, rest = way[0], way[1:]
        if isinstance(value, _SEQUENCES):
            if any(isinstance(e, ast.Starred) for e in value.elts):
                return False
            chosen = value.elts if first == ANY else value.elts[first : first + 1]
            return all(self.is_given(element, rest) for element in chosen)
        if isinstance(value, ast.Dict):
            return all(k is not None and self.is_given(k, rest) for k in value.keys)
        if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return self.is_given(value.elt, rest)
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            return self.is_given(value.left, way) and self.is_given(value.right, way)
        return isinstance(value, ast.Constant | ast.JoinedStr) and not rest

    # -- calls ----------------------------------------------------------------

    def _call(self, call: ast.Call, way: tuple[int, ...]) -> bool:
        function = call.func
        if isinstance(function, ast.Name) and self._is_builtin(function):
            return self._builtin(function.id, call, way)
        definition = self._semantic.taint.definition(function)
        if definition is not None:
            return self._result(definition, way)
        if isinstance(function, ast.Name):
            binders = self._scopes.of(function).binders
            return not way and bool(binders) and all(isinstance(b, ast.ClassDef) for b in binders)
        if not isinstance(function, ast.Attribute):
            return False
        if function.attr in ("get", "getenv") and len(call.args) == 2:
            return ast.unparse(function.value) in ("os", "os.environ", "environ") and (
                self.is_given(call.args[1], way)
            )
        if way:
            return self._elements(function, way)
        return function.attr in _GIVING_METHODS

    def _builtin(self, name: str, call: ast.Call, way: tuple[int, ...]) -> bool:
        if not way:
            return name in (*_GIVING_CALLS, *_SAME_ELEMENTS, "range", "zip", "enumerate")
        if name == "range":
            return True
        if name in _SAME_ELEMENTS and call.args:
            return self.is_given(call.args[0], way)
        rest = way[1:]
        if name == "enumerate" and call.args and rest:
            return rest[0] == 0 or self.is_given(call.args[0], (ANY, *rest[1:]))
        if name == "zip" and rest and 0 <= rest[0] < len(call.args):
            return self.is_given(call.args[rest[0]], (ANY, *rest[1:]))
        return False

    def _elements(self, function: ast.Attribute, way: tuple[int, ...]) -> bool:
        """Whether the elements of what a method gives (``split``, ``items``) are given."""
        if function.attr in _LISTS_OF_TEXT:
            return len(way) == 1
        if function.attr == "keys":
            return self.is_given(function.value, way)
        if function.attr != "items" or len(way) < 2:
            return False
        built = self._built_as(function.value)
        if not isinstance(built, ast.Dict):
            return False
        chosen = built.keys if way[1] == 0 else built.values
        return all(v is not None and self.is_given(v, way[2:]) for v in chosen)

    def _built_as(self, value: ast.expr) -> ast.expr | None:
        """Return the expression that *value*, if it is a name, is once and for all bound to."""
        if not isinstance(value, ast.Name):
            return value
        binders = self._scopes.of(value).binders
        statement = self._parents.get(binders[0]) if len(binders) == 1 else None
        return statement.value if isinstance(statement, ast.Assign) else None

    def _result(self, resolved: Resolved, way: tuple[int, ...]) -> bool:
        """Whether each result of a function of the project is given."""
        definition = resolved.node
        if resolved.taint is not self._semantic.taint:
            return definition.returns is not None and _promises(definition.returns, way)
        if (definition, way) in self._asked or len(self._asked) > _DEEPEST:
            return False
        if definition.returns is not None:
            return _promises(definition.returns, way)
        if not isinstance(definition.body[-1], ast.Return | ast.Raise):
            return False
        nodes = list(walk_here(definition.body))
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in nodes):
            return False
        self._asked.add((definition, way))
        results = [n.value for n in nodes if isinstance(n, ast.Return)]
        found = all(r is not None and self.is_given(r, way) for r in results)
        self._asked.discard((definition, way))
        return found

    # -- names ----------------------------------------------------------------

    def _is_builtin(self, name: ast.Name) -> bool:
        return name in self._scopes.scope_of and not self._scopes.of(name).binders

    def _name(self, name: ast.Name, way: tuple[int, ...]) -> bool:
        if name not in self._scopes.scope_of:
            return False
        if not way and is_guarded(self._semantic.taint, name):
            return True
        binding = self._scopes.of(name)
        if way and any(self._is_changed(load) for load in binding.loads):
            return False
        return bool(binding.binders) and all(self._bound(b, way) for b in binding.binders)

    def _is_changed(self, load: ast.Name) -> bool:
        """Whether something may be put into the collection that *load* reads."""
        parent = self._parents[load]
        if isinstance(parent, ast.Subscript):
            return not isinstance(parent.ctx, ast.Load)
        return isinstance(parent, ast.Attribute) and keeps(parent.attr)

    def _bound(self, binder: ast.AST, way: tuple[int, ...]) -> bool:
        """Whether what *binder* gives its variable is given, as far as *way* leads."""
        if isinstance(binder, ast.arg):
            return self._parameter(binder, way)
        if not isinstance(binder, ast.Name) or (binder, way) in self._asked:
            return False
        if len(self._asked) > _DEEPEST:
            return False
        self._asked.add((binder, way))
        found = self._target(binder, way)
        self._asked.discard((binder, way))
        return found

    def _target(self, target: ast.expr, way: tuple[int, ...]) -> bool:
        parent = self._parents[target]
        if isinstance(parent, ast.Tuple | ast.List):
            before = parent.elts[: parent.elts.index(target)]
            if any(isinstance(e, ast.Starred) for e in before):
                return False
            return self._target(parent, (len(before), *way))
        if isinstance(parent, ast.Assign | ast.NamedExpr):
            return self.is_given(parent.value, way)
        if isinstance(parent, ast.AnnAssign):
            if parent.value is not None:
                return self.is_given(parent.value, way) or (
                    _promises(parent.annotation, way) and may_be_none(parent.value, []) is None
                )
            return False
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
            return self.is_given(parent.iter, (ANY, *way))
        return isinstance(parent, ast.AugAssign) and not way

    def _field(self, value: ast.Attribute) -> bool:
        """Whether the class of the variable promises the field, by its annotations."""
        if not isinstance(value.value, ast.Name) or value.value not in self._scopes.scope_of:
            return False
        for binder in self._scopes.of(value.value).binders:
            annotation = binder.annotation if isinstance(binder, ast.arg) else None
            name = annotation.id if isinstance(annotation, ast.Name) else ""
            owners = self._scopes.binding(name, self._scopes.module_scope).binders if name else []
            if not owners or not all(_promises_field(o, value.attr) for o in owners):
                return False
        return bool(self._scopes.of(value.value).binders)

    # -- parameters -----------------------------------------------------------

    def _parameter(self, parameter: ast.arg, way: tuple[int, ...]) -> bool:
        arguments = self._parents.get(parameter)
        function = self._parents.get(arguments) if arguments is not None else None
        if not isinstance(arguments, ast.arguments) or not isinstance(function, _Function):
            return False
        if parameter in (arguments.vararg, arguments.kwarg):
            return False
        if (parameter, way) in self._asked:
            return True  # A recursive call that hands it on.
        if len(self._asked) > _DEEPEST:
            return False
        self._asked.add((parameter, way))
        found = self._passed(function, arguments, parameter, way)
        self._asked.discard((parameter, way))
        return found

    def _passed(
        self,
        function: _Function,
        arguments: ast.arguments,
        parameter: ast.arg,
        way: tuple[int, ...],
    ) -> bool:
        default = default_of(arguments, parameter)
        if default is not None and not self.is_given(default, way):
            return False
        uses = list(self._uses(function))
        calls = [c for u in uses if isinstance(c := self._parents[u], ast.Call) and c.func is u]
        values = [self._argument(function, call, parameter, default) for call in calls]
        if parameter.annotation is not None:
            given = (v for v in values if v is not None and not self.is_given(v, way))
            promised = _promises(parameter.annotation, way)
            return promised and not any(self._shows_none(v) for v in given)
        if len(calls) != len(uses) or not calls or function.decorator_list:
            return False
        owner = self._parents[function]
        known = function.name if isinstance(owner, ast.Module) else getattr(owner, "name", "")
        if self._semantic.used_elsewhere(known):
            return False
        return all(v is not None and self.is_given(v, way) for v in values)

    def _shows_none(self, value: ast.expr) -> bool:
        """Whether *value*, or what its variable is bound to, visibly may be None."""
        if may_be_none(value, []) is not None:
            return True
        built = self._built_as(value)
        return built is not None and may_be_none(built, []) is not None

    def _uses(self, function: _Function) -> Iterable[ast.expr]:
        """Return every mention of *function*, by a text too, or as an attribute for a method."""
        owner = self._parents[function]
        every = self._semantic.module.every
        texts = [n for n in every(ast.Constant) if n.value == function.name]
        if isinstance(owner, ast.ClassDef):
            named = [n for n in every(ast.Attribute) if n.attr == function.name]
            return [*named, *texts]
        scope = self._scopes.inner[function].parent or self._scopes.module_scope
        hidden = hidden_loads(self._semantic.module, self._scopes, function.name)
        return [*self._scopes.binding(function.name, scope).loads, *hidden, *texts]

    def _argument(
        self, function: _Function, call: ast.Call, parameter: ast.arg, default: ast.expr | None
    ) -> ast.expr | None:
        """Return what *call* passes for *parameter*, None where that is not certain."""
        starred = any(isinstance(a, ast.Starred) for a in call.args)
        if starred or any(k.arg is None for k in call.keywords):
            return None
        method = isinstance(self._parents[function], ast.ClassDef)
        resolved = Resolved(self._semantic.taint, function, bound=method)
        for value in [*call.args, *(k.value for k in call.keywords)]:
            if resolved.parameter(call, value) == parameter.arg:
                return value
        return default


def _promises_field(owner: ast.AST, name: str) -> bool:
    for statement in owner.body if isinstance(owner, ast.ClassDef) else ():
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if statement.target.id == name:
                return _promises(statement.annotation, ())
    return False


def _promises(annotation: ast.expr, way: tuple[int, ...]) -> bool:
    """Whether *annotation* says that the parts along *way* are of a type without None."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return False
    if not way:
        base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        return name in _TYPES
    if not isinstance(annotation, ast.Subscript):
        return way == (ANY,) and isinstance(annotation, ast.Name) and annotation.id == "str"
    inner = annotation.slice
    if not isinstance(inner, ast.Tuple):
        return _promises(inner, way[1:])
    if way[0] == ANY:  # the keys of a mapping, or a tuple of any length
        return _promises(inner.elts[0], way[1:])
    return way[0] < len(inner.elts) and _promises(inner.elts[way[0]], way[1:])

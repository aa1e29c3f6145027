"""Arguments that may be called: functions, lambdas, methods, partials, work that has yet to run."""

from __future__ import annotations

import ast
import builtins
import types
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.effects import walk_here

if TYPE_CHECKING:
    from codemods.analysis.dataflow.library_models.calls import ForeignCalls
    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.scopes import Binding

_CALLBACKS = frozenset(
    "fn func function callback cb handler target hook listener worker task job action "
    "callable coro coroutine thunk factory runner".split()
)
_OBJECTS = frozenset(
    "client settings config configuration logger log session db database engine connection conn "
    "model models prompt prompts options items texts registry".split()
)
_METHODS = _CALLBACKS | frozenset("run start execute process handle work call main send".split())
_ANNOTATIONS = ("Callable", "Coroutine", "Awaitable", "Task", "Future")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PROPERTIES = ("property", "cached_property")


class Callables:
    """Tells which of the values that a module hands on may be called by their receiver."""

    def __init__(self, taint: DataFlow, foreign: ForeignCalls) -> None:
        self._taint = taint
        self._foreign = foreign
        self._scopes = taint.scopes
        self._seen: set[Binding] = set()
        # Of each variable, all of whose uses and values are looked at once for all calls that are
        # given it.
        self._answers: dict[tuple[Binding, bool], bool] = {}
        self._called: dict[Binding, bool] = {}
        self._reached_into: dict[Binding, bool] = {}

    def among(self, call: ast.Call, later_than: frozenset[str] = frozenset()) -> ast.expr | None:
        """Return an argument of *call* that may be called, those for *later_than* left out."""
        for position, value in enumerate(call.args):
            if self.is_one(value, first=position == 0):
                return value
        for keyword in call.keywords:
            named = keyword.arg is not None and keyword.arg in _CALLBACKS
            if keyword.arg not in later_than and self.is_one(keyword.value, first=named):
                return keyword.value
        return None

    def is_one(self, value: ast.expr, *, first: bool = False) -> bool:
        """Whether *value* may be called; *first*: it stands where a function would stand."""
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, ast.Name):
            return self._name(value, first=first)
        if isinstance(value, ast.Attribute):
            return self._attribute(value, first=first)
        if isinstance(value, ast.Call):
            return self._made(value)
        if isinstance(value, ast.Starred | ast.NamedExpr):
            return self.is_one(value.value, first=first)
        if isinstance(value, ast.IfExp):
            return self.is_one(value.body, first=first) or self.is_one(value.orelse, first=first)
        if isinstance(value, ast.BoolOp):
            return any(self.is_one(part, first=first) for part in value.values)
        if isinstance(value, ast.Tuple | ast.List | ast.Set):
            return any(self.is_one(e, first=not i) for i, e in enumerate(value.elts))
        if isinstance(value, ast.Dict):
            return any(self.is_one(part) for part in value.values)
        return False

    def _name(self, name: ast.Name, *, first: bool) -> bool:
        if name not in self._scopes.scope_of:
            return False
        if self._foreign.is_builtin(name):
            return isinstance(getattr(builtins, name.id), types.BuiltinFunctionType)
        binding = self._scopes.of(name)
        if self._seen:  # a variable that others led to: what led there answers for itself
            return binding not in self._seen and self._may_be_given(binding, first=first)
        if (binding, first) not in self._answers:
            self._answers[binding, first] = self._may_be_given(binding, first=first)
        return self._answers[binding, first]

    def _may_be_given(self, binding: Binding, *, first: bool) -> bool:
        """Whether something that may be called is given to the variable."""
        self._seen.add(binding)
        try:
            return any(self._bound(binder, binding, first=first) for binder in binding.binders)
        finally:
            self._seen.discard(binding)

    def _bound(self, binder: ast.AST, binding: Binding, *, first: bool) -> bool:
        """Whether what *binder* gives to the variable may be called."""
        if isinstance(binder, _FUNCTIONS):
            return True
        if isinstance(binder, ast.alias):
            return self._imported(binding, first=first)
        if isinstance(binder, ast.arg):
            annotation = ast.unparse(binder.annotation) if binder.annotation else ""
            named = any(word in annotation for word in _ANNOTATIONS)
            return named or binding.name in _CALLBACKS or self._is_called(binding)
        if isinstance(binder, ast.ClassDef):
            return _takes_arguments(binder)
        statement = self._taint.module.parents.get(binder)
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            return statement.value is not None and self.is_one(statement.value, first=first)
        return False

    def _imported(self, binding: Binding, *, first: bool) -> bool:
        """Whether an imported name may be a function: it is one, is called, or stands like one."""
        load = next(iter(binding.loads), None)
        if load is None:
            return False
        if self._taint.definition(load) is not None:
            return True
        owner = self._taint.class_of(load)
        if owner is not None:
            return _takes_arguments(owner.node)
        if self._is_called(binding):
            return not binding.name[:1].isupper()
        return first and self._may_be_function(binding)

    def _may_be_function(self, binding: Binding) -> bool:
        """Whether nothing shows that an imported name is an object, a class or a constant."""
        if self._is_reached_into(binding):
            return False
        lowered = binding.name.islower()
        return (
            lowered
            and telling_names.words_of(binding.name)[-1:] != []
            and not _is_object(binding.name)
        )

    def _is_reached_into(self, binding: Binding) -> bool:
        if binding not in self._reached_into:
            parents = (self._taint.module.parents[load] for load in binding.loads)
            reached = (isinstance(parent, ast.Attribute | ast.Subscript) for parent in parents)
            self._reached_into[binding] = any(reached)
        return self._reached_into[binding]

    def _is_called(self, binding: Binding) -> bool:
        if binding not in self._called:
            parents = ((self._taint.module.parents[load], load) for load in binding.loads)
            called = (isinstance(p, ast.Call) and p.func is load for p, load in parents)
            self._called[binding] = any(called)
        return self._called[binding]

    def _attribute(self, value: ast.Attribute, *, first: bool) -> bool:
        if value.attr in words.TRACKER_METHODS:
            return True
        definition = self._taint.definition(value)
        if definition is not None:
            return not _is_property(definition)
        meaning = self._taint.names.meaning(value)
        if meaning.certain:
            # Of a package: nothing tells a function from a value but where it stands.
            parent = self._taint.module.parents.get(value)
            used = isinstance(parent, ast.Attribute)
            return first and value.attr.islower() and not used and not _is_object(value.attr)
        return value.attr in _METHODS

    def _made(self, call: ast.Call) -> bool:
        """Whether the result of *call* may be called, or is a coroutine that has yet to run."""
        if last_name(call.func) in (*words.RECORDING_DECORATORS, "wrap"):
            return True
        definition = self._taint.definition(call.func)
        if definition is not None:
            if isinstance(definition.node, ast.AsyncFunctionDef):
                return True
            return _returns_function(definition)
        owner = self._taint.class_of(call.func)
        if owner is not None:
            return any(owner.method(name) is not None for name in ("__call__", "run"))
        model = self._foreign.model(call.func)
        holds = model is not None and model.effect in library.HOLDING
        return holds and any(self.is_one(value, first=True) for value in arguments_of(call))


def _is_object(name: str) -> bool:
    return not _OBJECTS.isdisjoint(telling_names.words_of(name))


def _is_property(method: Resolved) -> bool:
    return any(last_name(decorator) in _PROPERTIES for decorator in method.node.decorator_list)


def _takes_arguments(node: ast.ClassDef) -> bool:
    """Whether objects of the class are made of something, so that calling it is work."""
    inits = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return any(len(init.args.args) > 1 or init.args.vararg is not None for init in inits)


def _returns_function(definition: Resolved) -> bool:
    """Whether a function of the project gives back a function that it defines."""
    inner = {n.name for n in definition.node.body if isinstance(n, _FUNCTIONS)}
    for node in walk_here(definition.node.body):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(value, ast.Lambda) or (isinstance(value, ast.Name) and value.id in inner):
            return True
    return False

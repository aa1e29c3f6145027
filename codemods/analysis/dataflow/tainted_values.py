"""Whether a value is, holds, or will use the tracker: a question about one expression."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.callees.heirs import in_place_of_none
from codemods.analysis.dataflow.callees.overriding import in_place_of
from codemods.analysis.dataflow.callees.possible import as_called, lambda_flows, possible
from codemods.analysis.dataflow.callees.replaced import replacing
from codemods.analysis.dataflow.deferred.drained import Drained
from codemods.analysis.dataflow.holders import Making, family, making
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.syntax.calls import arguments_of as arguments_of
from codemods.analysis.syntax.calls import last_name as last_name
from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.dataflow.library_models.rows import Model
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import DataFlow

_LAZY_CALLS = frozenset("partial partialmethod map filter".split())
_TAKING_METHODS = frozenset(
    "get pop pop_all popitem popleft values items copy setdefault __enter__ __aenter__ _replace "
    "_asdict".split()
)
#: ``type`` with a name, bases and attributes makes a class, which holds these.
_CLASS_PARTS = 3
#: A text, or bytes, that goes through what it is given before it returns; threads are given none.
_JOINING = "join"
_TRACKER_VIEWS = frozenset((*words.RECORDING_DECORATORS, "with_options", "wrap"))
_PLAIN_ATTRIBUTES = frozenset((*words.STATE_ATTRIBUTES, *words.INERT_ATTRIBUTES))
# A template string keeps the values themselves; one that is formatted keeps their text.
_TEMPLATES = tuple(
    kind for name in ("TemplateStr", "Interpolation") if (kind := getattr(ast, name, None))
)
_HOLDING_NODES = (
    *(ast.BoolOp, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp),
    *_TEMPLATES,
)


class TaintedValues:
    """Answers for expressions, given the variables that are known to be tainted."""

    def __init__(self, taint: DataFlow, flow: Flow) -> None:
        self._taint = taint
        self._scopes = taint.scopes
        self._flow = flow
        self.foreign = taint.foreign
        self._asked: set[ast.AST] = set()
        self.drained = Drained(taint, self, self._asked)
        self._answers: dict[ast.expr, bool] = {}
        self._known = (0, 0, 0)

    def tainted(self, node: ast.expr) -> bool:
        """Whether the value of *node* is, holds, or will use the tracker."""
        flow = self._flow
        known = (len(flow.tainted), len(flow.attributes), len(flow.returning))
        if known != self._known:  # these only grow
            self._known = known
            self._answers.clear()
        if self._asked:  # on the way through a circle an answer holds for that way only
            return self._is_tainted(node)
        if node not in self._answers:
            self._answers[node] = self._is_tainted(node)
        return self._answers[node]

    def _is_tainted(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return self._is_tainted_name(node)
        if isinstance(node, ast.Attribute):
            if self._is_tainted_field(node):
                return True
            if node.attr in _PLAIN_ATTRIBUTES or self._is_plain_field(node):
                return False
            return self.tainted(node.value)
        if isinstance(node, ast.Call):
            return node in self._flow.givers or self._call(node, awaited=False)
        if isinstance(node, ast.Await):
            return isinstance(node.value, ast.Call) and self._call(node.value, awaited=True)
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return self.mentions(node)
        if isinstance(node, ast.IfExp):
            return self.tainted(node.body) or self.tainted(node.orelse)
        if isinstance(node, ast.ListComp | ast.SetComp):
            return self.tainted(node.elt)
        if isinstance(node, ast.DictComp):
            return self.tainted(node.key) or self.tainted(node.value)
        if isinstance(node, ast.Subscript) and self.drained.looks_up_plain(node):
            return False
        if isinstance(node, ast.Subscript | ast.Starred | ast.NamedExpr):
            return self.tainted(node.value)
        if isinstance(node, _HOLDING_NODES):
            parts = (c for c in children(node) if isinstance(c, ast.expr))
            return any(self.tainted(part) for part in parts)
        return False

    def mentions(self, node: ast.AST) -> bool:
        """Whether a tainted variable occurs anywhere in *node*."""
        return any(self.holds(n) for n in walk(node))

    def holds(self, node: ast.AST) -> bool:
        """Whether *node* itself is a variable, a field of one, or a call, that is tainted."""
        if isinstance(node, ast.Call):
            return node in self._flow.givers
        if isinstance(node, ast.Name):
            return self._is_tainted_name(node) and not self._in_plain_field(node)
        return isinstance(node, ast.Attribute) and self._is_tainted_field(node)

    def _is_tainted_field(self, node: ast.Attribute) -> bool:
        owner = node.value
        if not self._flow.attributes or not isinstance(owner, ast.Name):
            return False
        if owner not in self._scopes.scope_of:
            return False
        return (self._scopes.of(owner), node.attr) in self._flow.attributes

    def _is_plain_field(self, node: ast.Attribute) -> bool:
        """Whether *node* is a field, of an object that holds the tracker, that does not."""
        return node.attr in self.plain_fields(node.value)

    def _in_plain_field(self, name: ast.Name) -> bool:
        parent = self._taint.module.parents.get(name)
        return isinstance(parent, ast.Attribute) and self._is_plain_field(parent)

    def _is_tainted_name(self, node: ast.Name) -> bool:
        return node in self._scopes.scope_of and self._scopes.of(node) in self._flow.tainted

    def _call(self, call: ast.Call, *, awaited: bool) -> bool:
        """Whether the result of *call* is tainted; *awaited* if it is awaited at once."""
        name = last_name(call.func)
        if name == "super" and not call.args:
            return self._is_tainted_receiver(call)
        if isinstance(call.func, ast.Attribute) and self._is_tainted_field(call.func):
            return True  # a method of the object that gives the tracker
        if isinstance(call.func, ast.Attribute) and self.tainted(call.func.value):
            return self._of_method(call.func, awaited=awaited)
        if isinstance(call.func, ast.Name) and self._is_tainted_name(call.func):
            return self._of_tainted_function(call.func, awaited=awaited)
        if isinstance(call.func, ast.Call) and self.tainted(call.func):
            return self._of_made_function(call.func, awaited=awaited)
        given = [value for value in arguments_of(call) if self.tainted(value)]
        if not given:
            return False
        if name in words.CLIENT_WRAPPERS or (name == "type" and len(call.args) == _CLASS_PARTS):
            return True
        making = made_by(self._taint, call, given)
        if making is not None:
            return making.holds
        known = self._taint.known(call.func)
        definition = self._taint.definition(call.func) or known
        model = self.foreign.model(call.func) if known is None else None
        if model is not None and (definition is None or not model.by_name):
            return self._of_model(call, model, given, awaited=awaited)
        if definition is None:
            made = isinstance(call.func, ast.Call | ast.Lambda) or self._builds_object(call.func)
            if made or self._is_lazy_lambda(call.func):
                return True
            found = possible(self._taint, call.func, self._flow.frame)
            may_give = self._may_give(found, call, given, awaited)
            lazily = last_name(call.func) != _JOINING and any(map(self._is_unfinished, given))
            return may_give or lazily
        others = in_place_of(self._taint, call.func, definition)
        heirs = in_place_of_none(self._taint, call.func)
        functions = (definition, *others, *heirs)
        certain = any(self._gives(one, call, given, awaited) for one in functions)
        return certain or self._may_give(replacing(definition), call, given, awaited)

    def _leaves_work(self, function: ast.expr) -> bool:
        """Whether *function*, which is called at once, gives out something that has yet to run."""
        if isinstance(function, ast.Lambda):
            return self.tainted(function.body)
        named = isinstance(function, ast.Name | ast.Attribute)
        known = self._taint.known(function) if named else None
        if known is None:
            return False
        coroutine = isinstance(known.node, ast.AsyncFunctionDef)
        return coroutine or first_yield(known.node.body) is not None

    def _is_unfinished(self, value: ast.expr) -> bool:
        """Whether *value* is lazy: what is made of it by unknown code may go through it later."""
        value = self._taint.followed(value)
        if not isinstance(value, ast.Call):
            return isinstance(value, ast.GeneratorExp)
        known = self._taint.known(value.func)
        if known is not None:
            return first_yield(known.node.body) is not None
        return self.foreign.path(value.func) in ("builtins.map", "builtins.filter")

    def _may_give(
        self, codes: Iterable[Code], call: ast.Call, given: list[ast.expr], awaited: bool
    ) -> bool:
        """Whether one of *codes*, of which *call* may be a call, gives the tracker out."""
        found = list(codes)
        functions = (
            as_called(taint, n, call, given, bound=False)
            for taint, n in found
            if isinstance(n, Function)
        )
        lambdas = ((taint, n) for taint, n in found if isinstance(n, ast.Lambda))
        classes = (ResolvedClass(taint, n) for taint, n in found if isinstance(n, ast.ClassDef))
        if any(making(owner, call, given).holds for owner in classes):
            return True
        return any(self._gives(one, call, given, awaited) for one in functions) or any(
            TaintedValues(home, flow).tainted(node.body)
            for home, node in lambdas
            for flow in lambda_flows(home, node)
        )

    def _gives(
        self, function: Resolved, call: ast.Call, given: list[ast.expr], awaited: bool
    ) -> bool:
        """Whether the result of *call*, which is one of *function*, is tainted."""
        if isinstance(function.node, ast.AsyncFunctionDef) and not awaited:
            return True
        if first_yield(function.node.body) is not None:
            return True
        return any(
            (summary := function.summary(name)).returns_it
            and (not summary.returns_call or self.calling(value))
            for value in given
            for name in function.receivers(call, value)
        )

    def result_of(self, call: ast.Call) -> bool:
        """Whether what *call* gives, where it is waited for, may hold the tracker."""
        return self._call(call, awaited=True)

    def calling(self, value: ast.expr) -> bool:
        """Whether calling *value*, which holds the tracker, may give it out."""
        if isinstance(value, ast.Lambda):
            return self.tainted(value.body)
        if isinstance(value, ast.Name):
            return self._of_tainted_function(value, awaited=False)
        return not isinstance(value, ast.Call) or self._of_made_function(value, awaited=False)

    def _of_model(
        self, call: ast.Call, model: Model, given: list[ast.expr], *, awaited: bool
    ) -> bool:
        """Whether the result of a function of the table holds one of the values *given*."""
        if model.effect is Effect.AWAIT:
            calls = (value for value in given if isinstance(value, ast.Call))
            return not awaited or any(map(self._of_awaited, calls))
        if model.effect is Effect.NOW and any(map(self._leaves_work, arguments_of(call))):
            return True
        if model.effect not in library.HOLDING:
            return False
        done = [k.value for k in call.keywords if k.arg in model.now]
        left = [value for value in given if value not in done]
        if self.drained.drains(call.func) or self.drained.takes_first(call, left):
            return any(map(self.drained.element_tainted, left))
        return bool(left)

    def _of_awaited(self, made: ast.Call) -> bool:
        """Whether what *made* gives, waited for by another function, may hold the tracker."""
        if self.foreign.path(made.func) != "functools.partial":
            return self._call(made, awaited=True)
        known = bool(made.args) and self._taint.definition(made.args[0]) is not None
        return not known or self.calling(made)

    def _of_method(self, function: ast.Attribute, *, awaited: bool) -> bool:
        if function.attr in _TRACKER_VIEWS or function.attr in _TAKING_METHODS:
            return True
        if function.attr in words.TRACKER_METHODS:
            return False
        plain = self.plain_fields(function.value)
        methods = self._taint.methods(function)
        others = (one for method in methods for one in in_place_of(self._taint, function, method))
        return any(
            (isinstance(method.node, ast.AsyncFunctionDef) and not awaited)
            or first_yield(method.node.body) is not None
            or (method.receiver is not None and method.summary(method.receiver, plain).returns_it)
            for method in (*methods, *others)
        )

    def plain_fields(self, value: ast.expr) -> frozenset[str]:
        """Return the fields of the object *value* that surely hold nothing of the tracker."""
        if isinstance(value, ast.Name) and value in self._scopes.scope_of:
            binding = self._scopes.of(value)
            own = frozenset(name for owner, name in self._flow.plain if owner is binding)
            binders: list[ast.AST] = binding.binders
            made = self._taint.module.parents.get(binders[0]) if len(binders) == 1 else None
            if own or not isinstance(made, ast.Assign | ast.withitem):
                return own
            value = made.value if isinstance(made, ast.Assign) else made.context_expr
        if not isinstance(value, ast.Call) or value in self._asked:
            return frozenset()
        self._asked.add(value)
        given = [one for one in arguments_of(value) if self.tainted(one)]
        self._asked.discard(value)
        making = made_by(self._taint, value, given) if given else None
        return making.plain if making is not None else frozenset()

    def _is_tainted_receiver(self, call: ast.Call) -> bool:
        """Whether the object that ``super()`` stands for in the method around *call* is tainted."""
        method = self._taint.method_around(call)
        if method is None or method.receiver is None:
            return False
        scope = self._scopes.inner[method.node]
        return self._scopes.binding(method.receiver, scope) in self._flow.tainted

    def _of_tainted_function(self, function: ast.Name, *, awaited: bool) -> bool:
        """Whether calling a local function or lambda that holds the tracker gives it out."""
        binders = self._scopes.of(function).binders
        if len(binders) != 1:
            return True
        made = binders[0]
        owner = self._taint.object_class(function)
        called = family(owner).method("__call__") if owner is not None else None
        if called is not None and called.receiver is not None:
            plain = self.plain_fields(function)
            return called.summary(called.receiver, plain).returns_it
        if isinstance(made, ast.arg):
            return self._flow.calls_give
        if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
            lazy = isinstance(made, ast.AsyncFunctionDef) and not awaited
            return lazy or first_yield(made.body) is not None or made in self._flow.returning
        if isinstance(made, ast.ClassDef):
            return True
        statement = self._taint.module.parents.get(made)
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Lambda):
            return self.tainted(value.body)
        if isinstance(value, ast.Call):
            return self._of_made_function(value, awaited=awaited)
        return True

    def _of_made_function(self, made: ast.Call, *, awaited: bool) -> bool:
        """Whether calling the result of *made* (a partial, a recorded function) gives it out."""
        name = last_name(made.func)
        if not made.args or name not in (*_LAZY_CALLS, *words.RECORDING_DECORATORS):
            return self._of_made_lambda(made)
        definition = self._taint.definition(made.args[0])
        if definition is None:
            return False
        if name == "partial":
            call = ast.Call(made.args[0], made.args[1:], made.keywords)
            return self._call(ast.copy_location(call, made), awaited=awaited)
        lazy = isinstance(definition.node, ast.AsyncFunctionDef) and not awaited
        return lazy or first_yield(definition.node.body) is not None

    def _of_made_lambda(self, made: ast.Call) -> bool:
        """Whether calling the result of *made* gives it out: no, if a lambda made a plain one."""
        found = possible(self._taint, made.func, self._flow.frame)
        for home, node in found:
            inner = node.body if isinstance(node, ast.Lambda) else None
            if not isinstance(inner, ast.Lambda) or not isinstance(node, ast.Lambda):
                return True
            if any(TaintedValues(home, f).tainted(inner.body) for f in lambda_flows(home, node)):
                return True
        return not found

    def _is_lazy_lambda(self, function: ast.expr) -> bool:
        """Whether *function* names a lambda whose result may hold what it is given."""
        if not isinstance(function, ast.Name) or function not in self._scopes.scope_of:
            return False
        statements = (self._taint.module.parents.get(b) for b in self._scopes.of(function).binders)
        return any(
            isinstance(s, ast.Assign)
            and isinstance(s.value, ast.Lambda)
            and not isinstance(s.value.body, ast.Call | ast.Constant | ast.Compare)
            for s in statements
        )

    def _builds_object(self, function: ast.expr) -> bool:
        """Whether *function* is, by its name or definition, a class or a factory of one."""
        name = last_name(function)
        if name[:1].isupper() or name == "cls":
            return True
        if isinstance(function, ast.Attribute):
            owner = last_name(function.value)
            return owner[:1].isupper()
        if isinstance(function, ast.Name) and function in self._scopes.scope_of:
            binders: list[ast.AST] = self._scopes.of(function).binders
            return any(isinstance(binder, ast.ClassDef) for binder in binders)
        return False


def made_by(taint: DataFlow, call: ast.Call, given: list[ast.expr]) -> Making | None:
    """Return what *call* does with the values *given*, where it makes an object in sight."""
    owner = taint.class_of(call.func)
    if owner is None:
        return None
    key = (call, tuple(map(id, given)))
    if key not in taint.makings:
        taint.makings[key] = making(owner, call, given)
    found: Making = taint.makings[key]
    return found

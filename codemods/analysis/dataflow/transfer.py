"""One pass of a tracker through the statements of a scope: what each of them does with it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_arguments import Handing
from codemods.analysis.dataflow.deferred.background import Closings
from codemods.analysis.dataflow.fresh_objects import Insides
from codemods.analysis.dataflow.holders import family
from codemods.analysis.dataflow.operators import Operators
from codemods.analysis.dataflow.taint_records import Escape, Flow
from codemods.analysis.dataflow.tainted_values import TaintedValues
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding, Scope

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COLLECTIONS = frozenset("dict list set deque defaultdict".split())
#: Of a value that is told, no more is.
_LONGEST = 60
_SETTERS = frozenset((words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL))


class Passage:
    """One pass over the statements of a scope, with all that was found so far."""

    def __init__(
        self, taint: DataFlow, scope: Scope, flow: Flow, statements: list[ast.stmt]
    ) -> None:
        self.taint = taint
        self.scopes = taint.scopes
        self.module = taint.module
        self.scope = scope
        self.flow = flow
        self.statements = statements
        self.closings = Closings(
            taint.module, taint.scopes, taint.names, statements, taint.makes_thread
        )
        self.tainted_values = TaintedValues(taint, flow)
        self.tainted = self.tainted_values.tainted
        self.mentions = self.tainted_values.mentions
        self.handing = Handing(self)
        self._operators = Operators(self)
        self._insides = Insides(self)

    # -- statements ---------------------------------------------------------

    def statement(self, node: ast.AST) -> None:
        """Take in what one statement does, its suites included."""
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._definition(node)
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp):
            # Nobody has the result: the operator is there for what it does with its sides.
            self._escapes(node.value, node, "given to an operator, which may keep it")
        if isinstance(node, ast.Assign):
            self._assign(node.targets, node.value, node)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign([node.target], node.value, node)
        elif isinstance(node, ast.AugAssign):
            self._augment(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            self._escapes(node.value, node, _given_out("returned", node.value))
        elif isinstance(node, ast.Raise | ast.Assert):
            given = (node.exc, node.cause) if isinstance(node, ast.Raise) else (node.msg,)
            for carried in (value for value in given if value is not None):
                self._escapes(carried, node, "carried by an exception")
        elif isinstance(node, ast.For | ast.AsyncFor):
            for target in self._holding(node.target, node.iter):
                self._bind(target, True, node)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self.handing.entered(item.context_expr)
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, self.mentions(item.context_expr), node)
        elif isinstance(node, ast.Match) and self.tainted(node.subject):
            self._captures(node)
        self._below(node)

    def _below(self, node: ast.AST) -> None:
        for child in children(node):
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                self.statement(child)
            else:
                self._expression(child)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """A function or class that uses the tracker holds it; what its body lets out is out."""
        for decorator in node.decorator_list:
            self._expression(decorator)
        if not self.mentions(node):
            return
        for decorator in node.decorator_list:
            self.handing.decorating.decorated(decorator)
        if isinstance(node, ast.ClassDef):
            self._inherits(node)
        self.flow.tainted.add(self.scopes.binding(node.name, self.scope))
        inner = Passage(self.taint, self.scopes.inner[node], self.flow, self.statements)
        found = len(self.flow.escapes)
        for statement in node.body:
            inner.statement(statement)
        if isinstance(node, _FUNCTIONS):
            # A result is out only where the function's caller lets it out.
            lasting = [e for e in self.flow.escapes[found:] if not _is_result(e)]
            if len(lasting) != len(self.flow.escapes) - found:
                self.flow.returning.add(node)
            self.flow.escapes[found:] = lasting

    def _inherits(self, node: ast.ClassDef) -> None:
        """A base of the project that hears of its heirs, or a metaclass, may keep the class."""
        bases = [base for base in map(self.taint.class_of, node.bases) if base is not None]
        told = any(family(base).method("__init_subclass__") for base in bases)
        if node.keywords or told:
            how = f"in the class {node.name}, which its base or metaclass may keep"
            self.flow.escapes.append(Escape(node, how))

    def _captures(self, node: ast.Match) -> None:
        for inner in walk(node):
            name = getattr(inner, "name", None) or getattr(inner, "rest", None)
            if isinstance(inner, ast.pattern) and name:
                self.flow.tainted.add(self.scopes.binding(name, self.scope))

    def _assign(self, targets: list[ast.expr], value: ast.expr, node: ast.AST) -> None:
        tainted = self.tainted(value)
        if tainted and self.scope.is_class:
            self._operators.in_class(value)
        for target in targets:
            unpacks = tainted and isinstance(target, ast.Tuple | ast.List)
            left = self.tainted_values.drained.element_tainted(value) if unpacks else tainted
            self._bind(target, left, node)

    def _augment(self, node: ast.AugAssign) -> None:
        if self.tainted(node.value) and not self.taint_receiver(node.target):
            where = ast.unparse(node.target)
            self.flow.escapes.append(Escape(node, f"put into {where}"))
        self._operators.augment(node)

    def _holding(self, target: ast.expr, items: ast.expr) -> list[ast.expr]:
        """Return what of *target*, which is bound to each of *items*, may hold the tracker."""
        if not self.tainted(items) or not self.tainted_values.drained.element_tainted(items):
            return []
        parts = self.tainted_values.drained.parts(items)
        if parts is None or not isinstance(target, ast.Tuple | ast.List):
            return [target]
        if any(isinstance(one, ast.Starred) for one in target.elts):
            return [target]
        return [one for one, tainted in zip(target.elts, parts, strict=False) if tainted]

    def _bind(self, target: ast.expr, tainted: bool, node: ast.AST) -> None:
        if not tainted:
            return
        if isinstance(target, ast.Name):
            binding = self.scopes.of(target)
            if binding.scope is not self.scope:
                self.flow.escapes.append(Escape(node, f"stored in the outer name {target.id}"))
            self.flow.tainted.add(binding)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._bind(element, tainted, node)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, tainted, node)
        elif self._is_told(target) or not self.taint_receiver(target):
            self.flow.escapes.append(Escape(node, f"stored in {ast.unparse(target)}"))

    def taint_receiver(self, expression: ast.expr) -> bool:
        """Make the local variable at the root of *expression* tainted; False if it is not local."""
        inner = expression
        if isinstance(expression, ast.Attribute | ast.Subscript):
            bound = isinstance(expression.ctx, ast.Store) and not self._is_augmented(expression)
            inner = expression.value if bound else expression
        while isinstance(expression, ast.Attribute | ast.Subscript):
            if self._is_handed_out(expression):
                return False
            expression = expression.value
        if not isinstance(expression, ast.Name) or self.scope.is_module:
            return False
        binding = self.scopes.of(expression)
        if binding.scope is self.scope and self.built_here(binding):
            deep = isinstance(inner, ast.Attribute | ast.Subscript)
            if deep and not self._insides.are_new(binding):
                return False  # what is inside may be somebody else's
            self.flow.tainted.add(binding)
            return True
        return binding in self.flow.tainted and binding.scope is self.scope

    def _is_augmented(self, target: ast.expr) -> bool:
        """Whether the object that is bound to *target* takes something in, and stays the same."""
        return isinstance(self.module.parents.get(target), ast.AugAssign)

    def _is_handed_out(self, part: ast.Attribute | ast.Subscript) -> bool:
        """Whether *part* of an object may be others' as well: its class's, or what code gives."""
        field = part.attr if isinstance(part, ast.Attribute) else "__getitem__"
        if field == "__class__":
            return True
        owner = self.taint.object_class(part.value)
        if owner is None or (isinstance(part.ctx, ast.Store) and not self._is_augmented(part)):
            return False
        return family(owner).shares(field) or family(owner).hands_out(field)

    def built_here(self, binding: Binding) -> bool:
        """Whether the variable only ever holds objects that its own function made."""
        if not binding.binders or not all(isinstance(b, ast.Name) for b in binding.binders):
            return False
        begin = self.statements[0].lineno
        before = [load for load in binding.loads if load.lineno < begin]
        if any(not isinstance(self.module.parents[load], ast.Attribute) for load in before):
            return False  # it may have been put somewhere
        statements = [self.module.statement(binder) for binder in binding.binders]
        assigned = [s for s in statements if not isinstance(s, ast.AugAssign)]
        return all(
            isinstance(s, ast.Assign)
            and all(isinstance(target, ast.Name) for target in s.targets)
            and self.makes_new(s.value)
            for s in assigned
        )

    def makes_new(self, value: ast.expr) -> bool:
        """Whether *value* is an object that nobody else has: a display, or what a class makes."""
        if not isinstance(value, ast.Call):
            return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)
        owner = self.taint.made_by(value)
        if owner is not None:
            return family(owner).doubt is None and not family(owner).keeps_itself
        name = last_name(value.func)
        if name[:1].isupper() and self.taint.foreign.model(value.func) is None:
            self.flow.trusted.append(value)
        return name[:1].isupper() or name in _COLLECTIONS

    def _is_told(self, target: ast.expr) -> bool:
        """Whether the object in whose field *target* something is stored has code that takes it."""
        if not isinstance(target, ast.Attribute | ast.Subscript):
            return False
        if isinstance(target.value, ast.Attribute):
            return True  # the object of a field may be one that others have
        owner = self.taint.object_class(target.value)
        if owner is None:
            return False
        field = target.attr if isinstance(target, ast.Attribute) else "__setitem__"
        names = {method.node.name for one in family(owner).classes for method in one.methods()}
        of_class = isinstance(target, ast.Attribute) and family(owner).shares(field)
        return of_class or not names.isdisjoint((field, "__setattr__", "__del__"))

    def _escapes(self, value: ast.expr, node: ast.AST, how: str) -> None:
        if self.tainted(value):
            self.flow.escapes.append(Escape(node, how))

    def _names_ids(self, method: ast.Attribute) -> bool:
        """Whether *method* may be called with keywords, and not with a context as it is today."""
        call = self.taint.module.parents[method]
        called = isinstance(call, ast.Call) and call.func is method
        return not called or bool(call.keywords)  # type: ignore[attr-defined]

    # -- expressions --------------------------------------------------------

    def _expression(self, node: ast.AST) -> None:
        self._operators.expression(node)
        if isinstance(node, ast.Call):
            self.handing.call(node)
        elif isinstance(node, ast.Yield | ast.YieldFrom) and node.value is not None:
            self._escapes(node.value, node, _given_out("yielded", node.value))
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, self.tainted(node.value), node)
        elif isinstance(node, ast.Attribute) and self.tainted(node.value):
            if node.attr in _SETTERS:
                self.flow.sets.append(node)
                if node.attr == words.OLDER_SET_CALL and self._names_ids(node):
                    self.flow.older.append(node)
            elif node.attr in words.STATE_ATTRIBUTES:
                self.flow.reads.append(node)
        elif isinstance(node, ast.comprehension):
            held = (n for part in self._holding(node.target, node.iter) for n in walk(part))
            names = (n for n in held if isinstance(n, ast.Name))
            self.flow.tainted.update(self.scopes.of(name) for name in names)
        for child in children(node):
            self._expression(child)


def _given_out(how: str, value: ast.expr) -> str:
    """Say *how* the tracker is given out by *value*, with what it is in where that is not it."""
    if not isinstance(value, ast.Call | ast.GeneratorExp | ast.Lambda):
        return how
    text = ast.unparse(value)
    return f"{how} in {text if len(text) < _LONGEST else f'{text[:_LONGEST]}...'}"


def _is_result(escape: Escape) -> bool:
    return isinstance(escape.node, ast.Return | ast.Yield | ast.YieldFrom)

"""Where a tracker travels: what holds it, lazily uses it, and lets it out.

A value is *strong* when it is the tracker, contains it, or will use it later
(alias, container, closure, partial, wrapped client, coroutine not yet awaited).
Strong variables are found to a fixpoint over the statements of a life; a strong
value that is returned, stored elsewhere or handed to something that goes on by
itself is an escape.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.effects import first_yield
from codemods.analysis.scopes import Binding, Scope, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.module import ParsedModule
    from codemods.analysis.scopes import Scopes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_HAND_OFFS = frozenset(
    "create_task ensure_future submit Thread Process Timer run_in_executor apply_async map_async "
    "start_soon call_soon call_later call_soon_threadsafe add_done_callback start_new_thread "
    "run_coroutine_threadsafe starmap_async imap imap_unordered finalize push callback".split()
)
_KEEPERS = frozenset(
    "append add insert extend update setdefault put put_nowait register appendleft subscribe "
    "connect set_tracker setattr".split()
)
_LAZY_CALLS = frozenset("partial partialmethod map filter zip iter enumerate reversed".split())
_PLAIN_ATTRIBUTES = frozenset((*words.STATE_ATTRIBUTES, *words.INERT_ATTRIBUTES))


@dataclass(frozen=True, slots=True)
class Escape:
    """A place where a strong value gets out; ``how`` completes "the tracker is ..."."""

    node: ast.AST
    how: str


@dataclass
class Travel:
    """The outcome: strong variables, escapes, and calls that were trusted not to keep it."""

    strong: set[Binding] = field(default_factory=set)
    escapes: list[Escape] = field(default_factory=list)
    trusted: list[ast.Call] = field(default_factory=list)


class Taint:
    """Follows a value through the statements of one scope."""

    def __init__(self, module: ParsedModule, scopes: Scopes) -> None:
        self._module = module
        self._scopes = scopes
        self._summaries: dict[tuple[ast.AST, str], tuple[bool, ast.AST | None]] = {}

    def follow(self, root: Binding, statements: Iterable[ast.stmt], scope: Scope) -> Travel:
        """Follow the value of *root* through *statements* of *scope*."""
        run = _Run(self, self._module, self._scopes, scope, Travel(strong={root}))
        listed = list(statements)
        before = 0
        while before != len(run.travel.strong):
            before = len(run.travel.strong)
            run.travel.escapes.clear()
            run.travel.trusted.clear()
            for statement in listed:
                run.statement(statement)
        return run.travel

    def definition(self, name: ast.expr) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the function of this module that *name* certainly is."""
        if not isinstance(name, ast.Name) or name not in self._scopes.scope_of:
            return None
        binders = self._scopes.of(name).binders
        if len(binders) == 1 and isinstance(binders[0], _FUNCTIONS):
            return binders[0]
        return None

    def parameter(
        self, definition: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, value: ast.expr
    ) -> str | None:
        """Return the parameter that receives the argument *value* of *call*, if it is certain."""
        arguments = definition.args
        positional = [*arguments.posonlyargs, *arguments.args]
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred):
                return None
            if argument is value:
                return positional[index].arg if index < len(positional) else None
        names = {parameter.arg for parameter in parameters(arguments)}
        for keyword in call.keywords:
            if keyword.value is value and keyword.arg in names:
                return keyword.arg
        return None

    def summary(
        self, definition: ast.FunctionDef | ast.AsyncFunctionDef, parameter: str
    ) -> tuple[bool, ast.AST | None]:
        """Whether the function's result holds *parameter*, and where it lets it out (or None)."""
        key = (definition, parameter)
        if key not in self._summaries:
            # A recursive call meets this while it is being computed: nothing known yet.
            self._summaries[key] = (False, None)
            scope = self._scopes.inner[definition]
            travel = self.follow(self._scopes.binding(parameter, scope), definition.body, scope)
            returned = any(isinstance(escape.node, ast.Return) for escape in travel.escapes)
            kept = next(
                (e.node for e in travel.escapes if not isinstance(e.node, ast.Return)), None
            )
            self._summaries[key] = (returned, kept)
        return self._summaries[key]


class _Run:
    def __init__(
        self, taint: Taint, module: ParsedModule, scopes: Scopes, scope: Scope, travel: Travel
    ) -> None:
        self.taint = taint
        self.module = module
        self.scopes = scopes
        self.scope = scope
        self.travel = travel

    # -- statements ---------------------------------------------------------

    def statement(self, node: ast.AST) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            if self._mentions(node):
                self.travel.strong.add(self.scopes.binding(node.name, self.scope))
            return
        if isinstance(node, ast.Assign):
            self._assign(node.targets, node.value, node)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            self._assign([node.target], node.value, node)
        elif isinstance(node, ast.Return) and node.value is not None:
            self._escapes(node.value, node, "returned")
        elif isinstance(node, ast.Raise) and node.exc is not None:
            self._escapes(node.exc, node, "carried by an exception")
        elif isinstance(node, ast.For | ast.AsyncFor):
            self._bind(node.target, self.strong(node.iter), node)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._enter(node)
        self._expressions(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                self.statement(child)

    def _enter(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind(item.optional_vars, self._mentions(item.context_expr), node)

    def _assign(self, targets: list[ast.expr], value: ast.expr, node: ast.AST) -> None:
        strong = self.strong(value)
        for target in targets:
            self._bind(target, strong, node)

    def _bind(self, target: ast.expr, strong: bool, node: ast.AST) -> None:
        if not strong:
            return
        if isinstance(target, ast.Name):
            binding = self.scopes.of(target)
            if binding.scope is not self.scope:
                self.travel.escapes.append(Escape(node, f"stored in the outer name {target.id}"))
            self.travel.strong.add(binding)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._bind(element, strong, node)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, strong, node)
        elif not self._taint_receiver(target):
            where = ast.unparse(target)
            self.travel.escapes.append(Escape(node, f"stored in {where}"))

    def _taint_receiver(self, expression: ast.expr) -> bool:
        """Make the local variable at the root of *expression* strong; False if it is not local."""
        while isinstance(expression, ast.Attribute | ast.Subscript):
            expression = expression.value
        if not isinstance(expression, ast.Name) or self.scope.is_module:
            return False
        binding = self.scopes.of(expression)
        built_here = binding.scope is self.scope and all(
            isinstance(binder, ast.Name) and isinstance(self.module.statement(binder), ast.Assign)
            for binder in binding.binders
        )
        if built_here and self._fresh(binding):
            self.travel.strong.add(binding)
            return True
        return binding in self.travel.strong

    def _fresh(self, binding: Binding) -> bool:
        kinds = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp)
        statements = [self.module.statement(binder) for binder in binding.binders]
        return all(isinstance(s, ast.Assign) and isinstance(s.value, kinds) for s in statements)

    def _escapes(self, value: ast.expr, node: ast.AST, how: str) -> None:
        if self.strong(value):
            self.travel.escapes.append(Escape(node, how))

    # -- expressions --------------------------------------------------------

    def _expressions(self, statement: ast.AST) -> None:
        for child in ast.iter_child_nodes(statement):
            if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                self._calls(child)

    def _calls(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Yield | ast.YieldFrom) and node.value is not None:
            self._escapes(node.value, node, "yielded")
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, self.strong(node.value), node)
        for child in ast.iter_child_nodes(node):
            self._calls(child)

    def _call(self, call: ast.Call) -> None:
        name = _last_name(call.func)
        if name in _HAND_OFFS and any(self._mentions(value) for value in _arguments(call)):
            # What is handed over may be a coroutine that has yet to run: a mention is enough.
            if not self._closed_here(call.func):
                how = f"handed to {name}, which goes on by itself"
                self.travel.escapes.append(Escape(call, how))
            return
        given = [value for value in _arguments(call) if self.strong(value)]
        if not given or self._is_own_method(call.func):
            return
        if name in _KEEPERS and isinstance(call.func, ast.Attribute):
            if not self._taint_receiver(call.func.value):
                where = ast.unparse(call.func.value)
                self.travel.escapes.append(Escape(call, f"put into {where}"))
            return
        definition = self.taint.definition(call.func)
        if definition is None:
            if not (name in words.CLIENT_WRAPPERS or name in words.CONTEXT_MANAGERS):
                self.travel.trusted.append(call)
            return
        for value in given:
            self._passed(call, definition, value)

    def _passed(
        self, call: ast.Call, definition: ast.FunctionDef | ast.AsyncFunctionDef, value: ast.expr
    ) -> None:
        parameter = self.taint.parameter(definition, call, value)
        if parameter is None:
            self.travel.trusted.append(call)
            return
        _, kept = self.taint.summary(definition, parameter)
        if kept is not None:
            line = getattr(kept, "lineno", definition.lineno)
            how = f"kept by {definition.name} (line {line})"
            self.travel.escapes.append(Escape(call, how))

    def _closed_here(self, function: ast.expr) -> bool:
        """Whether the receiver of a hand-off is bound by a ``with`` of this scope."""
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return False
        binding = self.scopes.of(function.value)
        return bool(binding.binders) and all(
            isinstance(self.module.parents.get(binder), ast.withitem) for binder in binding.binders
        )

    def _is_own_method(self, function: ast.expr) -> bool:
        return isinstance(function, ast.Attribute) and self.strong(function.value)

    def strong(self, node: ast.expr) -> bool:
        """Whether the value of *node* is, holds, or will use the tracker."""
        if isinstance(node, ast.Name):
            return node in self.scopes.scope_of and self.scopes.of(node) in self.travel.strong
        if isinstance(node, ast.Attribute):
            return node.attr not in _PLAIN_ATTRIBUTES and self.strong(node.value)
        if isinstance(node, ast.Call):
            return self._strong_call(node)
        if isinstance(node, ast.Await):
            return isinstance(node.value, ast.Call) and self._strong_call(node.value, awaited=True)
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return self._mentions(node)
        if isinstance(node, ast.IfExp):
            return self.strong(node.body) or self.strong(node.orelse)
        if isinstance(node, ast.ListComp | ast.SetComp):
            return self.strong(node.elt)
        if isinstance(node, ast.DictComp):
            return self.strong(node.key) or self.strong(node.value)
        if isinstance(node, ast.Subscript | ast.Starred | ast.NamedExpr):
            return self.strong(node.value)
        if isinstance(node, ast.BoolOp | ast.Tuple | ast.List | ast.Set | ast.Dict | ast.BinOp):
            return any(
                self.strong(child)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr)
            )
        return False

    def _strong_call(self, call: ast.Call, *, awaited: bool = False) -> bool:
        name = _last_name(call.func)
        if isinstance(call.func, ast.Attribute) and self.strong(call.func.value):
            return name in words.RECORDING_DECORATORS or name in ("with_options", "copy", "wrap")
        given = [value for value in _arguments(call) if self.strong(value)]
        if not given:
            return False
        if name in words.CLIENT_WRAPPERS or name in _LAZY_CALLS or name in _HAND_OFFS:
            return True
        definition = self.taint.definition(call.func)
        if definition is None:
            return bool(name) and name[:1].isupper()
        if isinstance(definition, ast.AsyncFunctionDef) and not awaited:
            return True
        if first_yield(definition.body) is not None:
            return True
        names = (self.taint.parameter(definition, call, value) for value in given)
        return any(p is not None and self.taint.summary(definition, p)[0] for p in names)

    def _mentions(self, node: ast.AST) -> bool:
        return any(
            isinstance(n, ast.Name)
            and n in self.scopes.scope_of
            and self.scopes.of(n) in self.travel.strong
            for n in ast.walk(node)
        )


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""

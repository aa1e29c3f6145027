"""Where a tracker travels: what holds it, lazily uses it, and lets it out.

A value is *strong* when it is the tracker, contains it, or will use it later
(alias, container, closure, partial, wrapped client, coroutine not yet awaited).
Strong variables are found to a fixpoint over the statements of a life; a strong
value that is returned, stored elsewhere or handed to something that goes on by
itself is an escape.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.closings import Closings, deferred_call
from codemods.analysis.resolved import Resolved, ResolvedClass, method_of
from codemods.analysis.strength import (
    HAND_OFFS,
    KEEPERS,
    Strength,
    arguments_of,
    last_name,
)
from codemods.analysis.travel import Escape, Summary, Travel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.analysis.module import ParsedModule
    from codemods.analysis.names import Names
    from codemods.analysis.scopes import Binding, Scope, Scopes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SETTERS = frozenset((words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL))
_LOOKUPS = frozenset({"getattr", "vars", "hasattr", "dir"})


class Taint:
    """Follows a value through the statements of one scope."""

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        names: Names,
        resolve: Callable[[str], Resolved | ResolvedClass | None],
    ) -> None:
        self.module = module
        self.scopes = scopes
        self.names = names
        self._resolve = resolve
        self._summaries: dict[tuple[ast.AST, str], Summary] = {}
        self._methods: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for node in ast.walk(module.tree):
            if isinstance(node, _FUNCTIONS) and isinstance(module.parents[node], ast.ClassDef):
                self._methods.setdefault(node.name, []).append(node)

    def follow(
        self,
        root: Binding | tuple[Binding, str],
        statements: Iterable[ast.stmt],
        scope: Scope,
        aliases: Iterable[Binding] = (),
    ) -> Travel:
        """Follow the value of *root* through *statements* of *scope*.

        *root* is a variable, or a field of one as (variable, name).
        """
        listed = list(statements)
        travel = Travel(attributes={root}) if isinstance(root, tuple) else Travel(strong={root})
        travel.strong.update(aliases)
        run = _Run(self, scope, travel, listed)
        before = -1
        while before != len(travel.strong):
            before = len(travel.strong)
            for found in (travel.escapes, travel.trusted, travel.sets, travel.reads):
                found.clear()
            for statement in listed:
                run.statement(statement)
        return travel

    def definition(self, name: ast.expr) -> Resolved | None:
        """Return the function of this project that *name* certainly is."""
        found = self._named(name)
        if found is not None:
            return found if isinstance(found, Resolved) else None
        return None if self.names.meaning(name).certain else self._method(name)

    def class_of(self, name: ast.expr) -> ResolvedClass | None:
        """Return the class of this project that *name* certainly is."""
        found = self._named(name)
        return found if isinstance(found, ResolvedClass) else None

    def _named(self, name: ast.expr) -> Resolved | ResolvedClass | None:
        if isinstance(name, ast.Name) and name in self.scopes.scope_of:
            binders = self.scopes.of(name).binders
            if len(binders) == 1 and isinstance(binders[0], _FUNCTIONS):
                return Resolved(self, binders[0])
            if len(binders) == 1 and isinstance(binders[0], ast.ClassDef):
                return ResolvedClass(self, binders[0])
        meaning = self.names.meaning(name)
        return self._resolve(meaning.paths[0]) if meaning.certain else None

    def overrides(self, name: ast.expr) -> list[Resolved]:
        """Return every method of this module that ``self.name`` or ``super().name`` may be."""
        if not isinstance(name, ast.Attribute):
            return []
        owner = name.value.func if isinstance(name.value, ast.Call) else name.value
        if not isinstance(owner, ast.Name) or owner.id not in ("self", "cls", "super"):
            return []
        return [Resolved(self, found, bound=True) for found in self._methods.get(name.attr, [])]

    def methods(self, name: ast.Attribute) -> list[Resolved]:
        """Return the methods of the project that *name* may be, as far as can be told."""
        certain = self.definition(name)
        if certain is not None:
            return [certain]
        return [method_of(self, found) for found in self._methods.get(name.attr, [])]

    def _method(self, name: ast.expr) -> Resolved | None:
        """Return the method that *name* is: by its object's class, or the only one of the name."""
        if not isinstance(name, ast.Attribute) or self.names.meaning(name).paths:
            return None
        owner = self.made_by(name.value)
        known = owner.method(name.attr) if owner is not None else None
        if known is not None:
            return known
        found = self._methods.get(name.attr, [])
        return method_of(self, found[0]) if len(found) == 1 else None

    def made_by(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class of the project that *value* is visibly an object of."""
        if isinstance(value, ast.Name) and value in self.scopes.scope_of:
            binders = self.scopes.of(value).binders
            statement = self.module.parents.get(binders[0]) if len(binders) == 1 else None
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
                return None
            value = statement.value
        return self.class_of(value.func) if isinstance(value, ast.Call) else None

    def summary(
        self, definition: ast.FunctionDef | ast.AsyncFunctionDef, parameter: str
    ) -> Summary:
        """Return what *definition*, a function of this module, does with *parameter*."""
        key = (definition, parameter)
        if key not in self._summaries:
            # A recursive call meets this while it is being computed: nothing known yet.
            self._summaries[key] = Summary()
            scope = self.scopes.inner[definition]
            travel = self.follow(self.scopes.binding(parameter, scope), definition.body, scope)
            kept = next((e.node for e in travel.escapes if not _is_return(e)), None)
            self._summaries[key] = Summary(
                any(_is_return(escape) for escape in travel.escapes),
                kept,
                bool(travel.sets),
                bool(travel.reads),
            )
        return self._summaries[key]


def _is_return(escape: Escape) -> bool:
    return isinstance(escape.node, ast.Return)


class _Run:
    """One pass over the statements of a scope, with all that was found so far."""

    def __init__(
        self, taint: Taint, scope: Scope, travel: Travel, statements: list[ast.stmt]
    ) -> None:
        self.taint = taint
        self.scopes = taint.scopes
        self.module = taint.module
        self.scope = scope
        self.travel = travel
        self.statements = statements
        self.closings = Closings(taint.module, taint.scopes, taint.names, statements)
        self.strength = Strength(taint, travel)
        self.strong = self.strength.strong
        self.mentions = self.strength.mentions

    # -- statements ---------------------------------------------------------

    def statement(self, node: ast.AST) -> None:
        """Take in what one statement does, its suites included."""
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._definition(node)
            return
        if isinstance(node, ast.Assign):
            self._assign(node.targets, node.value, node)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign([node.target], node.value, node)
        elif isinstance(node, ast.AugAssign):
            self._augment(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            self._escapes(node.value, node, "returned")
        elif isinstance(node, ast.Raise) and node.exc is not None:
            self._escapes(node.exc, node, "carried by an exception")
        elif isinstance(node, ast.For | ast.AsyncFor):
            self._bind(node.target, self.strong(node.iter), node)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, self.mentions(item.context_expr), node)
        elif isinstance(node, ast.Match) and self.strong(node.subject):
            self._captures(node)
        self._below(node)

    def _below(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
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
        self.travel.strong.add(self.scopes.binding(node.name, self.scope))
        inner = _Run(self.taint, self.scopes.inner[node], self.travel, self.statements)
        found = len(self.travel.escapes)
        for statement in node.body:
            inner.statement(statement)
        if isinstance(node, _FUNCTIONS):
            # A result is out only where the function's caller lets it out.
            kept = [e for e in self.travel.escapes[found:] if not _is_result(e)]
            if len(kept) != len(self.travel.escapes) - found:
                self.travel.returning.add(node)
            self.travel.escapes[found:] = kept

    def _captures(self, node: ast.Match) -> None:
        for inner in ast.walk(node):
            name = getattr(inner, "name", None) or getattr(inner, "rest", None)
            if isinstance(inner, ast.pattern) and name:
                self.travel.strong.add(self.scopes.binding(name, self.scope))

    def _assign(self, targets: list[ast.expr], value: ast.expr, node: ast.AST) -> None:
        strong = self.strong(value)
        for target in targets:
            self._bind(target, strong, node)

    def _augment(self, node: ast.AugAssign) -> None:
        if self.strong(node.value) and not self._taint_receiver(node.target):
            where = ast.unparse(node.target)
            self.travel.escapes.append(Escape(node, f"put into {where}"))

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
            self.travel.escapes.append(Escape(node, f"stored in {ast.unparse(target)}"))

    def _taint_receiver(self, expression: ast.expr) -> bool:
        """Make the local variable at the root of *expression* strong; False if it is not local."""
        while isinstance(expression, ast.Attribute | ast.Subscript):
            expression = expression.value
        if not isinstance(expression, ast.Name) or self.scope.is_module:
            return False
        binding = self.scopes.of(expression)
        if binding.scope is self.scope and self._built_here(binding):
            self.travel.strong.add(binding)
            return True
        return binding in self.travel.strong and binding.scope is self.scope

    def _built_here(self, binding: Binding) -> bool:
        """Whether the variable only ever holds objects that its own function made."""
        kinds = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp)
        if not binding.binders or not all(isinstance(b, ast.Name) for b in binding.binders):
            return False
        statements = [self.module.statement(binder) for binder in binding.binders]
        assigned = [s for s in statements if not isinstance(s, ast.AugAssign)]
        return all(isinstance(s, ast.Assign) and isinstance(s.value, kinds) for s in assigned)

    def _escapes(self, value: ast.expr, node: ast.AST, how: str) -> None:
        if self.strong(value):
            self.travel.escapes.append(Escape(node, how))

    # -- expressions --------------------------------------------------------

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Yield | ast.YieldFrom) and node.value is not None:
            self._escapes(node.value, node, "yielded")
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, self.strong(node.value), node)
        elif isinstance(node, ast.Attribute) and self.strong(node.value):
            if node.attr in _SETTERS:
                self.travel.sets.append(node)
            elif node.attr in words.STATE_ATTRIBUTES:
                self.travel.reads.append(node)
        elif isinstance(node, ast.comprehension) and self.strong(node.iter):
            targets = (n for n in ast.walk(node.target) if isinstance(n, ast.Name))
            self.travel.strong.update(self.scopes.of(target) for target in targets)
        for child in ast.iter_child_nodes(node):
            self._expression(child)

    def _call(self, call: ast.Call) -> None:
        name = last_name(call.func)
        mentioned = any(self.mentions(value) for value in arguments_of(call))
        pool_map = name == "map" and isinstance(call.func, ast.Attribute)
        if (name in HAND_OFFS or pool_map) and mentioned:
            # What is handed over may be a coroutine that has yet to run: a mention is enough.
            if not self.closings.closes(call):
                how = f"handed to {name}, which goes on by itself"
                self.travel.escapes.append(Escape(call, how))
            else:
                self.travel.strong.update(self.closings.receivers(call))
            later = deferred_call(call)
            if later is not None:
                self._given(later)
            return
        self._given(deferred_call(call) or call if name == "partial" else call)

    def _given(self, call: ast.Call) -> None:
        """Take in what becomes of the tracker as an argument of *call*."""
        name = last_name(call.func)
        given = [value for value in arguments_of(call) if self.strong(value)]
        if not given:
            return
        if name in _LOOKUPS and isinstance(call.func, ast.Name):
            self.travel.reads.append(call)
            return
        if isinstance(call.func, ast.Attribute) and self.strong(call.func.value):
            return
        if name in KEEPERS:
            self._kept(call, name)
            return
        if self._registers_itself(call.func):
            self.travel.escapes.append(
                Escape(call, f"kept by an object of {name} that registers itself")
            )
            return
        definition = self.taint.definition(call.func)
        if definition is None:
            if not (
                self.strength.combines(call.func)
                or name in words.CLIENT_WRAPPERS
                or name in words.CONTEXT_MANAGERS
            ):
                self.travel.trusted.append(call)
            return
        for value in given:
            self._passed(call, definition, value)

    def _registers_itself(self, function: ast.expr) -> bool:
        """Whether *function* is a class of this module whose new objects let themselves out."""
        if not isinstance(function, ast.Name) or function not in self.scopes.scope_of:
            return False
        for binder in self.scopes.of(function).binders:
            for method in binder.body if isinstance(binder, ast.ClassDef) else ():
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    arguments = [*method.args.posonlyargs, *method.args.args]
                    if arguments and self.taint.summary(method, arguments[0].arg).kept is not None:
                        return True
        return False

    def _kept(self, call: ast.Call, name: str) -> None:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if receiver is None and call.args:
            receiver = call.args[0]  # setattr(receiver, name, value)
        if receiver is None or not self._taint_receiver(receiver):
            where = ast.unparse(receiver) if receiver is not None else name
            self.travel.escapes.append(Escape(call, f"put into {where}"))

    def _passed(self, call: ast.Call, definition: Resolved, value: ast.expr) -> None:
        parameter = definition.parameter(call, value)
        if parameter is None:
            self.travel.trusted.append(call)
            return
        summary = definition.summary(parameter)
        if summary.kept is not None:
            line = getattr(summary.kept, "lineno", definition.node.lineno)
            how = f"kept by {definition.node.name} (line {line})"
            self.travel.escapes.append(Escape(call, how))
        if summary.sets_ids:
            self.travel.sets.append(call)
        if summary.reads_state:
            self.travel.reads.append(call)


def _is_result(escape: Escape) -> bool:
    return isinstance(escape.node, ast.Return | ast.Yield | ast.YieldFrom)

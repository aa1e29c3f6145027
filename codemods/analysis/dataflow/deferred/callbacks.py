"""Functions that are handed on as values, and calls that may be calls of such a function."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.deferred.plain_values import is_plain
from codemods.analysis.dataflow.deferred.quiet_methods import is_quiet
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.external.computed_names import IMPORTING
from codemods.analysis.syntax.calls import arguments_of, calls_named, last_name
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

_PARTIALS = ("partial", *words.RECORDING_DECORATORS)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: What looks functions of the module up by names that may be computed: with any arguments, and
#: without.
_BY_NAME = frozenset({"globals", "eval", "exec", "modules", "__globals__", "f_globals"})
_BY_NAME_HERE = frozenset({"vars", "locals"})
#: What calls its first argument, and what calls a ``key``.
_APPLYING = frozenset("map filter reduce starmap takewhile dropwhile".split())
_ORDERING = frozenset("sorted min max sort groupby nlargest nsmallest".split())
_EVALUATING = ("eval", "exec")
#: Decorators of functions that call another one instead, which was registered with them.
_DISPATCHING = ("singledispatch", "singledispatchmethod", "dispatch", "multimethod")
_TEXTS = (ast.Constant, ast.JoinedStr, ast.Compare)
_COLLECTIONS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_LITERALS = (ast.Constant, ast.JoinedStr)
_BUILT = (*_COLLECTIONS, ast.ListComp, ast.DictComp, ast.SetComp)
#: Methods of lists and dictionaries that ask nothing of what is in them.
_FILLING = frozenset("append clear copy extend get insert items keys pop reverse values".split())
_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


def calls_unknown(taint: DataFlow, statements: Iterable[ast.AST]) -> bool:
    """Whether *statements*, or what they call, call something that may have been handed on."""
    listed = list(statements)
    reached = reachable(taint, listed)
    if reached.is_cut or any(_calls_unknown(taint, node) for node in listed):
        return True
    return any(_calls_unknown(one.taint, node) for one in reached for node in one.node.body)


def unknown_calls(
    taint: DataFlow, statements: Iterable[ast.AST]
) -> Iterator[tuple[DataFlow, ast.Call]]:
    """Yield the calls of *statements*, and of what they call, that may be of what is handed on."""
    listed = list(statements)
    roots = [(taint, node) for node in listed]
    roots += [(one.taint, node) for one in reachable(taint, listed) for node in one.node.body]
    for home, root in roots:
        if _calls_unknown(home, root):
            calls = (n for n in walk(root) if isinstance(n, ast.Call))
            yield from ((home, call) for call in calls if is_unknown(home, call))


def handed_on(taint: DataFlow) -> frozenset[ast.AST]:
    """Return the functions that the module of *taint* hands on as values, and what they call.


    Decorators too keep them, or run them in a block.  Where the module looks functions up by
    their names, these are all it has.
    """
    if taint.handed_on is None:
        taint.handed_on = _handed_on(taint)
    return taint.handed_on


def _handed_on(taint: DataFlow) -> frozenset[ast.AST]:
    every = taint.module.every
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *every(ast.FunctionDef),
        *every(ast.AsyncFunctionDef),
    ]
    if _looks_up(taint):
        return frozenset(functions)
    fields = (node for node in every(ast.Attribute) if _is_handed(taint, node))
    handed: list[ast.AST] = [*every(ast.Lambda), *_handed_names(taint), *fields]
    registered = [f for f in functions if any(registers(taint, d) for d in f.decorator_list)]
    bodies = [statement for function in registered for statement in function.body]
    reached = reachable(taint, [*handed, *bodies])
    more = functions if reached.is_cut else registered
    return frozenset([*more, *(found.node for found in reached)])


def _looks_up(taint: DataFlow) -> bool:
    """Whether the module may have functions of its own from what has them by name."""
    return taint.module.mentions(_BY_NAME) or any(
        isinstance(call.func, ast.Name)
        for call in calls_named(taint.module.tree, _BY_NAME_HERE)
        if not call.args
    )


def registers(taint: DataFlow, decorator: ast.expr) -> bool:
    """Whether *decorator* keeps the function that it decorates, or runs it in a block."""
    is_call = isinstance(decorator, ast.Call)
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    known = taint.known(made)
    if known is not None:
        blocks = (ast.With, ast.AsyncWith)
        in_block = any(isinstance(node, blocks) for node in walk(known.node))
        return in_block or known.keeps_decorated(factory=is_call)
    model = taint.foreign.model(made)
    if model is not None:
        return model.effect in (Effect.KEEP, Effect.LATER)
    return telling_names.registers(last_name(made))


def _handed_names(taint: DataFlow) -> Iterator[ast.Name]:
    """Yield the names of functions that are no calls of them.

    Asked of variables: whatever reads one reads the same function.
    """
    of, definition = taint.scopes.of, taint.definition
    for binding in list(taint.scopes.bindings.values()):
        if binding.binders and type(binding.binders[0]) is ast.arg:
            continue  # most variables of functions: who calls them may give anything
        bound = [node for node in binding.binders if isinstance(node, ast.Name)]
        names = [name for name in (*binding.loads, *bound, *binding.deletes) if of(name) is binding]
        if names and definition(names[0]) is not None:
            yield from (name for name in names if _is_handed(taint, name))


def _is_handed(taint: DataFlow, node: ast.Name | ast.Attribute) -> bool:
    """Whether *node* is a mention of a function that is no call of it."""
    parent = taint.module.parents[node]
    is_called = isinstance(parent, ast.Call) and parent.func is node
    return not is_called and taint.definition(node) is not None


def _calls_unknown(taint: DataFlow, root: ast.AST) -> bool:
    known = taint.calls_unknown
    if root not in known:
        known[root] = any(isinstance(n, ast.Call) and is_unknown(taint, n) for n in walk(root))
    return known[root]


def is_unknown(taint: DataFlow, call: ast.Call) -> bool:
    """Whether *call* may be one of something that was handed on, or has that called at once."""
    return any(True for _ in called_by(taint, call))


def called_by(taint: DataFlow, call: ast.Call) -> Iterator[ast.expr]:
    """Yield what *call* calls that may have been handed on: it, or what it is given for that."""
    name = last_name(call.func)
    given = call.args[:1] if name in _APPLYING else []
    given += [k.value for k in call.keywords if k.arg == "key"] if name in _ORDERING else []
    for one in (call.func, *(value for value in given if not isinstance(value, _LITERALS))):
        if _Callee(taint).is_unknown(one):
            yield one


def is_strange(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* may be an object of the project that does not show its class."""
    return not is_plain(taint, value) and _Callee(taint)._is_strange(value)


class _Callee:
    """Answers for the callee of one call; each variable on the way is looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._seen: set[Binding] = set()

    def is_unknown(self, function: ast.expr) -> bool:
        """Whether a call of *function* may be a call of something that was handed on.

        Lambdas are no secret: what they call is part of the text that is searched.
        """
        if isinstance(function, ast.Lambda):
            return False
        named = isinstance(function, ast.Name | ast.Attribute)
        known = self._taint.definition(function) if named else None
        if known is not None:
            return any(dispatches(d) for d in known.node.decorator_list)
        if isinstance(function, ast.Attribute):
            if function.attr in _FILLING and self._is_built(function.value):
                return False
            if is_quiet(self._taint, function) or is_plain(self._taint, function.value):
                return False
            # Somebody may have put a function there, whatever the object was made of.
            written = function.attr in self._taint.module.written_fields
            strange = written or self._is_strange(function.value)
            return strange and function.attr not in words.TRACKER_METHODS
        if isinstance(function, ast.Call):  # what a decorator or a partial makes of a function
            made = last_name(function.func) in _PARTIALS
            return not made or any(self.is_unknown(f) for f in function.args[:1])
        value = self._value(function) if isinstance(function, ast.Name) else function
        if value is None:
            return self._is_defined_here(function) or last_name(function) in _EVALUATING
        return value is function or self.is_unknown(value)

    def _is_strange(self, value: ast.expr) -> bool:
        """Whether *value* is an object in which somebody may have put a function."""
        if self._seen:  # on the way through a variable an answer holds for that way only
            return self._looks_strange(value)
        known = self._taint.strange
        if value not in known:
            known[value] = self._looks_strange(value)
        return known[value]

    def _looks_strange(self, value: ast.expr) -> bool:
        if isinstance(value, _TEXTS):
            return False
        if isinstance(value, ast.Await | ast.Attribute):
            return self._is_strange(value.value)
        if isinstance(value, _COLLECTIONS):
            return any(self._is_strange(n) for n in children(value) if isinstance(n, ast.expr))
        if isinstance(value, ast.Call):
            if isinstance(value.func, ast.Attribute) and isinstance(value.func.value, _LITERALS):
                return False  # the methods of a text give texts, and what texts are made of
            if last_name(value.func) in IMPORTING:
                return True
            return self.is_unknown(value.func) or any(
                self._is_strange(argument) or self._is_function(argument)
                for argument in arguments_of(value)
            )
        if not isinstance(value, ast.Name):
            return True
        held = self._value(value)
        return held is not None and (held is value or self._is_strange(held))

    def _is_function(self, value: ast.expr) -> bool:
        """Whether *value* mentions a function of the project: what is made of it may call it."""
        known = isinstance(value, ast.Name | ast.Attribute)
        return known and self._taint.definition(value) is not None

    def _value(self, name: ast.Name) -> ast.expr | None:
        """Return what the variable *name* holds; *name* itself if that is not known.

        None for what a definition, an import or the interpreter provides.
        """
        if name not in self._taint.scopes.scope_of:
            return name
        binding = self._taint.scopes.of(name)
        if all(isinstance(b, (*_DEFINITIONS, ast.alias)) for b in binding.binders):
            return None
        if len(binding.binders) != 1 or binding in self._seen:
            return name
        self._seen.add(binding)
        statement = self._taint.module.parents[binding.binders[0]]
        if isinstance(statement, ast.Assign) and binding.binders[0] in statement.targets:
            return statement.value
        if isinstance(statement, ast.withitem):
            return statement.context_expr
        return name

    def _is_defined_here(self, name: ast.expr) -> bool:
        """Whether *name* is a class of this module, or one of several functions."""
        if not isinstance(name, ast.Name):
            return False
        found = [b for b in self._taint.scopes.of(name).binders if isinstance(b, _DEFINITIONS)]
        return not all(isinstance(one, ast.ClassDef) and self._is_plain(one) for one in found)

    def _is_built(self, value: ast.expr) -> bool:
        """Whether *value* is surely a list, a set or a dictionary itself."""
        held = _Callee(self._taint)._value(value) if isinstance(value, ast.Name) else value
        return isinstance(held, _BUILT)

    def _is_plain(self, definition: ast.ClassDef) -> bool:
        """Whether nothing of the program runs where an object of the class is made."""
        if definition.keywords or not all(map(self._is_error, definition.bases)):
            return False
        if not all(map(self._is_dataclass, definition.decorator_list)):
            return False
        return all(map(_only_says, definition.body))

    def _is_error(self, base: ast.expr) -> bool:
        if not isinstance(base, ast.Name) or base.id not in _ERRORS:
            return False
        return not self._taint.scopes.of(base).binders

    def _is_dataclass(self, decorator: ast.expr) -> bool:
        made = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not isinstance(made, ast.Name) or made.id != "dataclass":
            return False
        parents = self._taint.module.parents
        imports = [parents.get(b) for b in self._taint.scopes.of(made).binders]
        return all(isinstance(i, ast.ImportFrom) and i.module == "dataclasses" for i in imports)


def _only_says(statement: ast.stmt) -> bool:
    """Whether *statement* of a class does nothing where an object is made of it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return not statement.name.startswith("__")
    plain = isinstance(statement, ast.AnnAssign | ast.Assign | ast.Expr | ast.Pass)
    return plain and not any(isinstance(n, ast.Call | ast.Name) for n in _values(statement))


def dispatches(decorator: ast.expr) -> bool:
    """Whether a function with this *decorator* may call another one that is registered with it."""
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    return last_name(made) in _DISPATCHING


def _values(statement: ast.stmt) -> list[ast.AST]:
    value = getattr(statement, "value", None)
    return [] if value is None else list(walk(value))

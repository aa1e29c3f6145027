"""Whether a value is, holds, or will use the tracker: a question about one expression."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.effects import first_yield

if TYPE_CHECKING:
    from codemods.analysis.taint import Taint
    from codemods.analysis.travel import Travel

HAND_OFFS = frozenset(
    "create_task ensure_future submit Thread Process Timer run_in_executor apply_async map_async "
    "start_soon call_soon call_later call_soon_threadsafe add_done_callback start_new_thread "
    "run_coroutine_threadsafe starmap_async imap imap_unordered finalize callback".split()
)
KEEPERS = frozenset(
    "append add insert extend update setdefault put put_nowait register appendleft subscribe "
    "connect set_tracker setattr set send push".split()
)
# Of asyncio: awaited at once they are over, with the coroutines that they were given.
_COMBINATIONS = ("asyncio.gather", "asyncio.wait_for", "asyncio.shield", "asyncio.to_thread")
# Modules whose functions give back an object that holds, or lazily uses, what they are given.
_HOLDING_MODULES = frozenset(
    "collections contextlib copy dataclasses functools itertools operator types weakref".split()
)
_EAGER = frozenset({"functools.reduce"})
_LAZY_CALLS = frozenset("partial partialmethod map filter".split())
_HOLDING_CALLS = frozenset(
    "dict list tuple set frozenset sorted next copy deepcopy cast iter zip enumerate reversed "
    "max min chain cycle repeat deque defaultdict SimpleNamespace nullcontext closing".split()
)
_TAKING_METHODS = frozenset("get pop popitem popleft values items copy setdefault".split())
_TRACKER_VIEWS = frozenset((*words.RECORDING_DECORATORS, "with_options", "wrap"))
_PLAIN_ATTRIBUTES = frozenset((*words.STATE_ATTRIBUTES, *words.INERT_ATTRIBUTES))
_HOLDING_NODES = (ast.BoolOp, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp)


class Strength:
    """Answers for expressions, given the variables that are known to be strong."""

    def __init__(self, taint: Taint, travel: Travel) -> None:
        self._taint = taint
        self._scopes = taint.scopes
        self._travel = travel

    def strong(self, node: ast.expr) -> bool:
        """Whether the value of *node* is, holds, or will use the tracker."""
        if isinstance(node, ast.Name):
            return self._is_strong_name(node)
        if isinstance(node, ast.Attribute):
            if self._is_strong_field(node):
                return True
            return node.attr not in _PLAIN_ATTRIBUTES and self.strong(node.value)
        if isinstance(node, ast.Call):
            return self._call(node, awaited=False)
        if isinstance(node, ast.Await):
            return isinstance(node.value, ast.Call) and self._call(node.value, awaited=True)
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return self.mentions(node)
        if isinstance(node, ast.IfExp):
            return self.strong(node.body) or self.strong(node.orelse)
        if isinstance(node, ast.ListComp | ast.SetComp):
            return self.strong(node.elt)
        if isinstance(node, ast.DictComp):
            return self.strong(node.key) or self.strong(node.value)
        if isinstance(node, ast.Subscript | ast.Starred | ast.NamedExpr):
            return self.strong(node.value)
        if isinstance(node, _HOLDING_NODES):
            children = (c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))
            return any(self.strong(child) for child in children)
        return False

    def combines(self, function: ast.expr) -> bool:
        """Whether *function* is one of asyncio that awaits what it is given."""
        meaning = self._taint.names.meaning(function)
        return meaning.certain and meaning.paths[0] in _COMBINATIONS

    def mentions(self, node: ast.AST) -> bool:
        """Whether a strong variable occurs anywhere in *node*."""
        return any(
            (isinstance(n, ast.Name) and self._is_strong_name(n))
            or (isinstance(n, ast.Attribute) and self._is_strong_field(n))
            for n in ast.walk(node)
        )

    def _is_strong_field(self, node: ast.Attribute) -> bool:
        owner = node.value
        if not self._travel.attributes or not isinstance(owner, ast.Name):
            return False
        if owner not in self._scopes.scope_of:
            return False
        return (self._scopes.of(owner), node.attr) in self._travel.attributes

    def _is_strong_name(self, node: ast.Name) -> bool:
        return node in self._scopes.scope_of and self._scopes.of(node) in self._travel.strong

    def _call(self, call: ast.Call, *, awaited: bool) -> bool:
        """Whether the result of *call* is strong; *awaited* if it is awaited at once."""
        name = last_name(call.func)
        if isinstance(call.func, ast.Attribute) and self.strong(call.func.value):
            return self._of_method(call.func, awaited=awaited)
        if isinstance(call.func, ast.Name) and self._is_strong_name(call.func):
            return self._of_strong_function(call.func, awaited=awaited)
        if isinstance(call.func, ast.Call) and self.strong(call.func):
            return self._of_made_function(call.func, awaited=awaited)
        given = [value for value in arguments_of(call) if self.strong(value)]
        if not given:
            return False
        if name in words.CLIENT_WRAPPERS or name in _LAZY_CALLS or name in HAND_OFFS:
            return True
        if self.combines(call.func):
            calls = (value for value in given if isinstance(value, ast.Call))
            return not awaited or any(self._call(made, awaited=True) for made in calls)
        definition = self._taint.definition(call.func)
        if definition is None:
            holds = name in _HOLDING_CALLS or self._builds_object(call.func)
            return holds or self._is_holding(call.func) or self._is_lazy_lambda(call.func)
        if isinstance(definition.node, ast.AsyncFunctionDef) and not awaited:
            return True
        if first_yield(definition.node.body) is not None:
            return True
        names = (name for value in given for name in definition.receivers(call, value))
        return any(definition.summary(name).returns_it for name in names)

    def _of_method(self, function: ast.Attribute, *, awaited: bool) -> bool:
        if function.attr in _TRACKER_VIEWS or function.attr in _TAKING_METHODS:
            return True
        if function.attr in words.TRACKER_METHODS:
            return False
        return any(
            (isinstance(method.node, ast.AsyncFunctionDef) and not awaited)
            or first_yield(method.node.body) is not None
            or (method.receiver is not None and method.summary(method.receiver).returns_it)
            for method in self._taint.methods(function)
        )

    def _of_strong_function(self, function: ast.Name, *, awaited: bool) -> bool:
        """Whether calling a local function or lambda that holds the tracker gives it out."""
        binders = self._scopes.of(function).binders
        if len(binders) != 1:
            return True
        made = binders[0]
        if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
            lazy = isinstance(made, ast.AsyncFunctionDef) and not awaited
            return lazy or first_yield(made.body) is not None or made in self._travel.returning
        if isinstance(made, ast.ClassDef):
            return True
        statement = self._taint.module.parents.get(made)
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Lambda):
            return self.strong(value.body)
        if isinstance(value, ast.Call):
            return self._of_made_function(value, awaited=awaited)
        return True

    def _of_made_function(self, made: ast.Call, *, awaited: bool) -> bool:
        """Whether calling the result of *made* (a partial, a recorded function) gives it out."""
        name = last_name(made.func)
        if not made.args or name not in (*_LAZY_CALLS, *words.RECORDING_DECORATORS):
            return True
        definition = self._taint.definition(made.args[0])
        if definition is None:
            return False
        lazy = isinstance(definition.node, ast.AsyncFunctionDef) and not awaited
        return lazy or first_yield(definition.node.body) is not None

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

    def _is_holding(self, function: ast.expr) -> bool:
        """Whether *function* is of a module that wraps things, or made by a call right here."""
        paths = self._taint.names.meaning(function).paths
        wraps = any(path.partition(".")[0] in _HOLDING_MODULES for path in paths)
        return isinstance(function, ast.Call | ast.Lambda) or (
            wraps and not _EAGER.issuperset(paths)
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


def arguments_of(call: ast.Call) -> list[ast.expr]:
    """Return all argument values of *call*."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def last_name(function: ast.expr) -> str:
    """Return the last name of a dotted expression, or an empty text."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""

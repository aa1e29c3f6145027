"""Where a block may end: behind the last statement that may still work with its tracker.

What holds the tracker (a tainted value) may use it wherever it is mentioned.  A value that
was only computed with its help (a weak one) may do so if it is acted on: called, handed to a
call, iterated, awaited or entered.  It is harmless where its making is in sight and gives
plain data, such as the answer of a client's call that is no stream.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.library_models.table import keeps
from codemods.analysis.dataflow.tainted_values import TaintedValues
from codemods.analysis.sweep import Growing
from codemods.analysis.syntax.calls import arguments_of, is_client_call, last_name
from codemods.analysis.syntax.effects import first_yield, makes_call, walk_here, walk_run
from codemods.analysis.syntax.mentions import Concern, Mentions, Places
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.scopes import Binding, Scope

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLAIN_VALUES = (ast.Constant, ast.Compare, ast.JoinedStr)
_SIZED = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
# They look at a value, and give plain data back.
_INERT = frozenset(
    "print len str repr int float bool isinstance issubclass type id hash format round abs "
    "callable ord chr".split()
)
_LOG_METHODS = frozenset("debug info warning error exception critical log".split())
_LOGGER = "logging.getLogger"
_STREAM = "stream"
#: Where a program asks for the response as it comes.
_STREAMING = "with_streaming_response"
_Known = dict[tuple[ast.AST, str], bool]


class LastUse:
    """Answers for the *statements* in which a tracker, followed as *flow*, lives.

    ``also`` are names of methods whose calls count as uses, whoever they are called on, and
    ``acting`` names of functions, in the text, that use the tracker without being given it;
    ``looks`` says of a statement that it had better see what the block stores.
    """

    def __init__(
        self,
        taint: DataFlow,
        flow: Flow,
        statements: Sequence[ast.stmt],
        also: Collection[str] = (),
        looks: Callable[[ast.stmt], bool] | None = None,
        known: _Known | None = None,
        acting: Collection[ast.AST] = (),
    ) -> None:
        self._taint = taint
        self._looks = looks or (lambda _: False)
        self._scopes = taint.scopes
        self._parents = taint.module.parents
        self._tainted_values = TaintedValues(taint, flow)
        self._also = also
        self._acting = frozenset(acting)
        self._given = flow.givers
        self._tainted = flow.tainted
        self._owners = {owner for owner, _ in flow.attributes}
        self._mentioned = taint.once(Mentions)
        self._weak: Growing[Binding] = Growing()
        # What functions of the project give back, as far as that is known or being asked.
        self._known: _Known = {} if known is None else known
        self._asked: set[ast.AST] = set()
        self._concern = Concern(taint, statements)
        self._close()
        self._known_first = dict(self._known)

    def _close(self) -> None:
        """Find the weak values: in the order of the source, what is made of one is behind it."""
        self._concern.places(self._taint.once(_Answers).places)
        self._concern.bindings((*self._tainted, *self._owners))
        self._concern.nodes((*self._given, *self._acting))
        before = -1
        while before != len(self._weak):
            before = len(self._weak)
            for statement in self._concern.once():
                for node in walk(statement):
                    self._note(node)
                self._concern.bindings(self._weak.fresh())

    def stop(self, beside: Sequence[ast.stmt], start: int, end: int) -> int:
        """Return the index behind the last use in ``beside[start:end]``.

        A ``return`` that directly follows and calls nothing belongs to it.  Where nothing
        uses the tracker the block is for the calls that it may capture; *start* without any.
        """
        # The answer does not depend on what was asked before.
        self._known = dict(self._known_first)
        stop = self._last(beside, start, end) + 1
        if stop <= start:
            return start
        if stop == end or not isinstance(beside[stop], ast.Return):
            return stop
        return stop if makes_call(beside[stop]) or self._looks(beside[stop]) else stop + 1

    def _last(self, beside: Sequence[ast.stmt], start: int, end: int) -> int:
        """Return the index of the last statement that a block is for, -1 without any."""
        used = self._used(beside, start, end)
        if not used:
            working = (i for i in range(end - 1, start - 1, -1) if self._works(beside[i]))
            return next((i for i in working if not self._looks(beside[i])), -1)
        if not all(self._only_flushes(beside[i]) for i in used):
            return used[-1]
        works = any(self._works(beside[i]) for i in range(start, used[-1] + 1))
        return used[-1] if works else -1

    def _used(self, beside: Sequence[ast.stmt], start: int, end: int) -> list[int]:
        """Return which of ``beside[start:end]`` may work with the tracker."""
        inside = beside[start:end]
        numbers = self._mentioned.within(self._touched, inside)
        found = {self._mentioned.index_in(inside, number) for number in self._touched[numbers]}
        return sorted(start + i for i in found if i is not None and self.uses(inside[i]))

    @cached_property
    def _touched(self) -> list[int]:
        """The numbers of the statements that mention what has to do with the tracker, in order."""
        bindings = {*self._tainted, *self._owners, *self._weak}
        places = [
            *map(self._mentioned.of, bindings),
            *map(self._mentioned.attribute, self._also),
        ]
        if self._given or self._acting:
            places.append(Places(self._mentioned, (*self._given, *self._acting)))
        return sorted({number for one in places for number in one.numbers})

    def uses(self, statement: ast.AST) -> bool:
        """Whether *statement* may work with the tracker."""
        return self._tainted_values.mentions(statement) or any(map(self._acts, walk(statement)))

    def works(self, statement: ast.AST) -> bool:
        """Whether *statement* may do more with the tracker than to flush it."""
        return self.uses(statement) and not self._only_flushes(statement)

    def _acts(self, node: ast.AST) -> bool:
        if node in self._acting:
            return True
        if isinstance(node, ast.Attribute):
            return node.attr in self._also
        return isinstance(node, ast.Name) and self._is_weak(node) and self._is_acted_on(node)

    def _works(self, statement: ast.stmt) -> bool:
        """Whether *statement* calls something that is not known to be harmless."""
        for node in walk_run([statement]):
            if isinstance(node, ast.Call) and not (self._is_inert(node) or self._flushes(node)):
                return True
            if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith | ast.With):
                return True
            if isinstance(node, ast.For) and not isinstance(node.iter, _SIZED):
                return True
        return False

    def _flushes(self, node: ast.AST | None) -> bool:
        function = node.func if isinstance(node, ast.Call) else None
        if not isinstance(function, ast.Attribute) or function.attr != words.FLUSH_CALL:
            return False
        return self._tainted_values.tainted(function.value)

    def _only_flushes(self, statement: ast.AST) -> bool:
        """Whether *statement* mentions what holds the tracker for nothing but a flush."""
        for node in walk(statement):
            if not isinstance(node, ast.Name | ast.Attribute | ast.Call) or self._flushes(
                self._parents.get(node)
            ):
                continue  # the method that flushes
            if self._tainted_values.holds(node):
                function = self._parents.get(node)
                if not self._flushes(self._parents.get(function) if function else None):
                    return False
        return not any(map(self._acts, walk(statement)))

    # -- weak values --------------------------------------------------------

    def _note(self, node: ast.AST) -> None:
        """Take in what *node* binds to a weak value."""
        if isinstance(node, ast.Assign):
            self._bind(node.targets, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            self._bind([node.target], node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._bind([node.target], node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._bind([node.optional_vars], node.context_expr)
        elif isinstance(node, ast.Call) and keeps(last_name(node.func)):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if owner is not None and any(self._gives(value) for value in arguments_of(node)):
                self._bind([owner], None)
        elif isinstance(node, ast.Match) and self._gives(node.subject):
            self._capture(node)
        elif isinstance(node, _FUNCTIONS) and self._mentions(node):
            self._weak.add(self._scopes.binding(node.name, self._scope_around(node)))

    def _bind(self, targets: Sequence[ast.expr], value: ast.expr | None) -> None:
        if value is not None and not self._gives(value):
            return
        for target in targets:
            root = target
            while isinstance(root, ast.Attribute | ast.Subscript | ast.Starred):
                root = root.value
            if isinstance(root, ast.Tuple | ast.List):
                self._bind(root.elts, None)
            elif isinstance(root, ast.Name) and root in self._scopes.scope_of:
                self._weak.add(self._scopes.of(root))

    def _capture(self, node: ast.Match) -> None:
        for inner in walk(node):
            name = getattr(inner, "name", None) or getattr(inner, "rest", None)
            if isinstance(inner, ast.pattern) and name:
                self._weak.add(self._scopes.binding(name, self._scope_around(node)))

    def _scope_around(self, node: ast.AST) -> Scope:
        around = (self._scopes.inner.get(a) for a in self._taint.module.ancestors(node))
        return next((s for s in around if s is not None), self._scopes.module_scope)

    def _mentions(self, node: ast.AST) -> bool:
        weak = any(isinstance(n, ast.Name) and self._is_weak(n) for n in walk(node))
        return weak or self._tainted_values.mentions(node)

    def _is_weak(self, name: ast.Name) -> bool:
        return name in self._scopes.scope_of and self._scopes.of(name) in self._weak

    def _is_acted_on(self, name: ast.Name) -> bool:
        """Whether the statement calls, passes, iterates, awaits or enters the value of *name*."""
        node: ast.AST = name
        while True:
            parent = self._parents.get(node)
            if isinstance(parent, ast.Call):
                return not self._is_inert(parent)
            if isinstance(parent, ast.keyword | ast.Attribute | ast.Subscript | ast.Starred):
                node = parent
            elif isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
                return parent.iter is node and not self._is_sized(parent.iter)
            elif isinstance(parent, ast.Await | ast.YieldFrom | ast.withitem):
                return True
            elif isinstance(parent, ast.expr) and not isinstance(parent, _PLAIN_VALUES):
                node = parent
            else:
                return False

    def _is_sized(self, value: ast.expr) -> bool:
        """Whether *value* is a collection that is there already: going through it runs nothing."""
        if not isinstance(value, ast.Name) or value not in self._scopes.scope_of:
            return isinstance(value, _SIZED)
        statements = [self._parents.get(b) for b in self._scopes.of(value).binders]
        return bool(statements) and all(
            isinstance(s, ast.Assign) and isinstance(s.value, _SIZED) for s in statements
        )

    def _is_inert(self, call: ast.Call) -> bool:
        """Whether *call* is one of a builtin or a logger that only looks at its arguments."""
        function = call.func
        if isinstance(function, ast.Name):
            shadowed = function in self._scopes.scope_of and self._scopes.of(function).binders
            return function.id in _INERT and not shadowed
        if not isinstance(function, ast.Attribute) or function.attr not in _LOG_METHODS:
            return False
        owner = function.value
        if isinstance(owner, ast.Name) and owner in self._scopes.scope_of:
            binders = self._scopes.of(owner).binders
            made = self._parents.get(binders[0]) if len(binders) == 1 else None
            value = made.value if isinstance(made, ast.Assign) else None
            if isinstance(value, ast.Call):
                return self._taint.names.meaning(value.func).paths == (_LOGGER,)
        return self._taint.names.meaning(owner).paths == ("logging",)

    # -- what an expression gives -------------------------------------------

    def _gives(self, node: ast.expr, *, awaited: bool = False) -> bool:
        """Whether the value of *node* may work with the tracker later."""
        if isinstance(node, ast.Name):
            return self._is_weak(node) or self._tainted_values.tainted(node)
        if isinstance(node, _PLAIN_VALUES):
            return False
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return self._mentions(node)
        if isinstance(node, ast.Call):
            return self._call_gives(node, awaited=awaited)
        if isinstance(node, ast.Await):
            return self._gives(node.value, awaited=True)
        if isinstance(node, ast.Attribute) and self._tainted_values.mentions(node):
            return self._tainted_values.tainted(node)
        if isinstance(node, ast.ListComp | ast.SetComp):
            return self._gives(node.elt)
        if isinstance(node, ast.Attribute | ast.Subscript | ast.NamedExpr | ast.Starred):
            return self._gives(node.value)
        return any(self._gives(c) for c in children(node) if isinstance(c, ast.expr))

    def _call_gives(self, call: ast.Call, *, awaited: bool) -> bool:
        function = call.func
        if self._is_inert(call):
            return False
        if (
            isinstance(function, ast.Call)
            and last_name(function.func) in words.RECORDING_DECORATORS
        ):
            return _streams(call) or self._recorded_streams(function)
        if is_client_call(function):
            return _streams(call)
        if self._tainted_values.tainted(ast.Await(call) if awaited else call):
            return True
        definition = self._taint.definition(function)
        given = [value for value in arguments_of(call) if self._gives(value)]
        if definition is not None and self._is_inside(definition):
            return self._returned(definition.node, awaited=awaited)
        if not given and not self._mentions(function):
            return False
        if definition is None or not given:
            return True
        lazy = isinstance(definition.node, ast.AsyncFunctionDef) and not awaited
        if lazy or first_yield(definition.node.body) is not None:
            return True
        names = {name for value in given for name in definition.receivers(call, value)}
        return not names or any(self._function_gives(definition, name) for name in names)

    def _is_inside(self, definition: Resolved) -> bool:
        own = definition.taint is self._taint
        return own and self._concern.index(definition.node) is not None

    def _returned(self, function: ast.AST, *, awaited: bool) -> bool:
        """Whether *function*, which is defined among the statements, may give such a value."""
        if isinstance(function, ast.AsyncFunctionDef) and not awaited:
            return self._mentions(function)
        body: list[ast.stmt] = function.body  # type: ignore[attr-defined]
        if first_yield(body) is not None:
            return self._mentions(function)
        if function in self._asked:
            return False  # it calls itself
        self._asked.add(function)
        found = any(self._gives(value) for value in _results(body))
        self._asked.discard(function)
        return found

    def _function_gives(self, definition: Resolved, parameter: str) -> bool:
        """Whether a function of the project gives back what works with its *parameter*."""
        key = (definition.node, parameter)
        if key not in self._known:
            self._known[key] = False  # met again while it is being asked: nothing known yet
            taint, node = definition.taint, definition.node
            scope = taint.scopes.inner[node]
            flow = taint.follow(taint.scopes.binding(parameter, scope), node.body, scope)
            inner = LastUse(taint, flow, node.body, known=self._known)
            self._known[key] = any(inner._gives(value) for value in _results(node.body))
        return self._known[key]

    def _recorded_streams(self, recording: ast.Call) -> bool:
        """Whether what is recorded may be a stream, as far as its making is in sight."""
        if any(_streams(n) for n in walk(recording) if isinstance(n, ast.Call)):
            return True
        made = recording.args[0] if recording.args else None
        definition = self._taint.definition(made) if made is not None else None
        if definition is None:
            return False
        return any(_streams(n) for n in walk(definition.node) if isinstance(n, ast.Call))


class _Answers:
    """The calls of a module whose answer may be a stream: it works on, whatever was mentioned."""

    def __init__(self, taint: DataFlow) -> None:
        calls = (call for call in taint.module.every(ast.Call) if self._may_stream(call))
        self.places = Places(taint.once(Mentions), calls)

    def _may_stream(self, call: ast.Call) -> bool:
        function = call.func
        if isinstance(function, ast.Call):
            return last_name(function.func) in words.RECORDING_DECORATORS
        return is_client_call(function) and _streams(call)


def _results(body: list[ast.stmt]) -> list[ast.expr]:
    return [n.value for n in walk_here(body) if isinstance(n, ast.Return) and n.value is not None]


def _streams(call: ast.Call) -> bool:
    """Whether the answer of a client's *call* may be a stream."""
    if last_name(call.func) == _STREAM or _STREAMING in ast.unparse(call.func):
        return True
    return any(
        keyword.arg is None
        or (
            keyword.arg == _STREAM
            and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        )
        for keyword in call.keywords
    )

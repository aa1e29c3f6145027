"""Where in a module each variable is mentioned: an index of its statements.

A tracker is followed through the statements of a suite.  Where many trackers live in one suite,
looking at all of its statements for each costs their square; a few mention the one or the other.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from codemods.analysis.sweep import Sweep
from codemods.analysis.syntax.parsed_module import body_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

# The order in which statements of these stand, from the end.
_BACKWARDS = ("finalbody", "orelse", "cases", "handlers", "body")
# Its calls may stand for an object that nothing names.
_SUPER = "super"


class Places:
    """Nodes of a module in the order of the statements that they belong to."""

    def __init__(self, mentions: Mentions, nodes: Iterable[ast.AST]) -> None:
        rows = sorted((mentions.number(node), rank, node) for rank, node in enumerate(nodes))
        #: The number of the statement of each node, its place among those given, and the nodes.
        self.numbers = [number for number, _, _ in rows]
        self.ranks = [rank for _, rank, _ in rows]
        self.nodes = [node for _, _, node in rows]


class Mentions:
    """The statements of a module by number, and which of them mention what.

    Statements, handlers and cases are numbered from the outside in: those inside of one
    follow it.
    """

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._module = taint.module
        self.first: dict[ast.AST, int] = {}
        self.last: dict[ast.AST, int] = {}
        self._of: dict[Binding, Places] = {}
        self._loads: dict[Binding, Places] = {}
        self._attributes: dict[str, Places] = {}
        self._callers: dict[ast.AST, list[ast.Call]] | None = None
        self._number(self._module.tree)
        self.supers = Places(self, (n for n in self._module.every(ast.Name) if n.id == _SUPER))

    def _number(self, tree: ast.AST) -> None:
        first, last, parents = self.first, self.last, self._module.parents
        order: list[ast.AST] = []
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            first[node] = last[node] = len(order)
            order.append(node)
            fields = body_fields(node)
            if fields:
                for name in _BACKWARDS:
                    if name in fields:
                        waiting += reversed(getattr(node, name))
        # What is inside of a statement follows it: from the end on, each one's own is known.
        for node in reversed(order[1:]):
            around = parents[node]
            if last[around] < last[node]:
                last[around] = last[node]

    def number(self, node: ast.AST) -> int:
        """Return the number of the statement that *node* belongs to."""
        return self.first[self._module.statement(node)]

    def of(self, binding: Binding) -> Places:
        """Return where the variable *binding* is mentioned."""
        if binding not in self._of:
            nodes = (*binding.binders, *binding.loads, *binding.deletes)
            self._of[binding] = Places(self, nodes)
        return self._of[binding]

    def loads(self, binding: Binding) -> Places:
        """Return where the variable *binding* is read."""
        if binding not in self._loads:
            self._loads[binding] = Places(self, binding.loads)
        return self._loads[binding]

    def attribute(self, name: str) -> Places:
        """Return where an attribute *name* of whatever object is mentioned."""
        if name not in self._attributes:
            called = self._module.called(name)
            self._attributes[name] = Places(
                self, (n for n in called if isinstance(n, ast.Attribute))
            )
        return self._attributes[name]

    def callers(self, function: ast.AST) -> list[ast.Call]:
        """Return the calls in the module that certainly are calls of *function*, one of its own."""
        if self._callers is None:
            self._callers = {}
            for call in self._module.every(ast.Call):
                definition = self._taint.definition(call.func)
                if definition is not None and definition.taint is self._taint:
                    self._callers.setdefault(definition.node, []).append(call)
        return self._callers.get(function, [])

    def index_in(self, body: Sequence[ast.stmt], number: int) -> int | None:
        """Return which statement of *body*, or of a part of one, holds statement *number*."""
        index = bisect_right(body, number, key=self.first.__getitem__) - 1
        return index if index >= 0 and number <= self.last[body[index]] else None

    def within(self, numbers: Sequence[int], body: Sequence[ast.stmt]) -> slice:
        """Return which of the ordered *numbers* lie in *body*, or in a part of one."""
        if not body:
            return slice(0)
        begin, end = self.first[body[0]], self.last[body[-1]]
        return slice(bisect_left(numbers, begin), bisect_right(numbers, end))

    def inside(self, places: Places, body: Sequence[ast.stmt]) -> list[ast.AST]:
        """Return the nodes of *places* in *body*, or in a part of one, as they were given."""
        found = self.within(places.numbers, body)
        rows = sorted(zip(places.ranks[found], places.nodes[found], strict=True))
        return [node for _, node in rows]

    def are_read(self, bindings: Iterable[Binding], body: Sequence[ast.stmt]) -> bool:
        """Whether one of *bindings* is read in *body*, or in a part of one."""
        every = (self.loads(binding) for binding in bindings)
        return any(places.numbers[self.within(places.numbers, body)] for places in every)


class Concern:
    """Which of *statements*, of one suite, have to do with some variables, directly or not.

    A function among the statements that mentions one has to do with it, and so have its calls.
    """

    def __init__(self, taint: DataFlow, statements: Sequence[ast.stmt]) -> None:
        self._mentions = taint.once(Mentions)
        self._module = taint.module
        self._statements = statements
        self._functions: set[ast.AST] = set()
        self._sweep = Sweep()
        self.places(self._mentions.supers)

    def bindings(self, found: Iterable[Binding]) -> None:
        """Note that the variables *found* concern."""
        for binding in found:
            self.places(self._mentions.of(binding))

    def nodes(self, found: Iterable[ast.AST]) -> None:
        """Note that the statements around the nodes *found* are concerned, if there are any."""
        listed = list(found)
        if listed:
            self.places(Places(self._mentions, listed))

    def places(self, places: Places) -> None:
        """Note that the statements around those of *places* that are among them are concerned."""
        inside = self._mentions.within(places.numbers, self._statements)
        for number, node in zip(places.numbers[inside], places.nodes[inside], strict=True):
            index = self._mentions.index_in(self._statements, number)
            if index is not None:
                self._sweep.concern((index,))
                self._around(node)

    def index(self, node: ast.AST) -> int | None:
        """Return which of the statements holds *node*."""
        return self._mentions.index_in(self._statements, self._mentions.number(node))

    def once(self) -> Iterator[ast.stmt]:
        """Yield the statements that are concerned, in order, with those found on the way."""
        for index in self._sweep.once():
            yield self._statements[index]

    def _around(self, node: ast.AST) -> None:
        """Note the calls of the functions around *node* that are among the statements."""
        waiting = [node]
        while waiting:
            function = self._module.function_around(waiting.pop())
            while function is not None and function not in self._functions:
                if self.index(function) is None:
                    break
                self._functions.add(function)
                for call in self._mentions.callers(function):
                    index = self.index(call)
                    if index is not None:
                        self._sweep.concern((index,))
                        waiting.append(call)
                function = self._module.function_around(function)

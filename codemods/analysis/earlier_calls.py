"""Which calls may have run when a place is reached: those above it, but not in another branch.

Each call has labels, and the labels are asked for: whether a call with one may have run is then
found without looking at each pair of a call and a place.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from codemods.analysis.left_bodies import Body
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.trackers.lifetimes import SetCall

    #: A line and a column, as ``ast`` counts them.
    Position = tuple[int, int]

Label = TypeVar("Label")


def position(node: ast.AST) -> Position:
    """Return where *node* begins; a case begins with its pattern."""
    begin = node.pattern if isinstance(node, ast.match_case) else node
    return begin.lineno, begin.col_offset  # type: ignore[attr-defined]


class _Level(Generic[Label]):
    """Statements with calls in them, in order, each with the labels in it and in those before."""

    def __init__(self) -> None:
        self.begins: list[Position] = []
        self.nodes: list[ast.AST] = []
        self._inside: list[dict[Label, Position]] = []
        self._before: list[frozenset[Label]] = []

    def append(self, node: ast.AST, inside: dict[Label, Position]) -> None:
        """Put *node*, which stands behind all others, at the end; its labels may still grow."""
        self.begins.append(position(node))
        self.nodes.append(node)
        self._inside.append(inside)

    def before(self, place: Position) -> frozenset[Label]:
        """Return the labels of what begins before *place*."""
        count = bisect_left(self.begins, place)
        while len(self._before) < count:
            last: frozenset[Label] = self._before[-1] if self._before else frozenset()
            new = self._inside[len(self._before)].keys()
            self._before.append(last if new <= last else last.union(new))
        return self._before[count - 1] if count else frozenset()


class _Tree(Generic[Label]):
    """Calls in the statements around them; they must come in order, and before all questions."""

    def __init__(self, module: ParsedModule) -> None:
        self._module = module
        self._inside: dict[ast.AST, dict[Label, Position]] = {}
        self._levels: dict[tuple[ast.AST, str], _Level[Label]] = {}
        self._before: dict[ast.AST, frozenset[Label]] = {}

    def add(self, site: SetCall, labels: Collection[Label], left: Body | None = None) -> None:
        """Take in *site*, which stands behind all that are there; it counts in *left* only."""
        place = position(site.call)
        node: ast.AST = site.statement
        while self._module.paths.get(node):
            inside = self._inside.get(node)
            parent, field = self._module.parents[node], self._module.paths[node][-1][0]
            if inside is None:
                inside = self._inside[node] = {}
                for key in ((parent, field), (parent, "")):
                    self._levels.setdefault(key, _Level()).append(node, inside)
            elif inside.keys() >= set(labels):
                return
            for label in labels:
                inside.setdefault(label, place)
            if (parent, field) == left:
                return
            node = parent

    def first_in(self, body: list[ast.stmt], start: int, stop: int) -> dict[Label, Position]:
        """Return where the first call with each label is in ``body[start:stop]``."""
        found: dict[Label, Position] = {}
        if start >= stop:
            return found
        parent = self._module.parents[body[start]]
        known = self._levels.get((parent, self._module.paths[body[start]][-1][0]))
        if known is None:
            return found
        begin = bisect_left(known.begins, position(body[start]))
        last = position(body[stop - 1])
        for number in range(begin, len(known.nodes)):
            if known.begins[number] > last:
                break
            for label, place in self._inside[known.nodes[number]].items():
                found.setdefault(label, place)
        return found

    def before(self, statement: ast.AST, place: Position) -> frozenset[Label]:
        """Return the labels of calls that may have run when *place* in *statement* is reached."""
        own = self._levels.get((statement, ""))
        inside: frozenset[Label] = own.before(place) if own is not None else frozenset()
        return inside | self._before_node(statement)

    def _before_node(self, node: ast.AST) -> frozenset[Label]:
        passed: list[ast.AST] = []
        while node not in self._before and self._module.paths.get(node):
            passed.append(node)
            node = self._module.parents[node]
        found: frozenset[Label] = self._before.get(node, frozenset())
        while passed:
            node = passed.pop()
            near = self._beside(node)
            found = found if near <= found else found | near
            self._before[node] = found
        return found

    def _beside(self, node: ast.AST) -> frozenset[Label]:
        """Return the labels of what stands before *node* in the statement right around it."""
        parent = self._module.parents[node]
        if isinstance(parent, ast.Match):
            return frozenset()  # of the cases one is run
        field = self._module.paths[node][-1][0] if isinstance(parent, ast.If) else ""
        level = self._levels.get((parent, field))
        return level.before(position(node)) if level is not None else frozenset()


class EarlierCalls(Generic[Label]):
    """Answers for *sites*, each with its labels, in or below the body that begins with *first*.

    Behind a body of *left*, by the statement of a site in it, that one has not run.
    """

    def __init__(
        self,
        module: ParsedModule,
        first: ast.stmt,
        sites: Iterable[tuple[SetCall, Collection[Label]]],
        left: Callable[[ast.AST], Body | None] | None = None,
    ) -> None:
        self._module = module
        self._around_all = module.loops_around(first)
        self._branched: _Tree[Label] = _Tree(module)
        self._repeated: _Level[Label] = _Level()
        self._all: _Tree[Label] = _Tree(module)
        self._in_loop: dict[ast.AST, set[Label]] = {}
        for site, labels in sorted(sites, key=lambda pair: position(pair[0].call)):
            self._all.add(site, labels)
            loops = module.loops_around(site.statement)
            body = left(site.statement) if left is not None else None
            beyond = module.loops_around(body[0]) if body is not None else frozenset()
            if module.enclosing_loop(site.call) is None or loops == beyond:
                self._branched.add(site, labels, body)
            else:  # the next round may take another branch
                self._repeated.append(site.call, dict.fromkeys(labels, position(site.call)))
            for loop in loops - beyond - self._around_all:
                self._in_loop.setdefault(loop, set()).update(labels)

    def before(self, node: ast.AST) -> frozenset[Label]:
        """Return the labels of calls above *node* that are in no other branch than *node*."""
        place = position(node)
        branched = self._branched.before(self._module.statement(node), place)
        return branched | self._repeated.before(place)

    def around(self, node: ast.AST) -> frozenset[Label]:
        """Return the labels of calls in the loops around *node*: the next round is behind them."""
        loops = self._module.loops_around(node) - self._around_all
        return frozenset().union(*(self._in_loop.get(loop, ()) for loop in loops))

    def first_in(self, body: list[ast.stmt], start: int, stop: int) -> dict[Label, Position]:
        """Return where the first call with each label is in ``body[start:stop]``."""
        return self._all.first_in(body, start, stop)

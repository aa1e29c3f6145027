"""The blocks of one tracker in several suites, and what their ids may be meant for.

Which of many parts may run before another, or before a use, is asked by the ids that they set:
looking at each pair of them would cost their square.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.earlier_calls import EarlierCalls, position
from codemods.analysis.left_bodies import LeftBodies
from codemods.analysis.trackers.lifetimes import Lifetime, SetCall, is_none

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.earlier_calls import Position
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.block_extent import Block
    from codemods.analysis.trackers.ids.arguments import Argument


@dataclass(frozen=True)
class Part:
    """Set calls that directly follow each other, and the block that they become.

    ``carried`` are the ids of earlier parts of the same suite that it names again.
    """

    sets: list[SetCall]
    block: Block
    carried: dict[str, Argument]

    @property
    def keys(self) -> set[str]:
        """The ids that are in force in the block."""
        return {key for site in self.sets for key in keys_of(site)} | set(self.carried)


def level_of(semantic: SemanticModel, site: SetCall) -> tuple[ast.AST, str]:
    """Return the body that *site* is in: the statement around it, and the field."""
    return semantic.module.parents[site.statement], site.path[-1][0]


def named_in(site: SetCall) -> list[Argument]:
    """Return the arguments of *site* that are no literal None."""
    return [a for a in site.arguments if not is_none(a.value)]


def keys_of(site: SetCall) -> set[str]:
    """Return the ids that *site* sets."""
    return {a.keyword for a in named_in(site)}


#: Calls of a lifetime, from the first one up to the next number, and those further out.
_Ranges = tuple[int, int, "_Ranges"] | None
#: The innermost of some parts that hold a statement, and the others.
_Chain = tuple[Part, "_Chain"] | None


class Lasting:
    """Which uses ids may reach that a block has given back, by the ids that the parts have.

    It may name a use too many, but none too few: which part it is, is looked at for those only.
    """

    def __init__(self, semantic: SemanticModel, lifetime: Lifetime, parts: list[Part]) -> None:
        self._module = semantic.module
        sites = ((part.sets[0], (frozenset(part.keys),)) for part in parts)
        self._earlier = EarlierCalls(semantic.module, lifetime.body[0], sites)
        self._parts: dict[tuple[ast.AST, str], list[Part]] = {}
        for part in parts:
            self._parts.setdefault(level_of(semantic, part.sets[0]), []).append(part)
        self._first: dict[int, dict[frozenset[str], Position]] = {}
        self._holding: dict[ast.AST, _Chain] = {}

    def may_reach(self, load: ast.Name) -> bool:
        """Whether ids of a part may be meant for *load* that no block around it names again."""
        holding = self._around(self._module.statement(load))
        return any(
            not self._is_named(keys, holding, position(load)) for keys in self._earlier.before(load)
        ) or any(not self._is_named(keys, holding, None) for keys in self._earlier.around(load))

    def _is_named(self, keys: frozenset[str], holding: _Chain, place: Position | None) -> bool:
        """Whether a block around *place*, in front of all parts inside with *keys*, names those."""
        while holding is not None:
            part, holding = holding
            if keys <= part.keys:
                first = self._first_in(part).get(keys)
                return first is None or (place is not None and first > place)
        return False

    def _first_in(self, part: Part) -> dict[frozenset[str], Position]:
        if id(part) not in self._first:
            body = self._module.statements_around(part.sets[0].statement)
            found = self._earlier.first_in(body, part.block.start, part.block.stop)
            self._first[id(part)] = found
        return self._first[id(part)]

    def _around(self, node: ast.AST) -> _Chain:
        """Return the parts whose blocks hold *node*, innermost first, as a linked list."""
        passed: list[ast.AST] = []
        while node not in self._holding and self._module.paths.get(node):
            passed.append(node)
            node = self._module.parents[node]
        found = self._holding.get(node)
        while passed:
            node = passed.pop()
            field, index = self._module.paths[node][-1]
            parts = self._parts.get((self._module.parents[node], field), [])
            number = bisect_right(parts, index, key=lambda part: part.block.start) - 1
            if number >= 0 and index < parts[number].block.stop:
                found = parts[number], found
            self._holding[node] = found
        return found


class Order:
    """In which order the set calls of a lifetime may run, by their ids."""

    def __init__(self, semantic: SemanticModel, lifetime: Lifetime) -> None:
        sites = [(site, keys_of(site)) for site in lifetime.sets]
        left = partial(semantic.taint.once(LeftBodies).around, lifetime)
        self._earlier = EarlierCalls(semantic.module, lifetime.body[0], sites, left)
        self._places: dict[str, list[Position]] = {}
        for site, keys in sorted(sites, key=lambda pair: position(pair[0].call)):
            for key in keys:
                self._places.setdefault(key, []).append(position(site.call))

    def earlier(self, site: SetCall) -> frozenset[str]:
        """Return the ids that another call may have set when *site* is reached."""
        return self._earlier.before(site.call) | self._earlier.around(site.statement)

    def above(self, site: SetCall) -> frozenset[str]:
        """Return the ids that a call above *site* may have set, in no other branch."""
        return self._earlier.before(site.call)

    def is_between(self, carried: Argument, site: SetCall) -> bool:
        """Whether a call sets the id of *carried* behind it and before the end of *site*."""
        places = self._places[carried.keyword]
        begin, end = position(carried.value), position(site.call)
        return bisect_left(places, begin) < bisect_right(places, end)


class Later:
    """Which set calls of a lifetime may run after another one, by where they stand.

    Those in another branch of an ``if`` or ``match`` may not, but for calls in a loop.
    """

    def __init__(self, semantic: SemanticModel, lifetime: Lifetime) -> None:
        self._module = semantic.module
        self._sites = sorted(lifetime.sets, key=lambda site: position(site.call))
        self._places = [position(site.call) for site in self._sites]
        loop = semantic.module.enclosing_loop
        self._in_loops = [site for site in self._sites if loop(site.call) is not None]
        self._above: dict[ast.AST, _Ranges] = {}

    def than(self, site: SetCall) -> Iterator[SetCall]:
        """Yield the calls that stand behind *site*, and not in another branch."""
        here = position(site.call)
        yield from (one for one in self._in_loops if position(one.call) > here)
        statement = site.statement
        end = self._end(statement)
        ranges: _Ranges = (*self._between(here, end), self._ranges(statement))
        while ranges is not None:
            first, stop, ranges = ranges
            yield from self._sites[first:stop]

    def _ranges(self, node: ast.AST) -> _Ranges:
        """Return where the calls are that stand behind *node*, from the innermost suite outwards.

        Suites without any are left out: of many branches inside each other few have one.
        """
        passed: list[ast.AST] = []
        while node not in self._above and self._module.paths.get(node):
            passed.append(node)
            node = self._module.parents[node]
        found = self._above.get(node)
        while passed:
            node = passed.pop()
            first, stop = self._between(_end(node), self._end(node))
            if first < stop:
                found = first, stop, found
            self._above[node] = found
        return found

    def _between(self, begin: Position, end: Position) -> tuple[int, int]:
        return bisect_right(self._places, begin), bisect_right(self._places, end)

    def _end(self, node: ast.AST) -> Position:
        """Return where what may run behind *node* ends, of the statement that it is part of."""
        around, field = self._module.parents[node], self._module.paths[node][-1][0]
        if isinstance(around, ast.Match):
            return _end(node)  # only one of its cases runs
        if isinstance(around, ast.If | ast.match_case | ast.Module):
            return _end(getattr(around, field)[-1])
        return _end(around)


def _end(node: ast.AST) -> Position:
    """Return where *node* ends; a case ends with its body."""
    last = node.body[-1] if isinstance(node, ast.match_case) else node
    return last.end_lineno, last.end_col_offset  # type: ignore[attr-defined]

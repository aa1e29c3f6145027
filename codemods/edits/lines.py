"""Statements as units: taking lines apart, and keeping the comments of what goes."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

import libcst as cst

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from codemods.model.edit import Path

Commented = TypeVar("Commented", cst.EmptyLine, cst.TrailingWhitespace)
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


@dataclass(frozen=True, slots=True)
class Unit:
    """A statement, or a line of several, that stands at ``index`` of the original suite."""

    index: int
    count: int
    node: Statement

    def with_node(self, node: Statement) -> Unit:
        """Return the unit with another statement in its place."""
        return replace(self, node=node)


def units(
    body: Sequence[cst.BaseStatement | cst.BaseSmallStatement],
    apart: set[int],
    counts: Mapping[str, int],
) -> list[Unit]:
    """Return the statements of a suite; a line that holds an index of *apart* is taken apart.

    *counts* says of names that stand for several statements for how many.
    """
    found: list[Unit] = []
    index = 0
    for node in body:
        if isinstance(node, cst.SimpleStatementLine):
            count = _count(node, counts)
            if len(node.body) > 1 and apart.intersection(range(index, index + count)):
                found.extend(
                    Unit(index + offset, 1, line) for offset, line in enumerate(_taken_apart(node))
                )
            else:
                found.append(Unit(index, count, node))
            index += count
        elif isinstance(node, cst.BaseCompoundStatement):
            found.append(Unit(index, 1, node))
            index += 1
    return found


def _count(node: cst.CSTNode, counts: Mapping[str, int]) -> int:
    """Return how many statements *node* is, or stands for."""
    if not isinstance(node, cst.SimpleStatementLine):
        return 1
    small = node.body[0]
    if counts and isinstance(small, cst.Expr) and isinstance(small.value, cst.Name):
        return counts.get(small.value.value, len(node.body))
    return len(node.body)


def _taken_apart(line: cst.SimpleStatementLine) -> list[cst.SimpleStatementLine]:
    last = len(line.body) - 1
    return [
        cst.SimpleStatementLine(
            [small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)],
            leading_lines=line.leading_lines if position == 0 else [],
            trailing_whitespace=line.trailing_whitespace
            if position == last
            else cst.TrailingWhitespace(),
        )
        for position, small in enumerate(line.body)
    ]


class Statements:
    """Finds the statements of a chunk by their paths; its first one has the index *offset*.

    *counts* says of names that stand for several statements for how many.
    """

    def __init__(self, module: cst.Module, offset: int, counts: Mapping[str, int]) -> None:
        self._offset = offset
        self._counts = counts
        self._module = module
        self._known: dict[Path, cst.CSTNode] = {}
        # By identity, which is good for as long as the suite is kept: the index of each line.
        self._indices: dict[int, tuple[Sequence[cst.CSTNode], list[int]]] = {}

    def at(self, path: Path) -> Statement:
        """Return the statement at *path*."""
        depth = len(path)
        while depth and path[:depth] not in self._known:
            depth -= 1
        node = self._known[path[:depth]] if depth else self._module
        for length in range(depth, len(path)):
            field, index = path[length]
            if length:
                node = self._inside(_suite(node, field), index)
            else:
                node = self._inside(self._module.body, index - self._offset)
            self._known[path[: length + 1]] = node
        return node  # type: ignore[return-value]

    def _inside(self, suite: Sequence[cst.CSTNode], index: int) -> cst.CSTNode:
        """Return the statement, handler or case *index* of *suite*."""
        if not isinstance(suite[0], cst.BaseStatement | cst.BaseSmallStatement):
            return suite[index]
        line = bisect_right(self._lines(suite), index) - 1
        node = suite[line]
        if isinstance(node, cst.SimpleStatementLine) and len(node.body) > 1:
            return _taken_apart(node)[index - self._lines(suite)[line]]
        return node

    def _lines(self, suite: Sequence[cst.CSTNode]) -> list[int]:
        """Return the index of the first statement of each line of *suite*."""
        if id(suite) not in self._indices:
            counts = (_count(node, self._counts) for node in suite[:-1])
            self._indices[id(suite)] = (suite, list(accumulate(counts, initial=0)))
        return self._indices[id(suite)][1]


def _suite(node: cst.CSTNode, field: str) -> Sequence[cst.CSTNode]:
    """Return what stands in *field* of the statement *node*."""
    part = getattr(node, field)
    if isinstance(part, cst.If):  # elif: one If in the list of ast
        return [part]
    if isinstance(part, cst.Else | cst.Finally):
        part = part.body
    found: Sequence[cst.CSTNode] = (
        block_of(part, None).body if isinstance(part, cst.BaseSuite) else part
    )
    return found


def block_of(suite: cst.BaseSuite, indent: str | None) -> cst.IndentedBlock:
    """Return *suite* as an indented block (a one-line suite becomes one, a statement a line)."""
    if isinstance(suite, cst.IndentedBlock):
        return suite
    if not isinstance(suite, cst.SimpleStatementSuite):
        raise TypeError(type(suite).__name__)
    line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
    return cst.IndentedBlock(_taken_apart(line), indent=indent)


def leading(node: Statement) -> list[cst.EmptyLine]:
    """Return the comment and blank lines above *node*."""
    return list(getattr(node, "leading_lines", ()))


def led(node: Statement, lines: Sequence[cst.EmptyLine]) -> Statement:
    """Return *node* with *lines* above it."""
    return node.with_changes(leading_lines=tuple(lines))


def own_line(comment: cst.Comment | None) -> list[cst.EmptyLine]:
    """Return a trailing comment as a line of its own."""
    return [cst.EmptyLine(comment=comment)] if comment is not None else []


def trailing_comment(node: Statement) -> cst.Comment | None:
    """Return the comment behind a simple statement."""
    if isinstance(node, cst.SimpleStatementLine):
        return node.trailing_whitespace.comment
    return None


def remains(node: Statement) -> list[cst.EmptyLine]:
    """Return what stays of a statement that goes: the lines above, and every comment in it."""
    staying = [*leading(node)]
    for comment in comments_in(node.with_changes(leading_lines=())):
        staying.extend(own_line(comment))
    return staying


def _texts(nodes: Sequence[cst.CSTNode]) -> Counter[str]:
    return Counter(comment.value for node in nodes for comment in comments_in(node))


class Carried:
    """The comments that headers of blocks take along from statements that go."""

    def __init__(self) -> None:
        self._texts: Counter[str] = Counter()

    def note(self, *nodes: cst.CSTNode, beyond: Sequence[cst.CSTNode] = ()) -> None:
        """Note that a header holds the comments in *nodes*, those *beyond* its own."""
        self._texts += _texts(nodes) - _texts(beyond)

    def left_of(self, node: Statement) -> list[cst.EmptyLine]:
        """Return what stays of *node*, which goes: as ``remains``, without what was taken along."""
        staying = leading(node)
        for comment in comments_in(node.with_changes(leading_lines=())):
            if self._texts[comment.value]:
                self._texts[comment.value] -= 1
            else:
                staying.extend(own_line(comment))
        return staying

    def led_by_rest(self, node: Statement, shorter: Statement) -> Statement:
        """Return *shorter*, which is left of *node*, below the comments that neither has."""
        self._texts += _texts([shorter])
        return led(shorter, self.left_of(node))


def comments_in(node: cst.CSTNode) -> list[cst.Comment]:
    """Return all comments inside *node*, in order."""
    if not _has_comment(node):
        return []  # as nearly always: visitors of LibCST rebuild what they visit
    collector = _Comments()
    node.visit(collector)
    return collector.found


_parts: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def _has_comment(node: cst.CSTNode) -> bool:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is cst.Comment:
            return True
        if kind not in _parts:
            _parts[kind] = tuple(field.name for field in fields(kind))
        for name in _parts[kind]:
            value = getattr(one, name)
            if isinstance(value, cst.CSTNode):
                waiting.append(value)
            elif isinstance(value, list | tuple):
                waiting += value
    return False


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.Comment] = []

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found.append(node)


def without_comments(node: cst.CSTNode, pattern: re.Pattern[str]) -> cst.CSTNode:
    """Return *node* without the comments in it that *pattern* finds something in."""
    if not any(pattern.search(comment.value) for comment in comments_in(node)):
        return node
    return cst.ensure_type(node.visit(_Uncommented(pattern)), type(node))


class _Uncommented(cst.CSTTransformer):
    def __init__(self, pattern: re.Pattern[str]) -> None:
        super().__init__()
        self._pattern = pattern

    def _without(self, node: Commented) -> Commented:
        if node.comment is None or not self._pattern.search(node.comment.value):
            return node
        return node.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))

    def leave_EmptyLine(
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine:
        del original_node
        return self._without(updated_node)

    def leave_TrailingWhitespace(
        self, original_node: cst.TrailingWhitespace, updated_node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        del original_node
        return self._without(updated_node)


def joined(first: Sequence[cst.EmptyLine], second: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Join two runs of lines; where blank lines meet, only the longer run of them stays."""
    front, back = list(first), list(second)
    while front and back and _blank(front[-1]) and _blank(back[0]):
        front.pop()
    return [*front, *back]


def without_blank_start(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Return *lines* without the blank ones at their start."""
    staying = list(lines)
    while staying and _blank(staying[0]):
        staying.pop(0)
    return staying


def at_start(first: Statement) -> list[cst.EmptyLine]:
    """Return the lines above *first* at the start of a block: one blank above a definition."""
    lines = leading(first)
    staying = without_blank_start(lines)
    definition = isinstance(first, cst.FunctionDef | cst.ClassDef)
    return lines[:1] if definition and lines and not staying else staying


def without_blank_end(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Return *lines* without the blank ones at their end."""
    staying = list(lines)
    while staying and _blank(staying[-1]):
        staying.pop()
    return staying


def with_end(block: cst.With, lines: list[cst.EmptyLine]) -> tuple[cst.With, list[cst.EmptyLine]]:
    """Return *block* with the comments among *lines*, left of what went at its end, and the rest.

    Above the statement behind the block they would be read as being about that one.
    """
    moved = without_blank_end(lines)
    footer = [line if line.comment else line.with_changes(indent=False) for line in moved]
    return block.with_changes(body=block.body.with_changes(footer=footer)), lines[len(moved) :]


def without_comments_at_end(lines: Sequence[cst.EmptyLine], most: int) -> list[cst.EmptyLine]:
    """Return *lines* without the comments at their end, *most* of them at most."""
    staying = list(lines)
    while most and staying and not _blank(staying[-1]):
        staying.pop()
        most -= 1
    return staying


def _blank(line: cst.EmptyLine) -> bool:
    return line.comment is None


class _Blanks(cst.CSTTransformer):
    def leave_EmptyLine(
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine:
        del original_node
        empty = updated_node.comment is None and not updated_node.whitespace.value
        return updated_node.with_changes(indent=False) if empty else updated_node


def unindented_blanks(node: cst.With) -> cst.With:
    """Return *node*, made of top-level statements, without indentation on its blank lines."""
    return cst.ensure_type(node.visit(_Blanks()), cst.With)

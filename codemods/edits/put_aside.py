"""Puts values and statements that no edit concerns aside, so that they are not parsed for nothing.

What LibCST takes for a chain of calls or of operators grows with its square, and ends the process
where the chain is deep enough; shorter values too are most of what it takes for a file.  In place
of such a value the statement gets a name, and in place of a statement there is one; behind all
edits each is put back as it was, its lines moved as those of the statement were.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.edits.style import may_outgrow
from codemods.edits.whole_lines import has_whole_lines
from codemods.model.edit import AddImport, Delete, Merge, Rename, Retain, Unwrap, Wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.edits.chunks import Chunk
    from codemods.edits.style import Style
    from codemods.model.edit import Edit, Path

#: Values of fewer characters are left in their place: there is little to gain.
WORTH = 40
#: Values of fewer characters are left in their place if they have comments, or may have.
LONG = 1000
_STEM = "_value_put_aside_"
_NAMES = re.compile(rf"{_STEM}\d+_")
_VALUES = ("value", "test", "iter", "subject", "exc")
_BODIES = ("body", "handlers", "cases", "orelse", "finalbody")
# They concern what is below their statement, too.
_WHOLE = (Delete, Rename, Retain, Unwrap)
_INDENT = re.compile(r"[ \t]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class _Value:
    """What was put aside: its text, and the indentation of the statement's line."""

    text: str
    indent: str


class PutAside:
    """The text of a chunk without what no edit concerns; ``text`` is what is to be parsed."""

    def __init__(
        self,
        tree: ast.Module,
        lines: Sequence[str],
        chunk: Chunk,
        edits: Iterable[Edit],
        style: Style,
    ) -> None:
        self._lines = lines
        self._style = style
        self._values: dict[str, _Value] = {}
        whole = "".join(lines[chunk.start : chunk.end])
        self.text = whole
        # LibCST writes the newline of the file in place of those that it takes for the usual ones.
        self._is_uniform = set(_NEWLINE.findall(whole)) <= {style.newline}
        values = self._long_values(tree, chunk, list(edits))
        if not values or _STEM in whole:
            return
        parts: list[str] = []
        line, column = chunk.start, 0
        for value in sorted(values, key=lambda v: (v.lineno, v.col_offset)):
            begin = value.lineno - 1, self._character(value.lineno - 1, value.col_offset)
            end = _end_line(value), self._character(_end_line(value), value.end_col_offset or 0)
            name = f"{_STEM}{len(self._values)}_"
            text = self._between(begin, end)
            self._values[name] = _Value(text, _INDENT.match(lines[begin[0]])[0])  # type: ignore[index]
            parts += (self._between((line, column), begin), name)
            line, column = end
        parts.append(self._between((line, column), (chunk.end, 0)))
        self.text = "".join(parts)

    def __bool__(self) -> bool:
        """Whether there is something that was put aside."""
        return bool(self._values)

    def back(self, text: str) -> str:
        """Return *text* with the values in their places."""
        if not self._values:
            return text
        parts: list[str] = []
        position = 0
        for found in _NAMES.finditer(text):
            begin = max(text.rfind("\n", 0, found.start()), text.rfind("\r", 0, found.start())) + 1
            indent = _INDENT.match(text, begin)[0]  # type: ignore[index]
            parts += (text[position : found.start()], _moved(self._values[found[0]], indent))
            position = found.end()
        return "".join((*parts, text[position:]))

    def _long_values(
        self, tree: ast.Module, chunk: Chunk, edits: list[Edit]
    ) -> list[ast.expr | ast.stmt]:
        """Return the statements that no edit concerns, and the long values of those around."""
        statements = tree.body[chunk.first : chunk.last + 1]
        if not any(True for _ in self._found(statements, set(), set(), set())):
            return []
        own = {_node_at(tree, path) for edit in edits for path in _concerned(edit)}
        whole = {_node_at(tree, edit.path) for edit in edits if isinstance(edit, _WHOLE)}
        # The first suite of a chunk shows the indentation that new ones get.
        around: set[ast.AST] = {*statements, *own}
        for path in (path for edit in edits for path in (_place(edit), *_concerned(edit))):
            around.update(_node_at(tree, path[:depth]) for depth in range(1, len(path)))
        return list(self._found(statements, own, whole, around))

    def _found(
        self,
        statements: Sequence[ast.AST],
        own: set[ast.AST],
        whole: set[ast.AST],
        around: set[ast.AST],
    ) -> Iterator[ast.expr | ast.stmt]:
        """Yield what can be put aside below *statements*, but nothing that is in *whole*.

        Of what is *around* an edit, or in its *own*, it is no statement as a whole.
        """
        waiting = list(statements)
        while waiting:
            node = waiting.pop()
            if node in whole:
                continue
            if isinstance(node, ast.stmt) and node not in around and self._is_apart(node):
                yield node
                continue
            if node not in own:
                values = (getattr(node, name, None) for name in _VALUES)
                yield from (v for v in values if isinstance(v, ast.expr) and self._is_worth_it(v))
            for name in _BODIES:
                body = getattr(node, name, None)
                if isinstance(body, list):
                    waiting.extend(body)

    def _is_apart(self, statement: ast.stmt) -> bool:
        """Whether *statement* may be put aside as a whole."""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return False  # a docstring may be asked for
        own = self._lines[statement.lineno - 1 : statement.end_lineno]
        size = sum(map(len, own)) - len(own) * statement.col_offset
        # It is more nodes than a value of that size.
        if not self._is_uniform or 5 * size < 3 * WORTH:
            return False
        return has_whole_lines(statement, self._lines) and not may_outgrow(own, self._style)

    def _is_worth_it(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Constant):
            return False  # one node as well, and a docstring may be asked for
        first, last = value.lineno - 1, _end_line(value)
        if first == last:
            long = (value.end_col_offset or 0) - value.col_offset >= WORTH
            return long and not self._may_be_broken(value, self._lines[first : first + 1])
        inside = self._lines[first : last + 1]
        size = sum(map(len, inside))
        if not self._is_uniform or size < WORTH:
            return False
        if size < LONG and (
            any("#" in line for line in inside) or self._may_be_broken(value, inside)
        ):
            return False
        # Which lines are moved with their statement is plain only where each is code.
        plain = all(line.strip() and not line.rstrip("\r\n").endswith("\\") for line in inside)
        return plain and not any(
            isinstance(n, ast.Constant | ast.JoinedStr) and n.lineno != n.end_lineno
            for n in ast.walk(value)
        )

    def _may_be_broken(self, value: ast.expr, lines: Sequence[str]) -> bool:
        """Whether *value*, on *lines*, is a call of a name that a block may make too long."""
        call = value.value if isinstance(value, ast.Await) else value
        function = call.func if isinstance(call, ast.Call) else call
        while isinstance(function, ast.Attribute):
            function = function.value
        named = isinstance(call, ast.Call) and isinstance(function, ast.Name)
        return named and may_outgrow(lines, self._style)

    def _between(self, begin: tuple[int, int], end: tuple[int, int]) -> str:
        (first, start), (last, stop) = begin, end
        if first == last:
            return self._lines[first][start:stop]
        rest = self._lines[last][:stop] if stop else ""
        return "".join((self._lines[first][start:], *self._lines[first + 1 : last], rest))

    def _character(self, line: int, offset: int) -> int:
        text = self._lines[line]
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))


def _end_line(value: ast.expr | ast.stmt) -> int:
    return (value.end_lineno or value.lineno) - 1


def _concerned(edit: Edit) -> Iterator[Path]:
    """Yield the statements that *edit* looks into; what a block is put around is not one."""
    if isinstance(edit, Wrap):
        yield from (taken.path for taken in edit.header.taken)
        return
    yield edit.beside if isinstance(edit, AddImport) else edit.path
    if isinstance(edit, Merge):
        yield edit.taken.path


def _place(edit: Edit) -> Path:
    return edit.beside if isinstance(edit, AddImport) else edit.path


def _node_at(tree: ast.Module, path: Path) -> ast.AST:
    node: ast.AST = tree
    for field, index in path:
        node = getattr(node, field)[index]
    return node


def _moved(value: _Value, indent: str) -> str:
    """Return the text of *value* for a statement whose line is indented by *indent*."""
    if indent == value.indent or not _NEWLINE.search(value.text):
        return value.text
    # Only these end lines of code: a text may have other characters that `str.splitlines` cuts at.
    return re.sub(rf"({_NEWLINE.pattern}){value.indent}", rf"\g<1>{indent}", value.text)

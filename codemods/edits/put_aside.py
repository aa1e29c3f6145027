"""Puts what no edit concerns aside, so that it is not parsed for nothing.

What LibCST takes for a chain of calls or of operators grows with its square, and ends the process
where the chain is deep enough; shorter values too are most of what it takes for a file.  In place
of such a value the statement gets a name, in place of statements in a row there is one, and a
function has one in place of its own name and parameters; behind all edits each is put back as it
was, its lines moved as those of the statement were.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from codemods.edits.style import may_outgrow
from codemods.edits.whole_lines import (
    first_line,
    has_whole_lines,
    is_at_rest,
    is_between,
    plain_header,
)
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
_STEM = "_put_aside_"
_VALUE, _LINES, _HEADER = "value_", "lines_", "header_()"
_NAMES = re.compile(rf"{_STEM}\d+_(?:value_|lines_|header_\(\))")
_VALUES = ("value", "test", "iter", "subject", "exc")
_BODIES = ("body", "handlers", "cases", "orelse", "finalbody")
# They concern what is below their statement, too.
_WHOLE = (Delete, Rename, Retain, Unwrap)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_INDENT = re.compile(r"[ \t]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class _Value:
    """What was put aside: its text, and the indentation of the statement's line."""

    text: str
    indent: str


class _Part(NamedTuple):
    """Where something to put aside begins and ends (lines from 0, bytes), and what it is."""

    line: int
    column: int
    end_line: int
    end_column: int
    kind: str
    statements: int = 1


class PutAside:
    """The text of a chunk without what no edit concerns; ``text`` is what is to be parsed.

    ``counts`` says of the names that stand for several statements for how many.
    """

    def __init__(
        self,
        tree: ast.Module,
        lines: Sequence[str],
        chunk: Chunk,
        edits: Iterable[Edit],
        style: Style,
    ) -> None:
        self._lines = lines
        self._values: dict[str, _Value] = {}
        self.counts: dict[str, int] = {}
        whole = "".join(lines[chunk.start : chunk.end])
        self.text = whole
        if _STEM in whole:
            return
        # LibCST writes the newline of the file in place of those that it takes for the usual ones.
        plain = style.newline == "\n" and "\r" not in whole
        is_uniform = plain or set(_NEWLINE.findall(whole)) <= {style.newline}
        search = _Search(lines, style, _Concerned(tree, chunk, list(edits)), is_uniform=is_uniform)
        found = sorted(search.below(tree.body[chunk.first : chunk.last + 1]))
        if not found:
            return
        parts: list[str] = []
        line, column = chunk.start, 0
        for part in found:
            begin = part.line, self._character(part.line, part.column)
            end = part.end_line, self._character(part.end_line, part.end_column)
            parts += (self._between((line, column), begin), self._named(part, begin, end))
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

    def _named(self, part: _Part, begin: tuple[int, int], end: tuple[int, int]) -> str:
        """Return the name that stands for *part*, which goes from *begin* to *end*."""
        name = f"{_STEM}{len(self._values)}_{part.kind}"
        indent = _INDENT.match(self._lines[part.line])[0]  # type: ignore[index]
        self._values[name] = _Value(self._between(begin, end), indent)
        if part.statements > 1:
            self.counts[name] = part.statements
        return name

    def _between(self, begin: tuple[int, int], end: tuple[int, int]) -> str:
        (first, start), (last, stop) = begin, end
        if first == last:
            return self._lines[first][start:stop]
        rest = self._lines[last][:stop] if stop else ""
        return "".join((self._lines[first][start:], *self._lines[first + 1 : last], rest))

    def _character(self, line: int, offset: int) -> int:
        text = self._lines[line]
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))


class _Concerned:
    """What the *edits* of a chunk are about.

    ``own`` are the statements that they look into, ``whole`` those with all that is in them;
    ``around`` is what has them inside, and ``starts`` what the lines of a block begin or end at.
    The suites ``at_rest`` are not changed, but for what is inside of their statements.
    """

    def __init__(self, tree: ast.Module, chunk: Chunk, edits: list[Edit]) -> None:
        statements = tree.body[chunk.first : chunk.last + 1]
        self.own = {_node_at(tree, path) for edit in edits for path in _concerned(edit)}
        self.whole = {_node_at(tree, edit.path) for edit in edits if isinstance(edit, _WHOLE)}
        # The first suite of a chunk shows the indentation that new ones get.
        self.around: set[ast.AST] = {*statements, *self.own}
        wraps = [edit for edit in edits if isinstance(edit, Wrap)]
        self.starts: set[ast.AST] = set()
        for wrap in wraps:
            self.starts.update(_ends(tree, wrap))
        for path in (path for edit in edits for path in (_place(edit), *_concerned(edit))):
            self.around.update(_nodes_to(tree, path[:-1]))
        still = all(len(wrap.path) > 1 for wrap in wraps)
        changed = {_node_at(tree, place[:-1]) for place in map(_place, edits)}
        classes = (one for one in statements if isinstance(one, ast.ClassDef))
        self.at_rest = {one for one in classes if still and one not in changed}


class _Search:
    """Finds what can be put aside of a file's *lines*, where not edits are *concerned*."""

    def __init__(
        self, lines: Sequence[str], style: Style, concerned: _Concerned, *, is_uniform: bool
    ) -> None:
        self._lines, self._style, self._concerned = lines, style, concerned
        self._is_uniform = is_uniform

    def below(self, statements: Sequence[ast.AST]) -> Iterator[_Part]:
        """Yield what can be put aside in *statements*, and below them."""
        waiting: list[tuple[Sequence[ast.AST], bool]] = [(statements, False)]
        while waiting:
            listed, rests = waiting.pop()
            run: list[ast.stmt] = []
            for node in listed:
                if isinstance(node, ast.stmt) and self._is_apart(node, rests=rests):
                    if run and not self._follows(run[-1], node):
                        yield from self._row(run)
                        run = []
                    run.append(node)
                    continue
                yield from self._row(run)
                run = []
                if node not in self._concerned.whole:
                    yield from self._inside(node)
                    waiting.extend(self._lists(node))
            yield from self._row(run)

    def _lists(self, node: ast.AST) -> Iterator[tuple[Sequence[ast.AST], bool]]:
        """Yield what is right below *node*, each with whether nothing of it moves."""
        rests = node in self._concerned.at_rest
        for name in _BODIES:
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body, rests

    def _row(self, run: Sequence[ast.stmt]) -> Iterator[_Part]:
        """Yield the statements of *run*, all of which may be put aside, if that is worth it."""
        if not run:
            return
        first, last = run[0], run[-1]
        line, end = first_line(first) - 1, _end_line(last)
        size = sum(map(len, self._lines[line : end + 1])) - (end + 1 - line) * first.col_offset
        # It is more nodes than a value of that size.
        if 5 * size >= 3 * WORTH:
            end_column = last.end_col_offset or 0
            yield _Part(line, first.col_offset, end, end_column, _LINES, len(run))

    def _inside(self, node: ast.AST) -> Iterator[_Part]:
        """Yield what can be put aside of what belongs to *node* itself."""
        if node in self._concerned.own:
            return
        if isinstance(node, _FUNCTIONS):
            header, line = plain_header(node, self._lines), node.lineno - 1
            if header and len(header) >= WORTH:
                yield _Part(line, header.start, line, header.stop, _HEADER)
        for name in _VALUES:
            value = getattr(node, name, None)
            if isinstance(value, ast.expr) and self._is_worth_it(value):
                begin, end = value.lineno - 1, _end_line(value)
                yield _Part(begin, value.col_offset, end, value.end_col_offset or 0, _VALUE)

    def _is_apart(self, statement: ast.stmt, *, rests: bool) -> bool:
        """Whether *statement* may be put aside as a whole; it *rests* if it does not move."""
        if not self._is_uniform or statement in self._concerned.around:
            return False
        if statement in self._concerned.whole:
            return False
        if isinstance(statement, _DEFINITIONS):
            return rests and is_at_rest(statement, self._lines)
        own = self._lines[statement.lineno - 1 : statement.end_lineno]
        return has_whole_lines(statement, self._lines) and not may_outgrow(own, self._style)

    def _follows(self, before: ast.stmt, statement: ast.stmt) -> bool:
        """Whether *statement* may be put aside together with *before*, the last one above it."""
        if statement in self._concerned.starts:
            return False
        return is_between(self._lines, before, statement)

    def _is_worth_it(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Constant):
            return False  # one node as well
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
    return [tree, *_nodes_to(tree, path)][-1]


def _nodes_to(tree: ast.Module, path: Path) -> Iterator[ast.AST]:
    """Yield what *path* leads through, one below the other: each is gone to once."""
    node: ast.AST = tree
    for field, index in path:
        node = getattr(node, field)[index]
        yield node


def _ends(tree: ast.Module, wrap: Wrap) -> Iterator[ast.AST]:
    """Yield the first statement of a block, and the one behind it."""
    *above, (field, index) = wrap.path
    body: list[ast.AST] = getattr(_node_at(tree, tuple(above)), field)
    yield from body[index : index + 1]
    yield from body[wrap.stop : wrap.stop + 1]


def _moved(value: _Value, indent: str) -> str:
    """Return the text of *value* for a statement whose line is indented by *indent*."""
    if indent == value.indent or not _NEWLINE.search(value.text):
        return value.text
    # Only these end lines of code: a text may have other characters that `str.splitlines` cuts at.
    # Blank lines have no indentation.
    return re.sub(rf"({_NEWLINE.pattern}){value.indent}(?![\r\n])", rf"\g<1>{indent}", value.text)

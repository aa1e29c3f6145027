"""Writes a program anew in another layout: the same statements, other lines, blanks, comments."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

#: What comments say; some of these characters end a line for ``str.splitlines``, not for Python.
PRAGMAS = ("noqa: E501", "pragma: no cover", "fmt: skip", "a\u2028b\x0b", "a\x0cb\x85")
INDENTS = ("    ", "  ", "\t", "   ")
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(slots=True)
class Line:
    """A logical line: its depth, the lines above it, its tokens with the gaps before them.

    ``feed`` is the form feed at its start, if there is one; ``above`` holds (depth, text);
    ``simple`` counts the simple statements that the line consists of.
    """

    depth: int = 0
    feed: str = ""
    above: list[tuple[int, str]] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    comment: str = ""
    simple: int = 0
    expression: bool = False

    @property
    def bare(self) -> bool:
        """Whether the line has no comment above or behind it."""
        return not self.comment and not self.above

    def text(self) -> str:
        """Return the line itself, without its comment."""
        return "".join(gap + token for gap, token in self.parts)


def reindented(text: str, unit: str) -> str:
    """Return *text* with *unit* for each step of indentation; strings stay as they are."""
    written = []
    for line in logical_lines(text):
        written += [f"{unit * depth if row else ''}{row}\n" for depth, row in line.above]
        if line.parts:
            behind = f"  {line.comment}" if line.comment else ""
            written.append(f"{line.feed}{unit * line.depth}{line.text()}{behind}\n")
    return "".join(written)


#: The layouts in which every fixture must become the same program.
VARIANTS: dict[str, Callable[[str], str]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "mark": lambda text: f"\ufeff{text}",
    "tabs": lambda text: reindented(text, "\t"),
    "all": lambda text: "\ufeff" + reindented(text, "\t").replace("\n", "\r\n"),
}

WITH_TABS = ("tabs", "all")


def same_lines(one: str, other: str) -> bool:
    """Whether two texts differ at most in where lines are broken inside brackets.

    A tab is one character, four spaces are four: another header may be too long for one line.
    """
    return one == other or _flat(one) == _flat(other)


def _flat(text: str) -> list[tuple[int, list[str], str]]:
    lines = logical_lines(text.removeprefix("\ufeff"))
    return [(line.depth, _without_last_comma(line.parts), line.comment) for line in lines]


def _without_last_comma(parts: list[tuple[str, str]]) -> list[str]:
    tokens = [token for _, token in parts]
    return [
        t for t, after in zip(tokens, [*tokens[1:], ""], strict=True) if (t, after) != (",", ")")
    ]


def relaid(text: str, random: Random) -> str:
    """Return *text* with as many changes of its layout as *random* wants.

    The syntax tree is the same afterwards, and every comment is still there.
    """
    written = _Writer(random).program(list(logical_lines(text)))
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text)), written
    newline = random.choice(["\n", "\n", "\r\n", "mixed"])
    lines = written.split("\n")
    ends = [random.choice(["\n", "\r\n"]) if newline == "mixed" else newline for _ in lines]
    ends[-1] = ""
    whole = "".join(line + end for line, end in zip(lines, ends, strict=True))
    if random.random() < 0.2:
        whole = whole.rstrip("\r\n")
    return f"\ufeff{whole}" if random.random() < 0.1 else whole


def logical_lines(text: str) -> Iterator[Line]:
    """Yield the logical lines of *text*; the last one has no tokens, only lines above its end."""
    starts = [0]
    for row in io.StringIO(text):
        starts.append(starts[-1] + len(row))
    columns = [0]
    simple = _simple_statements(text)
    line, end = Line(), 0
    for kind, token, (row, column), (end_row, end_column) in _atoms(text):
        start = starts[row - 1] + column
        if kind == tokenize.INDENT:
            columns.append(len(token))
        elif kind == tokenize.DEDENT:
            columns.pop()
        elif kind == tokenize.NL and not line.parts:
            if text[starts[row - 1] : start].strip() == "":
                line.above.append((0, ""))
        elif kind == tokenize.COMMENT and not line.parts:
            # A comment above a suite comes before the token that opens the suite.
            depth = sum(c <= column for c in columns) - (column <= columns[-1])
            line.above.append((depth, token))
        elif kind == tokenize.COMMENT and text[end:start].count("\n") == 0:
            line.comment = token  # taken back where the logical line goes on
        elif kind == tokenize.NEWLINE:
            line.depth = len(columns) - 1
            yield line
            line = Line()
        elif kind not in _LAYOUT:
            found = simple.get((row, column), [])
            if not line.parts:
                line.feed = "\f" if text.startswith("\f", starts[row - 1]) else ""
                line.simple = len(found)
                line.expression = len(found) == 1 and _is_expression(found[0])
            gap = text[end:start] if line.parts else ""
            line.comment = ""
            end = starts[end_row - 1] + end_column
            line.parts.append((gap, text[start:end]))
    if line.above:
        yield line


def _atoms(text: str) -> Iterator[tuple[int, str, tuple[int, int], tuple[int, int]]]:
    """Yield tokens, with an f-string as one of them whatever the version of the interpreter."""
    nested, opened = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name.endswith("STRING_START"):
            opened = opened if nested else token.start
            nested += 1
        elif name.endswith("STRING_END"):
            nested -= 1
            if not nested:
                yield tokenize.STRING, "", opened, token.end
        elif not nested:
            yield token.type, token.string, token.start, token.end


def _simple_statements(text: str) -> dict[tuple[int, int], list[ast.stmt]]:
    """Return the simple statements that share a line, by the place of the first of them."""
    found: dict[tuple[int, int], list[ast.stmt]] = {}
    rows = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        for name in ("body", "orelse", "finalbody"):
            suite = getattr(node, name, None)
            shared: list[ast.stmt] = []
            for statement in suite if isinstance(suite, list) else []:
                if hasattr(statement, "body") or isinstance(statement, ast.Match):
                    shared = []
                    continue
                if not shared or shared[-1].end_lineno != statement.lineno:
                    shared = []
                    column = len(
                        rows[statement.lineno - 1].encode()[: statement.col_offset].decode()
                    )
                    found[statement.lineno, column] = shared
                shared.append(statement)
    return found


def _is_expression(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)


class _Writer:
    """Writes logical lines in a layout that *random* chooses."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.often = random.choice([0.02, 0.1, 0.3])
        self.unit = random.choice(INDENTS)
        self.uneven = random.random() < 0.2
        self.indents = [""]
        self.count = 0

    def program(self, lines: list[Line]) -> str:
        """Return the text of *lines*."""
        written = ""
        inline = 0  # the lines that still belong to a suite on the line of its header
        for index, line in enumerate(lines):
            after = lines[index + 1 :]
            self._indent_to(line.depth)
            inline = inline - 1 if inline else 0
            shares = bool(written) and not written.endswith("\n")
            if not shares:
                written += self._above(line) + self.indents[line.depth]
            written += self._line(line)
            if not inline and not line.comment and line.simple == 0 and line.text()[-1:] == ":":
                inline = self._suite_to_join(line, after)
            if inline and line.simple == 0:
                written += " "
            elif inline > 1 or (not inline and self._joins(line, after)):
                written += self.random.choice(["; ", ";", " ; "])
            elif line.parts:
                written += self._ending(line)
        return written

    def _wants(self) -> bool:
        return self.random.random() < self.often

    def _comment(self) -> str:
        self.count += 1
        return f"# {self.random.choice(PRAGMAS)} {self.count}"

    def _indent_to(self, depth: int) -> None:
        while len(self.indents) <= depth:
            step = self.random.choice(INDENTS) if self.uneven else self.unit
            self.indents.append(self.indents[-1] + step)
        if self.uneven:  # the next suite of this depth may have another indentation
            del self.indents[depth + 1 :]

    def _indent(self, depth: int) -> str:
        return self.indents[min(depth, len(self.indents) - 1)]

    def _above(self, line: Line) -> str:
        rows = [f"{self._indent(depth) if row else ''}{row}" for depth, row in line.above]
        if self._wants():
            rows.append(self.random.choice(["", "  \t"]))
        if self._wants():
            rows.append(self.indents[line.depth] + self._comment())
        if self._wants():
            rows.append(self._comment())
        return "".join(f"{row}\n" for row in rows)

    def _line(self, line: Line) -> str:
        if not line.parts:
            return ""
        wrapped = line.expression and self._wants()
        brackets = int(wrapped)
        written = "(" if wrapped else ""
        for index, (gap, token) in enumerate(line.parts):
            if index or wrapped:
                written += self._gap(gap, token, brackets > 0) if self._wants() else gap
            brackets += (token in "([{") - (token in ")]}")
            written += token
        return written + (")" if wrapped else "")

    def _gap(self, gap: str, token: str, inside: bool) -> str:
        if "#" in gap:
            return gap
        pad = " " * self.random.randrange(9)
        if not inside:
            if token == ":":  # LibCST loses the blank in ``except X :``: such code is refused
                return gap
            return self.random.choice([f"{gap} ", f" \\\n{pad}"])
        return self.random.choice([f"{gap} ", f"\n{pad}", f"  {self._comment()}\n\n{pad}"])

    def _suite_to_join(self, header: Line, after: list[Line]) -> int:
        """Return how many lines are the suite of *header*, if it shall follow on the same line."""
        suite = []
        for line in after:
            if line.depth <= header.depth or not line.parts:
                break
            suite.append(line)
        plain = suite and all(line.simple and line.bare for line in suite)
        return len(suite) + 1 if plain and self._wants() else 0

    def _joins(self, line: Line, after: list[Line]) -> bool:
        """Whether the next line shall follow on the same line."""
        if not line.simple or line.comment or not after:
            return False
        following = after[0]
        same = following.depth == line.depth and following.simple and not following.above
        return bool(same) and self._wants()

    def _ending(self, line: Line) -> str:
        ending = ";" if line.simple and self._wants() else ""
        if line.comment:
            return f"{ending}  {line.comment}\n"
        if self._wants():
            return ending + self.random.choice(["  ", "\t", ""]) + self._comment() + "\n"
        return ending + self.random.choice(["\n", "\n", "  \n"])

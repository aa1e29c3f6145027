"""What two texts of a file have in common, and no rewrite can be about: left out of the comparison.

A piece is some statements of the module that stand in both texts, letter by letter and in whole
lines, and name nothing of the API, no tracker, and no import.  The comparison sees a mark in its
place, the same in both trees, so that nothing may move past it unnoticed.  All lines keep their
numbers.  Where anything is in doubt, nothing is left out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.comments import CELL
from codemods.validator.terms import (
    construction,
    context_header,
    last_tracker,
    managed,
    set_call,
)
from codemods.validator.walk import every

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.validator.terms import Managed

#: Without one of these a statement is matched with itself, whatever is around it.
_WORDS = (
    words.TRACKER_CLASS,
    *words.CONTEXT_MANAGERS,
    words.SET_CALL,
    words.OLDER_SET_CALL,
    words.FLUSH_CALL,
    *words.REPLAYS,
    "import",
)
_CELL = re.compile(f"^(?:{CELL})", re.M)
_API = {words.TRACKER_CLASS, *words.CONTEXT_MANAGERS}
# What ends a line, or begins one anew, in more ways than one.
_STRANGE = re.compile(r"[\r\f\v\0]")
_ESCAPE = re.compile(r"\\[xuUN0-7]")


@dataclass(frozen=True, slots=True)
class Program:
    """A text and its tree, both without the pieces that are left out."""

    text: str
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some statements of the original: their whole lines, and what is right behind the last."""

    number: int
    line: int
    stop: int
    statements: tuple[ast.stmt, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Mark:
    """Stands in a tree for the piece of a number, and is equal to no other value of a program."""

    number: int


def programs(old: ast.Module, before: str, after: str) -> tuple[Program, Program] | None:
    """Return the two programs without what they have in common; None where all of it counts.

    *old* is the tree of *before*.
    """
    if _STRANGE.search(before) or _STRANGE.search(after):
        return None
    common = [piece for piece in _pieces(old, before) if not _matters(piece.text)]
    found = _without(old, before, after, common)
    if found is None:
        return None
    trackers = {*_trackers(found[0].tree), *_trackers(found[1].tree)}
    unnamed = [piece for piece in common if not _names(piece.text, trackers)]
    if len(unnamed) < len(common):
        common = unnamed
        found = _without(old, before, after, common)
    return found if found is not None and _is_plain(*found, common) else None


def _matters(text: str) -> bool:
    """Whether a rewrite may be about *text*, by what it names."""
    if not text.isascii() or any(word in text for word in _WORDS):
        return True
    return "#" in text and _CELL.search(text) is not None


def _names(text: str, names: Iterable[str]) -> bool:
    """Whether *text* has one of *names* as a word."""
    return any(name in text and re.search(rf"\b{re.escape(name)}\b", text) for name in names)


def _pieces(tree: ast.Module, text: str) -> Iterator[_Piece]:
    """Yield the statements of *tree* as pieces, each up to the line of the next."""
    lines = text.split("\n")
    starts: list[tuple[int, int]] = []
    end = 0
    for index, statement in enumerate(tree.body):
        first = _first_line(statement)
        line = lines[first - 1]
        decorated = first != statement.lineno
        whole = line.startswith("@") if decorated else statement.col_offset == 0
        if whole and first > end and not (first > 1 and lines[first - 2].endswith("\\")):
            starts.append((first, index))
        end = statement.end_lineno or statement.lineno
    # The text ends with the end of a line, or its last line is no whole one.
    last = len(lines)
    stops = [*starts[1:], (last, len(tree.body))] if lines[-1] == "" else starts[1:]
    for number, ((first, index), (stop, behind)) in enumerate(zip(starts, stops, strict=False)):
        own = "\n".join(lines[first - 1 : stop - 1]) + "\n"
        yield _Piece(number, first, stop, tuple(tree.body[index:behind]), own)


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _without(
    old: ast.Module, before: str, after: str, common: Sequence[_Piece]
) -> tuple[Program, Program] | None:
    """Return both programs without the pieces of *common* that *after* has, in their order."""
    found = list(_in_order(common, after))
    rest = _blanked(after, ((line, line + p.stop - p.line) for p, line in found))
    try:
        new = ast.parse(rest)
    except SyntaxError:
        return None
    gone = {id(statement) for piece, _ in found for statement in piece.statements}
    staying = [statement for statement in old.body if id(statement) not in gone]
    one, other = (
        _marked(staying, [(piece, piece.line) for piece, _ in found]),
        _marked(new.body, found),
    )
    if one is None or other is None:
        return None
    text = _blanked(before, ((piece.line, piece.stop) for piece, _ in found))
    return Program(text, ast.Module(one, [])), Program(rest, ast.Module(other, []))


def _in_order(pieces: Sequence[_Piece], text: str) -> Iterator[tuple[_Piece, int]]:
    """Yield those of *pieces* that follow each other in *text*, each with its first line there."""
    place, line = 0, 1
    for piece in pieces:
        start = _find(text, piece.text, place)
        if start is None:
            continue
        line += text.count("\n", place, start)
        place = start
        if not text.endswith("\\\n", 0, start):
            yield piece, line
            place += len(piece.text)
            line += piece.stop - piece.line


def _find(text: str, piece: str, start: int) -> int | None:
    """Return where the lines of *piece* are in *text*, from *start* on."""
    while (start := text.find(piece, start)) >= 0:
        if start == 0 or text[start - 1] == "\n":
            return start
        start += 1
    return None


def _blanked(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """Return *text* with nothing on the lines of *ranges*, each up to its second number."""
    lines = text.split("\n")
    for first, stop in ranges:
        lines[first - 1 : stop - 1] = [""] * (stop - first)
    return "\n".join(lines)


def _marked(
    body: Sequence[ast.stmt], pieces: Sequence[tuple[_Piece, int]]
) -> list[ast.stmt] | None:
    """Return *body* with a mark for each of *pieces*, which begin at the lines given with them.

    None where a statement goes on behind a piece: the text is not made of such parts.
    """
    marked: list[ast.stmt] = []
    waiting = list(reversed(pieces))
    end = 0
    for statement in body:
        first = _first_line(statement)
        while waiting and waiting[-1][1] < first:
            piece, line = waiting.pop()
            if line <= end or line + piece.stop - piece.line > first:
                return None
            marked.append(_mark(piece, line))
        end = max(end, statement.end_lineno or statement.lineno)
        marked.append(statement)
    if waiting and waiting[-1][1] <= end:
        return None
    marked.extend(_mark(piece, line) for piece, line in reversed(waiting))
    return marked


def _mark(piece: _Piece, line: int) -> ast.stmt:
    value = ast.Constant(None, lineno=line, col_offset=0, end_lineno=line, end_col_offset=0)
    value.value = _Mark(piece.number)  # type: ignore[assignment]
    return ast.copy_location(ast.Expr(value), value)


def _trackers(tree: ast.Module) -> Iterator[str]:
    """Yield the last names of the variables and fields of *tree* that may hold a tracker."""
    for variable in _variables(tree, managed(tree)):
        yield variable.rpartition(".")[2]


def _variables(tree: ast.Module, names: Managed) -> Iterator[str]:
    for statement in (*every(tree, ast.Assign), *every(tree, ast.AnnAssign)):
        built = construction(statement, names)
        if built is not None:
            yield built[0]
    for call in every(tree, ast.Expr):
        site = set_call(call)
        if site is not None:
            yield site[0]
    for block in (*every(tree, ast.With), *every(tree, ast.AsyncWith)):
        header = context_header(block, names)
        if header is not None:
            yield from filter(None, (header.target, last_tracker(header)))


def _is_plain(old: Program, new: Program, left_out: Sequence[_Piece]) -> bool:
    """Whether both name the API as it is, and *left_out* does not spell what is not imported now.

    A text may spell a name in parts, or by the numbers of its letters.
    """
    for program in (old, new):
        names = managed(program.tree)
        if {*names.classes, *names.managers} != _API:
            return False
    imported = [
        {a.asname or a.name for a in every(program.tree, ast.alias)} for program in (old, new)
    ]
    lost = imported[0] - imported[1]
    if not lost:
        return True
    parts = (re.escape(name[:end]) for name in lost for end in range(1, len(name)))
    whole = (re.escape(name) for name in lost)
    spelled = re.compile("|".join([*whole, *(rf"{part}[\"'\\]" for part in parts)]))
    return not any(spelled.search(piece.text) or _ESCAPE.search(piece.text) for piece in left_out)

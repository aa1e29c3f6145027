"""Statements that may be moved as they are written: their lines, and nothing else."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# A comment, and what LibCST does not read, or drops: such a statement is its to name.
_STRANGE = re.compile(r"""[#\f\v]|[ \t]:|\b(?:t|rt|tr)["']""", re.IGNORECASE)
# As strange, or the start of such a statement, where comments stay as they are.
_AT_REST = re.compile(r"""[\f\v]|[ \t]:|\b(?:t|rt|tr)["']|^[ \t]*\(|\S.*\t""", re.IGNORECASE)
_IN_COMMENTS = re.compile(r"[^\f\v]*\Z")
# Without one of these no text goes over the end of a plain line, and no field shows its own text.
_OVER_LINES = re.compile(r"\"{3}|'{3}|=\s*[}!:]|=\s*\Z")
_DEFINED = re.compile(r"(?:async )?def ")
_BODIES = ("body", "handlers", "cases", "orelse", "finalbody")


def has_whole_lines(statement: ast.stmt, lines: Sequence[str]) -> bool:
    """Whether *statement* begins and ends a line of *lines*, the file's, each of which is plain.

    What is defined by it is none of these: blank lines go with definitions.
    """
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    own = lines[first : last + 1]
    if isinstance(statement, _DEFINITIONS) or not all(map(_is_plain, own)):
        return False
    if first and lines[first - 1].rstrip("\r\n").endswith("\\"):
        return False
    begin = own[0].lstrip(" \t")
    if len(own[0]) - len(begin) != statement.col_offset or begin.startswith("elif"):
        return False
    if len(own[-1].rstrip("\r\n").encode()) != statement.end_col_offset:
        return False
    if not hasattr(statement, "body") and not hasattr(statement, "cases"):
        return not _is_strange(statement) and not _has_long_text(statement, own)
    # A comment below may be the end of its suite, as far as one that builds texts can tell.
    below = next((line for line in lines[last + 1 :] if line.strip()), "")
    indent = own[0][: statement.col_offset]
    if below.lstrip().startswith("#") or not all(line.startswith(indent) for line in own):
        return False
    return all(_is_on_one_line(part) for part in _parts(statement))


def first_line(statement: ast.stmt) -> int:
    """Return the line of *statement*, or of the first of its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def is_between(lines: Sequence[str], before: ast.stmt, statement: ast.stmt) -> bool:
    """Whether what stands between two statements moves with them: lines without anything, and
    comments with their indentation.
    """
    indent = lines[statement.lineno - 1][: statement.col_offset]
    for line in lines[before.end_lineno : first_line(statement) - 1]:
        bare = line.rstrip("\r\n")
        if bare and not (bare.startswith(f"{indent}#") and _IN_COMMENTS.match(bare)):
            return False
    return True


def plain_header(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[str]) -> range:
    """Return where the name and the parameters of *function* stand in its line; empty if there is
    more, or less, in that line.
    """
    line = lines[function.lineno - 1]
    first = function.body[0]
    below = lines[function.lineno] if function.lineno < len(lines) else ""
    found = _DEFINED.match(line, function.col_offset)
    # The first statement begins the next line, so that the colon that ends this one is the last.
    begins = first_line(first) == function.lineno + 1 and not below[: first.col_offset].strip()
    end = line.rstrip("\r\n")
    if found is None or not begins or not end.endswith(":") or not _is_plain(line):
        return range(0)
    return range(found.end(), len(end) - 1) if line.isascii() else range(0)


def is_at_rest(definition: ast.stmt, lines: Sequence[str]) -> bool:
    """Whether *definition* begins and ends a line, and none of its lines is strange to LibCST.

    What is so stays as it is if it does not move: blank lines, comments and all.
    """
    first, last = first_line(definition) - 1, (definition.end_lineno or definition.lineno) - 1
    own = lines[first : last + 1]
    if any(map(_AT_REST.search, own)) or (first and lines[first - 1].rstrip().endswith("\\")):
        return False
    if own[0][: definition.col_offset].strip() or not own[-1].isascii():
        return False
    below = next((line for line in lines[last + 1 :] if line.strip()), "")
    ends = len(own[-1].rstrip("\r\n")) == definition.end_col_offset
    return ends and not below.lstrip().startswith("#")


def _is_plain(line: str) -> bool:
    """Whether *line* has code, and goes on in no way that is not seen by its brackets."""
    bare = line.rstrip("\r\n")
    if not bare or bare.isspace() or bare[-1] in "\\ \t":
        return False
    return not _STRANGE.search(bare) and "\t" not in bare.strip()


def _parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the statements without a suite inside of *statement*, and what stands in headers."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        bodies = [part for name in _BODIES for part in getattr(node, name, ())]
        if not bodies or isinstance(node, _DEFINITIONS):
            yield node
            continue
        inside = set(bodies)
        yield from (one for one in ast.iter_child_nodes(node) if one not in inside)
        waiting.extend(bodies)


def _is_on_one_line(part: ast.AST) -> bool:
    """Whether *part* is: the lines of one that goes over several are moved by other rules."""
    if isinstance(part, _DEFINITIONS) or _is_strange(part):
        return False
    if isinstance(part, ast.withitem):
        return all(map(_is_on_one_line, ast.iter_child_nodes(part)))
    line = getattr(part, "lineno", 0)
    return bool(line == getattr(part, "end_lineno", 0))


def _is_strange(part: ast.AST) -> bool:
    """Whether *part* is an annotation of a name in parentheses, which LibCST does not read."""
    return isinstance(part, ast.AnnAssign) and not part.simple and isinstance(part.target, ast.Name)


def _has_long_text(statement: ast.stmt, own: Sequence[str]) -> bool:
    """Whether a text in *statement* goes over several lines, which are not to be moved."""
    # Each of several texts in a row may have a line of its own.
    if len(own) == 1 or not any(map(_OVER_LINES.search, own)):
        return False
    return any(
        isinstance(n, ast.Constant | ast.JoinedStr) and n.lineno != n.end_lineno
        for n in ast.walk(statement)
    )

"""What is too long for one line in its new place, broken as formatters leave it alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import behind_the_parenthesis, on_one_line, one_a_line
from codemods.edits.style import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.edits.lines import Statement

# Comments for tools, which formatters do not count.
_PRAGMA = re.compile(r"#\s*(?:noqa|type:|pyright:|pylint:|flake8:|ruff:|isort:|nosec)")


_NOTHING = cst.SimpleStatementSuite([cst.Pass()])
_LINE_BREAK = re.compile(r"[\r\n]")


def fitted(node: cst.With, indent: str, depth: int, longest: int) -> cst.With:
    """Return *node* with an argument a line if its header takes more than *longest* columns.

    It stands *depth* steps of *indent* deep.  What is over lines already stays as it is.
    """
    bare = node.with_changes(leading_lines=(), body=_NOTHING)
    header = cst.Module([]).code_for_node(bare).rpartition(":")[0]
    item = node.items[-1]
    call = item.item
    if _LINE_BREAK.search(header) or not isinstance(call, cst.Call) or not call.args:
        return node
    if columns(f"{indent * depth}{header}:{_counted(node)}") <= longest:
        return node
    broken = item.with_changes(item=one_a_line(call, indent))
    return node.with_changes(items=[*node.items[:-1], broken])


def _counted(node: cst.With) -> str:
    """Return what stands behind the colon of *node*, as far as it counts."""
    comment = node.body.header.comment if isinstance(node.body, cst.IndentedBlock) else None
    return f"  {comment.value}" if comment is not None and not _PRAGMA.match(comment.value) else ""


def fitted_import(node: Statement, indent: str, depth: int, longest: int) -> Statement:
    """Return the import *node* with a name a line if it takes more than *longest* columns."""
    small = node.body[0] if isinstance(node, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
        return node
    text = cst.Module([]).code_for_node(small)
    if _LINE_BREAK.search(text) or columns(indent * depth + text) <= longest:
        return node
    gap = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    end = cst.ParenthesizedWhitespace(indent=True)
    names = [name.with_changes(comma=cst.Comma(whitespace_after=gap)) for name in small.names]
    names[-1] = names[-1].with_changes(comma=cst.Comma(whitespace_after=end))
    opened = cst.LeftParen(whitespace_after=gap)
    broken = small.with_changes(names=names, lpar=opened, rpar=cst.RightParen())
    return node.with_changes(body=[broken])


def fitted_body(
    body: Sequence[Statement], indent: str, depth: int, longest: int
) -> list[Statement]:
    """Return *body*, the statements of a new block, without calls that are too long in there.

    They stand *depth* steps of *indent* deep.  Broken is a call that is all of its statement, or
    all that this assigns, returns or raises; what was too long before stays as it is.
    """
    fitting = _Fitting(indent, depth, longest)
    made = (statement.visit(fitting) for statement in body)
    return [node for node in made if isinstance(node, cst.BaseStatement)]


class _Fitting(cst.CSTTransformer):
    def __init__(self, indent: str, depth: int, longest: int) -> None:
        super().__init__()
        self._indent, self._depth, self._longest = indent, depth, longest

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        del node
        self._depth += 1

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        del original_node
        self._depth -= 1
        return updated_node

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        del node
        return False

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        del original_node
        small = updated_node.body[0]
        call = _whole_call(small)
        if call is None or len(updated_node.body) > 1 or updated_node.trailing_whitespace.comment:
            return updated_node
        flat = on_one_line(call)
        if _LINE_BREAK.search(cst.Module([]).code_for_node(flat)):
            return updated_node
        broken = self._broken(small, flat) if flat is call else self._exploded(flat)
        if broken is None:
            return updated_node
        return updated_node.with_changes(body=[small.deep_replace(call, broken)])

    def _broken(self, small: cst.BaseSmallStatement, call: cst.Call) -> cst.Call | None:
        """Return *call* over lines, if *small* is too long now; None if it stays as it is."""
        if not self._outgrows(cst.Module([]).code_for_node(small), 0):
            return None
        if self._columns(", ".join(_texts(call)), 1) <= self._longest:
            return behind_the_parenthesis(call, self._indent)
        return self._on_lines(call)

    def _exploded(self, call: cst.Call) -> cst.Call | None:
        """Return *call*, whose arguments were on a line of their own, with one a line."""
        return self._on_lines(call) if self._outgrows(", ".join(_texts(call)), 1) else None

    def _on_lines(self, call: cst.Call) -> cst.Call | None:
        if any(arg.star for arg in call.args):
            return None  # whether a comma follows these depends on the formatter
        fits = all(self._columns(f"{text},", 1) <= self._longest for text in _texts(call))
        return one_a_line(call, self._indent) if fits and len(call.args) > 1 else None

    def _outgrows(self, text: str, deeper: int) -> bool:
        over = self._columns(text, deeper) - self._longest
        return 0 < over <= columns(self._indent) and not _LINE_BREAK.search(text)

    def _columns(self, text: str, deeper: int) -> int:
        return columns(self._indent * (self._depth + deeper) + text)


def _texts(call: cst.Call) -> list[str]:
    return [cst.Module([]).code_for_node(arg).rstrip().removesuffix(",") for arg in call.args]


def _whole_call(small: cst.BaseSmallStatement) -> cst.Call | None:
    """Return the call of a name, with arguments, that *small* makes and may do something with."""
    value = small.exc if isinstance(small, cst.Raise) else getattr(small, "value", None)
    if isinstance(small, cst.Assign) and len(small.targets) > 1:
        return None
    call = value.expression if isinstance(value, cst.Await) else value
    if not isinstance(call, cst.Call) or call.lpar or not call.args:
        return None
    function = call.func
    while isinstance(function, cst.Attribute):
        function = function.value
    magic = isinstance(call.args[-1].comma, cst.Comma)
    return call if isinstance(function, cst.Name) and not magic else None

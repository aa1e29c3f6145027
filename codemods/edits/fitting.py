"""Headers and imports that are too long for one line, broken as formatters leave them alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import one_a_line
from codemods.edits.style import columns

if TYPE_CHECKING:
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

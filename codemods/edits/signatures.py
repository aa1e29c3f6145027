"""Adds a parameter to a function, in the layout that its parameters have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import EditError

if TYPE_CHECKING:
    from codemods.edits.lines import Statement

_Gap = cst.BaseParenthesizableWhitespace


def add_parameter(node: Statement, name: str) -> Statement:
    """Return the function *node* with a last parameter *name*, by keyword only, that is None."""
    if not isinstance(node, cst.FunctionDef) or node.params.star_kwarg is not None:
        raise EditError("expected a function without **")
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    added = cst.Param(cst.Name(name), default=cst.parse_expression("None"), equal=equal, star="")
    given = node.params
    star = given.star_arg
    gap = _gap(node)
    changes: dict[str, object]
    if given.kwonly_params:
        last, added = _followed(given.kwonly_params[-1], added, gap)
        changes = {"kwonly_params": [*given.kwonly_params[:-1], last, added]}
    elif isinstance(star, cst.Param):
        last, added = _followed(star, added, gap)
        changes = {"star_arg": last, "kwonly_params": [added]}
    elif given.params:
        last, added = _followed(given.params[-1], added, gap)
        bare = cst.ParamStar(cst.Comma(whitespace_after=gap))
        changes = {"params": [*given.params[:-1], last], "star_arg": bare, "kwonly_params": [added]}
    elif given.posonly_params:
        raise EditError("every parameter is given by position only")
    else:
        bare = cst.ParamStar(cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        changes = {"star_arg": bare, "kwonly_params": [added]}
    return node.with_changes(params=given.with_changes(**changes))


def _gap(node: cst.FunctionDef) -> _Gap:
    """Return what stands between two parameters: a line break if each has a line of its own."""
    before = node.whitespace_before_params
    if not isinstance(before, cst.ParenthesizedWhitespace):
        return cst.SimpleWhitespace(" ")
    newline = before.first_line.newline
    return before.with_changes(first_line=cst.TrailingWhitespace(newline=newline), empty_lines=[])


def _followed(last: cst.Param, added: cst.Param, gap: _Gap) -> tuple[cst.Param, cst.Param]:
    """Return *last* and *added* behind it; what stood between *last* and the end is handed on."""
    if not isinstance(last.comma, cst.Comma):
        end = last.whitespace_after_param
        plain = last.with_changes(
            whitespace_after_param=cst.SimpleWhitespace(""), comma=cst.Comma(whitespace_after=gap)
        )
        return plain, added.with_changes(whitespace_after_param=end)
    after = last.comma.whitespace_after
    closing = after
    if isinstance(after, cst.ParenthesizedWhitespace):
        # A comment behind the old last parameter stays on its line.
        closing = after.with_changes(
            first_line=cst.TrailingWhitespace(newline=after.first_line.newline)
        )
        if isinstance(gap, cst.ParenthesizedWhitespace):
            gap = gap.with_changes(first_line=after.first_line)
        else:
            closing, gap = after, cst.SimpleWhitespace(" ")
    shortened = last.with_changes(comma=cst.Comma(whitespace_after=gap))
    return shortened, added.with_changes(comma=cst.Comma(whitespace_after=closing))

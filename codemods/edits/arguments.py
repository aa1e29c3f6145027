"""Builds the argument lists of ``with`` headers and calls, keeping the layout they had."""

from __future__ import annotations

import ast
import re
from keyword import iskeyword
from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.lines import comments_in
from codemods.model.edit import UNPACKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.edit import Header, Taken

_WRITTEN = frozenset("\"'#")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_TEXT = re.compile(r"\"[a-zA-Z0-9_ -]*\"\Z")
_KEYWORD = re.compile(r"\A(\w+)=(?!=)(.*)\Z", re.DOTALL)


class EditError(Exception):
    """An edit does not fit the text; the file is left as it was."""


def argument(text: str) -> cst.Arg:
    """Return the argument written as *text* (``value`` or ``keyword=value``)."""
    match = _KEYWORD.match(text)
    if match is None:
        return cst.Arg(_value(text))
    return _named(cst.Arg(_value(match[2])), match[1])


def _value(text: str) -> cst.BaseExpression:
    """Return *text* as a value; what stood in brackets, over several lines, comes on one.

    Texts and comments are left as they are written, in brackets again.
    """
    try:
        return _parsed(text)
    except cst.ParserSyntaxError:
        bracketed = f"({text})"
    if _WRITTEN.isdisjoint(text):
        return cst.parse_expression(ast.unparse(ast.parse(bracketed, mode="eval")))
    return cst.parse_expression(bracketed)


def _parsed(text: str) -> cst.BaseExpression:
    """Return the expression *text*; names and plain texts, as nearly all are, need no parser."""
    if _NAME.match(text) and not iskeyword(text):
        return cst.Name(text)
    return cst.SimpleString(text) if _TEXT.match(text) else cst.parse_expression(text)


def _named(arg: cst.Arg, keyword: str | None) -> cst.Arg:
    """Return *arg* passed as *keyword* or by position; what is right already keeps its spacing."""
    if keyword is not None and keyword.startswith(UNPACKED):
        return arg
    if keyword is None:
        return arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    if arg.keyword is not None and arg.keyword.value == keyword:
        return arg
    return arg.with_changes(
        keyword=cst.Name(keyword),
        value=_fenced(arg.value),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )


def _fenced(value: cst.BaseExpression) -> cst.BaseExpression:
    """A walrus, a yield or a bare generator needs parentheses beside other arguments."""
    if isinstance(value, cst.NamedExpr | cst.Yield | cst.GeneratorExp) and not value.lpar:
        return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return value


def once(taken: Taken) -> list[tuple[int, str | None]]:
    """Return the arguments of *taken*, a dictionary that has several of them once."""
    return list(dict(reversed(taken.arguments)).items())[::-1]


def header_call(header: Header, calls: Sequence[cst.Call]) -> cst.Call:
    """Return the call of *header*; *calls* are those its ``taken`` arguments come from."""
    taken_over: list[cst.Arg] = []
    calls = [on_one_line(call) for call in calls]
    for taken, call in zip(header.taken, calls, strict=True):
        taken_over.extend(_named(call.args[index], keyword) for index, keyword in once(taken))
    leading = [argument(text) for text in header.leading]
    trailing = [argument(text) for text in header.trailing]
    layout = next((call for call in calls if call.args and _several_lines(call)), None)
    if layout is None:
        return cst.Call(_parsed(header.function), _joined([*leading, *taken_over, *trailing]))
    return _laid_out(header.function, layout, leading, taken_over, trailing)


def appended(call: cst.Call, extra: Sequence[cst.Arg]) -> cst.Call:
    """Return *call* with *extra* arguments at its end, in the layout of the others."""
    if not call.args:
        return call.with_changes(args=_joined(list(extra)))
    if isinstance(call.args[0].value, cst.GeneratorExp):
        only = call.args[0].with_changes(value=_fenced(call.args[0].value))
        call = call.with_changes(args=[only, *call.args[1:]])
    if _several_lines(call):
        function = cst.Module([]).code_for_node(call.func)
        return _laid_out(function, call, [], [*call.args], list(extra)).with_changes(
            func=call.func, lpar=call.lpar, rpar=call.rpar
        )
    last = call.args[-1]
    if isinstance(last.comma, cst.Comma):
        return call.with_changes(args=[*call.args[:-1], _with_space(last), *_joined(list(extra))])
    return call.with_changes(
        args=[*call.args[:-1], last.with_changes(comma=_comma()), *_joined(list(extra))]
    )


def bare(arg: cst.Arg) -> cst.Arg:
    """Return *arg* without a comma and the layout behind it."""
    return arg.with_changes(
        comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace("")
    )


def one_a_line(call: cst.Call, indent: str) -> cst.Call:
    """Return *call* with each argument on a line of its own, indented by *indent*."""
    gap = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    end = cst.ParenthesizedWhitespace(indent=True)
    arguments = [a.with_changes(comma=cst.Comma(whitespace_after=gap)) for a in call.args]
    arguments[-1] = arguments[-1].with_changes(comma=cst.Comma(whitespace_after=end))
    return call.with_changes(args=arguments, whitespace_before_args=gap)


def behind_the_parenthesis(call: cst.Call, indent: str) -> cst.Call:
    """Return *call* with all its arguments on a line of their own, indented by *indent*."""
    gap = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    last = call.args[-1].with_changes(whitespace_after_arg=cst.ParenthesizedWhitespace(indent=True))
    return call.with_changes(args=[*call.args[:-1], last], whitespace_before_args=gap)


def _with_space(arg: cst.Arg) -> cst.Arg:
    comma = arg.comma
    if isinstance(comma, cst.Comma) and comma.whitespace_after.empty:
        return arg.with_changes(comma=_comma())
    return arg


def _comma() -> cst.Comma:
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _joined(arguments: list[cst.Arg]) -> list[cst.Arg]:
    """One line: a comma and a space between, unless an argument brings a layout of its own."""
    if not arguments:
        return []
    between = [a if _brings_lines(a) else a.with_changes(comma=_comma()) for a in arguments[:-1]]
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma) and not _brings_lines(last):
        last = last.with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return [*between, last]


def _brings_lines(arg: cst.Arg) -> bool:
    after = arg.comma.whitespace_after if isinstance(arg.comma, cst.Comma) else None
    return isinstance(after, cst.ParenthesizedWhitespace)


def _several_lines(call: cst.Call) -> bool:
    return isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace) or any(
        _brings_lines(arg) or isinstance(arg.whitespace_after_arg, cst.ParenthesizedWhitespace)
        for arg in call.args
    )


def on_one_line(call: cst.Call) -> cst.Call:
    """Return *call* on one line if a formatter broke it behind its first parenthesis only.

    How much room its arguments need elsewhere is to be seen there.
    """
    before = call.whitespace_before_args
    if not isinstance(before, cst.ParenthesizedWhitespace) or comments_in(call):
        return call
    last = call.args[-1] if call.args else None
    if last is None or isinstance(last.comma, cst.Comma) or any(map(_brings_lines, call.args)):
        return call
    plain = [*call.args[:-1], bare(last)]
    return call.with_changes(args=plain, whitespace_before_args=cst.SimpleWhitespace(""))


def _laid_out(
    function: str,
    layout: cst.Call,
    leading: list[cst.Arg],
    taken_over: list[cst.Arg],
    trailing: list[cst.Arg],
) -> cst.Call:
    """Arguments over several lines: the new ones get lines like those of *layout*."""
    before = layout.whitespace_before_args
    own_lines = isinstance(before, cst.ParenthesizedWhitespace)
    gap: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if isinstance(before, cst.ParenthesizedWhitespace):
        gap = before.with_changes(
            first_line=cst.TrailingWhitespace(newline=before.first_line.newline), empty_lines=[]
        )
    comma = cst.Comma(whitespace_after=gap)
    front = [arg.with_changes(comma=comma) for arg in leading]
    last_of_call = layout.args[-1]
    closing = last_of_call.whitespace_after_arg
    ends_with_comma = isinstance(last_of_call.comma, cst.Comma)
    if trailing and taken_over:
        taken_over, trailing = _continue(taken_over, trailing, comma, ends_with_comma, last_of_call)
    elif taken_over and taken_over[-1].value is not last_of_call.value:
        taken_over = [*taken_over[:-1], _closing(taken_over[-1], last_of_call)]
    elif not taken_over and not trailing and front:
        front[-1] = front[-1].with_changes(
            comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=closing
        )
    arguments = [*front, *taken_over, *trailing]
    return cst.Call(
        _parsed(function),
        arguments,
        whitespace_before_args=before if own_lines else cst.SimpleWhitespace(""),
    )


def _closing(arg: cst.Arg, last: cst.Arg) -> cst.Arg:
    """Return *arg* with the layout that *last* has before the parenthesis; its comment stays."""
    end = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else None
    end = end or last.whitespace_after_arg
    mine = arg.comma.whitespace_after if isinstance(arg.comma, cst.Comma) else None
    line = mine.first_line if isinstance(mine, cst.ParenthesizedWhitespace) else None
    if line is not None and line.comment is not None:
        indented = isinstance(end, cst.ParenthesizedWhitespace)
        end = end if indented else cst.ParenthesizedWhitespace(indent=True)
        end = end.with_changes(first_line=line)
    elif isinstance(end, cst.ParenthesizedWhitespace):
        end = end.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    if isinstance(last.comma, cst.Comma):
        return arg.with_changes(comma=cst.Comma(whitespace_after=end))
    return bare(arg).with_changes(whitespace_after_arg=end)


def _continue(
    taken_over: list[cst.Arg],
    trailing: list[cst.Arg],
    comma: cst.Comma,
    ends_with_comma: bool,
    last: cst.Arg,
) -> tuple[list[cst.Arg], list[cst.Arg]]:
    """Put *trailing* behind *taken_over*, and the closing layout behind the new last argument."""
    final = trailing[-1]
    if ends_with_comma and isinstance(last.comma, cst.Comma):
        # The comment behind the old last argument stays on its own line.
        after = last.comma.whitespace_after
        inner = comma.whitespace_after
        if isinstance(after, cst.ParenthesizedWhitespace) and isinstance(
            inner, cst.ParenthesizedWhitespace
        ):
            inner = inner.with_changes(first_line=after.first_line)
        taken_over = [
            *taken_over[:-1],
            taken_over[-1].with_changes(comma=cst.Comma(whitespace_after=inner)),
        ]
        plain = after
        if isinstance(after, cst.ParenthesizedWhitespace):
            plain = after.with_changes(
                first_line=cst.TrailingWhitespace(newline=after.first_line.newline)
            )
        final = final.with_changes(comma=cst.Comma(whitespace_after=plain))
    else:
        taken_over = [
            *taken_over[:-1],
            taken_over[-1].with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        ]
        final = final.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    middle = [arg.with_changes(comma=comma) for arg in trailing[:-1]]
    return taken_over, [*middle, final]

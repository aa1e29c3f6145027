"""Comments that silence findings: where they stand, what they name, and which lines they hold for.

They are found among the tokens of a program, so that no string is taken for one::

    tracker = AIUsageTracker()  # ai-usage: ignore[AIU001] the tool closes it
    # ai-usage: ignore[AIU001, legacy-import] holds for the next line of code
    tracker = AIUsageTracker()  # noqa: AIU001
    # ai-usage: ignore-file[AIU003] holds for all of the file
    # ai-usage: off[AIU001] holds until
    # ai-usage: on[AIU001]

Without brackets they hold for all rules.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from codemods.model.rules import UnknownRuleError, rule_named
from codemods.model.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = ("ai-usage:", "noqa", "NOQA", "NoQA")
_OURS = re.compile(
    r"#\s*ai-usage:\s*(?P<kind>ignore-file|ignore|off|on)(?![\w-])"
    r"(?:\[(?P<names>[^\]#]*)\])?(?P<reason>[^#]*)"
)
_CODE = r"[A-Za-z]+[0-9]+"
_NOQA = re.compile(
    rf"#\s*(?:noqa|NOQA|NoQA)(?:(?P<colon>:)\s*(?P<names>{_CODE}(?:(?:\s*,\s*|\s+){_CODE})*)|(?![:\w]))"
)
#: Tokens that are no code.
_BLANK = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT})
#: Strings that hold code, where the interpreter tells their parts apart.
_OPENS = {getattr(tokenize, f"{kind}_START", None) for kind in ("FSTRING", "TSTRING")} - {None}
_CLOSES = {getattr(tokenize, f"{kind}_END", None) for kind in ("FSTRING", "TSTRING")} - {None}


class Kind(StrEnum):
    """What a comment holds for."""

    IGNORE = "ignore"
    NOQA = "noqa"
    FILE = "ignore-file"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Name:
    """A rule that a comment names: the text, and the code that it stands for, "" for none."""

    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Directive:
    """A comment that silences, at ``span``; without ``names`` all rules.

    It holds for what begins in the lines ``first`` to ``last``, of some codes until the line that
    ``ends`` has for them; with ``is_inline`` also for what ends there.  ``has_brackets`` tells an
    empty list from none.  ``reason`` is what else the comment says.
    """

    kind: Kind
    names: tuple[Name, ...]
    span: Span
    first: int
    last: int
    is_inline: bool = False
    has_brackets: bool = False
    ends: tuple[tuple[str, int], ...] = ()
    reason: str = ""

    @property
    def codes(self) -> frozenset[str]:
        """The rules that it names and that there are."""
        return frozenset(name.code for name in self.names if name.code)

    @property
    def is_for_all(self) -> bool:
        """Whether it silences whatever is found."""
        return not self.has_brackets and not self.names


@dataclass(frozen=True)
class Comments:
    """The directives of a program, and where its lines of code begin and end.

    ``logical`` has for each line of code the first and the last line of its statement, or of its
    header; ``closed`` are the lines whose end is inside of a string, or goes on in the next.
    """

    directives: tuple[Directive, ...]
    logical: dict[int, tuple[int, int]]
    closed: frozenset[int]


NOTHING = Comments((), {}, frozenset())


def may_hold_any(text: str) -> bool:
    """Whether a comment of *text* may silence something: most programs are not looked at again."""
    return any(mark in text for mark in _MARKS)


def comments_of(text: str) -> Comments:
    """Return what the comments of the program *text* silence; nothing if it cannot be read."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline=None).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return NOTHING
    logical = dict(_logical_lines(tokens))
    lines = sorted(logical)
    found = [one for token in tokens for one in _directives(token, logical, lines)]
    return Comments(tuple(_with_ranges(found)), logical, frozenset(_closed(tokens)))


def _logical_lines(
    tokens: list[tokenize.TokenInfo],
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each line on which code stands, with the first and the last one of its statement."""
    inside: list[tokenize.TokenInfo] = []
    for token in tokens:
        if token.type in _BLANK or token.type == tokenize.ENDMARKER:
            continue
        inside.append(token)
        if token.type == tokenize.NEWLINE:
            first, last = inside[0].start[0], inside[-1].start[0]
            for one in inside:
                for line in range(one.start[0], one.end[0] + 1):
                    if one.type != tokenize.NEWLINE:
                        yield line, (first, last)
            inside = []


def _closed(tokens: list[tokenize.TokenInfo]) -> Iterator[int]:
    """Yield the lines behind whose end no comment can stand."""
    opened: list[int] = []
    for token in tokens:
        if token.type in _OPENS:
            opened.append(token.start[0])
        elif token.type in _CLOSES and opened:
            yield from range(opened.pop(), token.end[0])
        if token.type not in (tokenize.NEWLINE, tokenize.NL):
            yield from range(token.start[0], token.end[0])
        if token.type != tokenize.COMMENT and token.line.rstrip("\r\n").endswith("\\"):
            yield token.end[0]


def _directives(
    token: tokenize.TokenInfo, logical: dict[int, tuple[int, int]], lines: list[int]
) -> Iterator[Directive]:
    """Yield what the comment *token* silences."""
    if token.type != tokenize.COMMENT:
        return
    line, column = token.start
    is_inline = line in logical
    for pattern in (_OURS, _NOQA):
        for found in pattern.finditer(token.string):
            kind = Kind(found["kind"]) if pattern is _OURS else Kind.NOQA
            end = found.end() - (len(found["reason"]) if pattern is _OURS else 0)
            span = Span(line, column + found.start() + 1, line, column + end + 1)
            first, last = (line, line)
            if kind is Kind.IGNORE and not is_inline:
                first, last = _next(line, logical, lines)
            brackets = found["names"] is not None
            said = found["reason"] if pattern is _OURS else _behind(token.string, found.end())
            names = _names(found["names"] or "")
            yield Directive(
                kind, names, span, first, last, is_inline, brackets, reason=said.strip()
            )


def _names(listed: str) -> tuple[Name, ...]:
    return tuple(Name(text, _code(text)) for text in re.split(r"[\s,]+", listed) if text)


def _behind(comment: str, end: int) -> str:
    """Return what stands behind *end* in *comment*, up to another comment."""
    return comment[end:].partition("#")[0]


def _next(line: int, logical: dict[int, tuple[int, int]], lines: list[int]) -> tuple[int, int]:
    """Return the lines that a comment on *line* holds for, which has that for itself.

    Between statements that is all of the next one, inside of one its next line.
    """
    from bisect import bisect_right

    at = bisect_right(lines, line)
    if at == len(lines):
        return line, line
    first, last = logical[lines[at]]
    return (first, last) if first > line else (lines[at], lines[at])


def _with_ranges(found: list[Directive]) -> Iterator[Directive]:
    """Yield the directives of a program, in order; those that are off until they are on again."""
    ordered = sorted(found, key=lambda one: one.span)
    for at, one in enumerate(ordered):
        if one.kind is Kind.FILE:
            yield replace(one, first=0, last=_LAST)
        elif one.kind is Kind.OFF:
            yield _until(one, [on for on in ordered[at + 1 :] if on.kind is Kind.ON])
        else:
            yield one


_LAST = 1 << 60


def _until(off: Directive, following: list[Directive]) -> Directive:
    """Return *off* with the lines at which those of *following* end it, for some codes or all."""
    ends: dict[str, int] = {}
    last = _LAST
    for on in following:
        if not off.is_for_all and off.codes <= ends.keys():
            break
        if on.is_for_all:
            last = on.span.line
            break
        for code in on.codes if off.is_for_all else on.codes & off.codes:
            ends.setdefault(code, on.span.line)
    return replace(off, first=off.span.line, last=last, ends=tuple(sorted(ends.items())))


def _code(text: str) -> str:
    try:
        return rule_named(text).code
    except UnknownRuleError:
        return ""

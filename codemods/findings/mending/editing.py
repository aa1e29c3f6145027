"""Comments that silence, taken out of a program and put into it; its code stays what it is."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from codemods.findings.comments import Comments, Directive, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.findings.judging import Vain
    from codemods.model.finding import Finding

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
#: What stands for a line that is no Python: it must stay at the end of its line.
_MAGIC = "# ai-usage-magic "


def without(text: str, needless: Iterable[Vain]) -> tuple[str, tuple[int, ...]]:
    """Return the program *text* without what is *needless* in its comments.

    With it come the numbers of the lines that are left: one that is nothing else goes.
    """
    lines = _split(text)
    for directive, _, codes in sorted(needless, key=lambda one: one[0].span, reverse=True):
        at = directive.span.line - 1
        line, end = lines[at]
        head, tail = line[: directive.span.column - 1], line[directive.span.end_column - 1 :]
        if codes and set(codes) != {name.code for name in directive.names}:
            lines[at] = (head + _with_names(directive, codes) + tail, end)
            continue
        reason, mark, others = tail.partition("#")
        if directive.kind is Kind.NOQA and reason.strip():
            mark, others = "# ", f"{reason.strip()}  {mark}{others}".rstrip()
        rest = head + mark + others if mark else head.rstrip()
        lines[at] = (rest, end) if rest.strip() else ("", "")
    numbers = tuple(number for number, one in enumerate(lines, 1) if one != ("", ""))
    return "".join(line + end for line, end in lines), numbers or (1,)


def _with_names(directive: Directive, codes: Sequence[str]) -> str:
    """Return *directive* without those of its names that stand for *codes*."""
    names = [name.text for name in directive.names if name.code not in codes]
    if directive.kind is Kind.NOQA:
        return f"# noqa: {', '.join(names)}"
    return f"# ai-usage: {directive.kind}[{', '.join(names)}]"


def with_ignores(text: str, comments: Comments, findings: Iterable[Finding], reason: str) -> str:
    """Return the program *text*, which has *comments*, with more that silence *findings*."""
    lines = _split(text)
    behind: defaultdict[int, set[str]] = defaultdict(set)
    above: defaultdict[int, set[str]] = defaultdict(set)
    for finding in findings:
        ends = (finding.span.line, finding.span.end_line)
        place = next((one for one in ends if _may_end(one, comments, lines)), None)
        if place is not None:
            behind[place].add(finding.code)
        else:
            above[comments.logical.get(ends[0], ends)[0]].add(finding.code)
    for number, codes in behind.items():
        line, end = lines[number - 1]
        lines[number - 1] = (_behind(line, _inline(comments, number), codes, reason), end)
    for number in sorted(above, reverse=True):
        line = lines[number - 1][0]
        indent = line[: len(line) - len(line.lstrip())]
        lines.insert(number - 1, (indent + _comment(above[number], reason), _end_of(lines)))
    return "".join(line + end for line, end in lines)


def _may_end(line: int, comments: Comments, lines: Sequence[tuple[str, str]]) -> bool:
    """Whether a comment may stand at the end of *line*."""
    is_code = line in comments.logical and line not in comments.closed
    return is_code and _MAGIC not in lines[line - 1][0]


def _inline(comments: Comments, line: int) -> Directive | None:
    """Return the comment on *line* that more rules may be added to."""
    return next(
        (
            one
            for one in comments.directives
            if one.span.line == line and one.kind is Kind.IGNORE and one.names
        ),
        None,
    )


def _behind(line: str, there: Directive | None, codes: set[str], reason: str) -> str:
    if there is None:
        return f"{line.rstrip()}  {_comment(codes, reason)}"
    names = [name.text for name in there.names] + sorted(codes - there.codes)
    written = f"# ai-usage: {Kind.IGNORE}[{', '.join(names)}]"
    return line[: there.span.column - 1] + written + line[there.span.end_column - 1 :]


def _comment(codes: Iterable[str], reason: str) -> str:
    return f"# ai-usage: {Kind.IGNORE}[{', '.join(sorted(codes))}] {reason}"


def _end_of(lines: Sequence[tuple[str, str]]) -> str:
    return next((end for _, end in lines if end), "\n")


def _split(text: str) -> list[tuple[str, str]]:
    """Return the lines of *text*, as the tokens count them, each with its end apart."""
    return [(m[1], m[2]) for m in _LINE.finditer(text) if m[0]]

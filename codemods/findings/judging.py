"""Which findings of a program its comments silence, and which comments silence nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.findings import needless, unknown
from codemods.findings.comments import NOTHING, Comments, Directive, Kind, comments_of, may_hold_any
from codemods.model.finding import Finding, Silenced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: A comment, what is said of it, and the codes that it names in vain.
Vain = tuple[Directive, Finding, tuple[str, ...]]
#: What is about comments is silenced by comments, which are needed for that alone.
ABOUT_COMMENTS = frozenset({needless.CODE, unknown.CODE})
#: Which comment counts where several hold: the nearest.
_NEAREST = (Kind.IGNORE, Kind.NOQA, Kind.OFF, Kind.FILE)


@dataclass(frozen=True)
class Judged:
    """The findings that are told of, and the comments that are needless in part or as a whole.

    ``needless`` has for each such comment the codes that it names in vain, none if it holds for
    all or ends nothing.  ``silenced`` are the findings that are not told of.
    """

    findings: tuple[Finding, ...]
    needless: tuple[Vain, ...] = ()
    comments: Comments = NOTHING
    silenced: tuple[Silenced, ...] = ()


def judged(findings: Sequence[Finding], text: str, path: str) -> Judged:
    """Return which of *findings*, of the program *text* in the file *path*, are told of."""
    if not may_hold_any(text):
        return Judged(tuple(findings))
    comments = comments_of(text)
    directives = [one for one in comments.directives if one.kind is not Kind.ON]
    left, by = _silenced(findings, directives)
    used = {(directive, finding.code) for finding, directive in by}
    in_vain = list(_needless(directives, used, path))
    whole = [one for one, _, codes in in_vain if set(codes) == one.codes]
    in_vain += _ends_of_nothing(comments.directives, whole, path)
    told: list[Finding] = []
    for finding in (*(one[1] for one in in_vain), *_unknown(comments.directives, path)):
        # What holds for all rules does not silence what is said of itself.
        others = [one for one in directives if one.span != finding.span or not one.is_for_all]
        told += _silenced([finding], others)[0]
    told_in_vain = tuple(one for one in in_vain if one[1] in told)
    every = sorted([*left, *told], key=lambda one: (one.span, one.code))
    silenced = tuple(Silenced(finding, directive.reason) for finding, directive in by)
    return Judged(tuple(every), told_in_vain, comments, silenced)


def _silenced(
    findings: Iterable[Finding], directives: Sequence[Directive]
) -> tuple[list[Finding], list[tuple[Finding, Directive]]]:
    """Return the *findings* that nothing silences, and the others with what silences them."""
    left: list[Finding] = []
    used: list[tuple[Finding, Directive]] = []
    for finding in findings:
        holding = [one for one in directives if _holds(one, finding)]
        if holding:
            used.append((finding, min(holding, key=_rank)))
        else:
            left.append(finding)
    return left, used


def _rank(directive: Directive) -> tuple[int, bool]:
    return _NEAREST.index(directive.kind), directive.is_for_all


def _holds(directive: Directive, finding: Finding) -> bool:
    """Whether *directive* silences *finding*."""
    if not directive.is_for_all and finding.code not in directive.codes:
        return False
    first, last = directive.first, dict(directive.ends).get(finding.code, directive.last)
    ends_there = directive.is_inline and first <= finding.span.end_line <= last
    return first <= finding.span.line <= last or ends_there


def _needless(
    directives: Iterable[Directive], used: set[tuple[Directive, str]], path: str
) -> Iterable[Vain]:
    for one in directives:
        if one.is_for_all:
            is_used = one.kind is Kind.NOQA or any(by == one for by, _ in used)
            if not is_used:
                yield one, Finding(needless.CODE, path, one.span, needless.message(())), ()
            continue
        codes = dict.fromkeys(name.code for name in one.names if name.code)
        vain = tuple(c for c in codes if (one, c) not in used and c not in ABOUT_COMMENTS)
        if vain or (one.has_brackets and not one.names):
            yield one, Finding(needless.CODE, path, one.span, needless.message(vain)), vain


def _ends_of_nothing(
    directives: Sequence[Directive], needless_ones: Sequence[Directive], path: str
) -> Iterable[Vain]:
    """Yield the comments that put on again what is not off, or need not be."""
    for one in directives:
        if one.kind is not Kind.ON:
            continue
        line = one.span.line
        ended = [off for off in directives if off.kind is Kind.OFF and _is_ended(off, line)]
        if all(off in needless_ones for off in ended):
            said = needless.ENDS_NEEDLESS if ended else needless.NOTHING_IS_OFF
            yield one, Finding(needless.CODE, path, one.span, said), ()


def _is_ended(off: Directive, line: int) -> bool:
    return line == off.last or line in dict(off.ends).values()


def _unknown(directives: Iterable[Directive], path: str) -> Iterable[Finding]:
    for one in directives:
        for name in one.names:
            if not name.code and (one.kind is not Kind.NOQA or unknown.is_ours(name.text)):
                yield Finding(unknown.CODE, path, one.span, unknown.message(name.text))

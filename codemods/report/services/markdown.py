"""A comment on a pull request: what needs a person first, then what changes.

It fits into what code hosts take for one comment.  Texts of the tree can neither mention somebody
nor lay anything out: paths stand in code, other texts are escaped.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed
from codemods.report import display
from codemods.report.diagnostics import Kind, Level, diagnostics_of
from codemods.report.diff import hunks
from codemods.report.formats import AS_IT_IS
from codemods.report.lines.concise import place
from codemods.report.text import summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

#: What GitHub takes for one comment is 65,536 characters.
LARGEST = 60_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~^$&-])")
_MENTIONS = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=:)(?=//)")
_SECTIONS = (
    ("Failed", lambda one: one.kind is Kind.FAILURE),
    ("Needs a person", lambda one: one.kind is Kind.REFUSAL),
    ("Findings", lambda one: one.kind is Kind.FINDING),
    ("Rewrites to look at", lambda one: one.kind is Kind.REWRITE and one.reason != "proven"),
    ("Rewrites", lambda one: one.kind is Kind.REWRITE and one.reason == "proven"),
)


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as a comment; quietly only what needs a person."""
    told = diagnostics_of(report)
    if look.quiet:
        told = [one for one in told if one.level is not Level.NOTE]
    parts = [f"### ai-usage: {escaped(summary(report))}\n", *_counts(told)]
    for title, takes in _SECTIONS:
        parts += _section(title, [one for one in told if takes(one)])
    if not look.quiet:
        parts += _patches(report)
    return _fitted(parts)


def escaped(text: str) -> str:
    """Return *text*, one line, as Markdown that shows it and does nothing else."""
    shown = _SPECIAL.sub(r"\\\1", display.line(text))
    return _MENTIONS.sub("<!-- -->", shown.replace(r"\#", "#"))


def code(text: str) -> str:
    """Return *text*, one line, as code."""
    shown = display.line(text)
    fence = "`" * (_longest(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _counts(told: Sequence[Diagnostic]) -> Iterator[str]:
    if not told:
        return
    lines = ["| code | what | places |", "|---|---|---:|"]
    found = Counter((one.code, one.message) for one in told)
    by_code: dict[str, Counter[str]] = {}
    for (name, message), count in found.items():
        by_code.setdefault(name, Counter())[message] += count
    for name in sorted(by_code):
        (message, _), *others = by_code[name].most_common()
        more = ", ..." if others else ""
        what = code(message).replace("|", "\\|")
        count = sum(by_code[name].values())
        lines.append(f"| {code(name)} | {what}{more} | {count} |")
    yield "\n".join(lines) + "\n"


def _section(title: str, told: Sequence[Diagnostic]) -> Iterator[str]:
    if not told:
        return
    yield f"#### {title} ({len(told)})\n"
    for one in told:
        lines = [f"- {code(place(one))} {code(one.code)} {escaped(one.message)}"]
        lines += [f"  <br>{label}: {escaped(text)}" for label, text in one.said]
        yield "\n".join(lines) + "\n"


def _patches(report: RunReport) -> Iterator[str]:
    word = "Changed" if report.written else "Would change"
    for outcome in report.outcomes:
        if isinstance(outcome, Changed) and outcome.source.content:
            found = hunks(outcome.before_text, outcome.after_text).replace("\r\n", "\n")
            text = display.lines(found, keep="\n\t")
            fence = "`" * max(_longest(text) + 1, 3)
            name = display.line(outcome.path).replace("&", "&amp;").replace("<", "&lt;")
            head = f"<details><summary>{word}: <code>{name}</code></summary>\n"
            yield f"{head}\n{fence}diff\n{text}{fence}\n\n</details>\n"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _fitted(parts: Iterable[str]) -> str:
    """Return as many of *parts*, from the first on, as there is room for; say how many are not."""
    taken: list[str] = []
    room, left = LARGEST, 0
    for part in parts:
        room -= len(part) + 1
        if room < 0:
            left += 1
        else:
            taken.append(part)
    if left:
        taken.append(f"*{left} more parts of this report have no room in a comment.*\n")
    return "\n".join(taken)

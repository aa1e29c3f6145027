"""How a person is shown a rewrite that they are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.report import display
from codemods.report.diff import hunks
from codemods.report.text import coloured, proposed, uncoloured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.model.question import Change, Question
    from codemods.report.text import Style

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(question: Question, *, colour: bool) -> str:
    """Return *question* as lines of text, without what may be answered."""
    style = coloured if colour else uncoloured
    lines = [f"Rewrite {question.number} of {question.count}, {display.line(question.where)}:"]
    for change in question.changes:
        lines += _change(change, style)
    return "".join(line + "\n" for line in lines)


def is_unsafe(question: Question) -> bool:
    """Whether a person must confirm something of it."""
    return any(applied.confirm for change in question.changes for applied in change.applied)


def _change(change: Change, style: Style) -> Iterator[str]:
    for applied in map(display.record, change.applied):
        yield from proposed(applied, style)
        if applied.runtime is not None and applied.runtime.is_assumed:
            yield f"    assumes that contexts do what the guide says: {applied.runtime.why}"
    # A carriage return at the end of a line is the file's; elsewhere it is shown.
    found = hunks(change.before, change.after).replace("\r\n", "\n")
    for line in found.removesuffix("\n").split("\n"):
        colour = _COLOURS.get(line[:1])
        shown = display.lines(line, keep="\t")
        yield style(shown, colour) if colour else shown

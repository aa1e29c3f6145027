"""What the page is told, as JSON: short keys, since a page may be about thousands of files.

``files`` has an object for each file: ``p`` its path, ``o`` its owners, ``l`` the language of its
lines, ``t`` its items and ``h`` the hunks of its diff.  An item is ``k`` its kind, ``c`` the code,
``m`` the message, ``r`` a reason, ``n`` line and column, ``q`` the cell, ``s`` labels and texts,
``v`` a level that fails no run, ``b`` the line that blocks, ``x`` an excerpt, ``y`` one of what
blocks if that is elsewhere.  A hunk, and an excerpt, is the first line before, the first line
behind, the quotes of the texts that are open there, and the lines with their signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codemods.model.outcome import Changed, Linted, Refused, Skipped
from codemods.report import display
from codemods.report.diagnostics import Kind, of_file, source_lines
from codemods.report.html.hunks import Quotes, excerpt, hunks
from codemods.report.text import summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.model.source import Span
    from codemods.report.around import Around
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.html.hunks import Piece

#: The endings of files whose lines are coloured as Python.
_PYTHON = (".py", ".pyi", ".pyw")
#: What blocks is shown together with the place if it is not more lines away.
_NEAR = 10


def data_of(report: RunReport, around: Around) -> dict[str, Any]:
    """Return all that the page shows of *report*."""
    shown = [_file(o, around, written=report.written) for o in report.outcomes]
    told = [one for one in shown if one["t"]]
    codes = sorted({item["c"] for file in told for item in file["t"] if item["c"]})
    pages = {code: page for code in codes if (page := around.page(code)) is not None}
    return {
        "version": around.version,
        "written": report.written,
        "scanned": report.scanned,
        "linted": _is_of(report, Linted),
        "migrated": _is_of(report, Changed, Refused),
        "summary": display.line(summary(report)),
        "warnings": [display.line(warning) for warning in report.warnings],
        "runtimes": [display.line(used.why) for used in report.runtimes if used.is_assumed],
        "rules": {code: [page.name, page.summary] for code, page in pages.items()},
        "files": told,
    }


def _is_of(report: RunReport, *kinds: type) -> bool:
    return any(isinstance(outcome, kinds) for outcome in report.outcomes)


def _file(outcome: FileOutcome, around: Around, *, written: bool) -> dict[str, Any]:
    path = display.line(outcome.path)
    is_known = isinstance(outcome, Changed) and bool(outcome.source.content)
    excerpts = _Excerpts(around)
    told = of_file(outcome, written=written)
    items = [_item(one, excerpts, in_diff=is_known) for one in told]
    if isinstance(outcome, Skipped):
        items.append({"k": "skipped", "c": "", "m": f"skipped: {display.line(outcome.reason)}"})
    file: dict[str, Any] = {"p": path, "t": items}
    if owners := [display.line(owner) for owner in around.owners(outcome.path)]:
        file["o"] = owners
    if path.endswith(_PYTHON) or "." not in path.rpartition("/")[2]:
        file["l"] = "python"
    if isinstance(outcome, Changed) and is_known:
        file["h"] = hunks(outcome.before_text, outcome.after_text)
    return file


class _Excerpts:
    """The lines around places of one file, which is looked through once."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._quotes: dict[int, Quotes] = {}

    def of(self, diagnostic: Diagnostic, *spans: Span) -> Piece | None:
        """Return the lines around *spans* of *diagnostic*, None where they are not known."""
        lines = source_lines(diagnostic, self._around)
        if not lines:
            return None
        quotes = self._quotes.get(diagnostic.cell)
        if quotes is None:
            quotes = self._quotes[diagnostic.cell] = Quotes("\n".join(lines))
        return excerpt(lines, [(span.line, span.end_line) for span in spans], quotes)


def _item(diagnostic: Diagnostic, excerpts: _Excerpts, *, in_diff: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "k": _kind(diagnostic),
        "c": "" if diagnostic.kind is Kind.FAILURE else diagnostic.code,
        "m": diagnostic.message,
    }
    rest: Mapping[str, Any] = {
        "r": diagnostic.reason if diagnostic.kind is not Kind.REWRITE else "",
        "q": diagnostic.cell,
        "s": [list(pair) for pair in diagnostic.said],
    }
    item |= {key: value for key, value in rest.items() if value}
    if diagnostic.kind is Kind.FINDING and not diagnostic.fails:
        item["v"] = str(diagnostic.level)
    span = diagnostic.span
    if span is None:
        return item
    item["n"] = [span.line, span.column]
    spans = [span]
    block = diagnostic.blocking if diagnostic.blocking_cell == diagnostic.cell else None
    if block is not None:
        item["b"] = block.line
        if abs(block.line - span.line) <= _NEAR:
            spans.append(block)
        elif shown := excerpts.of(diagnostic, block):
            item["y"] = shown
    if diagnostic.kind is not Kind.REWRITE or not in_diff:
        if shown := excerpts.of(diagnostic, *spans):
            item["x"] = shown
    return item


def _kind(diagnostic: Diagnostic) -> str:
    """Return the outcome that the page filters by: a rewrite is told by how sure it is."""
    return diagnostic.reason if diagnostic.kind is Kind.REWRITE else str(diagnostic.kind)

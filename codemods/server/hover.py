"""What is shown of a finding that somebody points at: its rule, and why it needs a person."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lsprotocol.types import Hover, MarkupContent, MarkupKind

from codemods.findings.mending.retouching import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.finding import Finding
    from codemods.model.refusal import Refusal
    from codemods.server.analysis import Migration
    from codemods.server.texts.documents import Document


def refusal_of(finding: Finding, migration: Migration) -> Refusal | None:
    """Return why migrate leaves *finding* to a person, None if it does not."""
    place = place_of(finding)
    return next((one for one in migration.refusals if place_of(one.finding) == place), None)


def hover_of(document: Document, findings: Sequence[Finding], migration: Migration) -> Hover:
    """Return what is shown of *findings*, which are at one place."""
    parts = [_told(one, refusal_of(one, migration)) for one in findings]
    text = "\n\n---\n\n".join(parts)
    return Hover(MarkupContent(MarkupKind.Markdown, text), document.lines.range(findings[0].span))


def reason_of(refusal: Refusal) -> str:
    """Return why a person must look, and what there is to do, as two sentences."""
    blocking = f" (line {refusal.blocking.line})" if refusal.blocking is not None else ""
    return f"{refusal.reason}: {refusal.detail}{blocking}. To do: {refusal.advice}."


def _told(finding: Finding, refusal: Refusal | None) -> str:
    page = _page(finding.code)
    if refusal is None:
        return page
    return f"**Needs a person:** {_plain(reason_of(refusal))}\n\n{page}"


def _plain(text: str) -> str:
    """Return *text*, which may quote a program, as Markdown that says just this."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~!&" else c for c in text)


@cache
def _page(code: str) -> str:
    from codemods.findings.pages import page_of

    return page_of(code).markdown

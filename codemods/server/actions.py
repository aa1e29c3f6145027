"""What an editor offers to do about findings: the edits that the commands would make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol.types import CodeAction, CodeActionKind

from codemods.findings import needless
from codemods.findings.judging import ABOUT_COMMENTS
from codemods.findings.mending.retouching import place_of
from codemods.model.outcome import Changed
from codemods.model.source import Span
from codemods.server.texts.functions import around, is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lsprotocol.types import Diagnostic

    from codemods.findings.mending.retouching import Place
    from codemods.model.finding import Finding
    from codemods.model.outcome import FileOutcome
    from codemods.server.analysis import Asked, Migration
    from codemods.server.targets import Target

FIX_ALL = f"{CodeActionKind.SourceFixAll.value}.ai-usage"
KINDS = (CodeActionKind.QuickFix.value, FIX_ALL)
#: What the comment says that silences a finding: somebody should say it better.
REASON = "silenced in the editor"
_SITE, _FUNCTION, _FILE, _MEND, _SILENCE = "site", "function", "file", "mend", "silence"


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and how the editor was told of it."""

    finding: Finding
    diagnostic: Diagnostic


def offered(
    target: Target, told: Sequence[Told], migration: Migration, only: Sequence[str]
) -> Iterator[CodeAction]:
    """Yield what may be done about what is *told* at a place; their edits are asked for later.

    *migration* is what migrate makes of the whole file, *only* are the kinds that are asked for.
    """
    changes = isinstance(migration.outcome, Changed)
    if _is_asked(CodeActionKind.QuickFix.value, only):
        for one in told:
            yield from _of_finding(target, one, migration)
        left = {place_of(one.finding) for one in migration.refusals}
        diagnostics = [one.diagnostic for one in told if place_of(one.finding) not in left]
        if changes and diagnostics:
            title = f"Migrate all of this {'notebook' if target.number else 'file'}"
            yield _action(target, title, _FILE, None, CodeActionKind.QuickFix, diagnostics)
    if changes and _is_asked(FIX_ALL, only):
        title = "Migrate all that is proven to keep its meaning"
        yield _action(target, title, _FILE, None, FIX_ALL, [])


def _of_finding(target: Target, told: Told, migration: Migration) -> Iterator[CodeAction]:
    place, code = place_of(told.finding), told.finding.code
    diagnostics, fix = [told.diagnostic], CodeActionKind.QuickFix
    if place in migration.made:
        preferred = _action(target, "Migrate this place", _SITE, place, fix, diagnostics)
        preferred.is_preferred = True
        yield preferred
    elif _is_beside_one(target, place, migration):
        title = "Migrate this function"
        yield _action(target, title, _FUNCTION, place, fix, diagnostics)
    if code == needless.CODE:
        title = "Take away what is needless in this comment"
        yield _action(target, title, _MEND, place, fix, diagnostics)
    if code not in ABOUT_COMMENTS:
        title = f"Silence {code} here, by a comment"
        yield _action(target, title, _SILENCE, place, fix, diagnostics)


def _is_beside_one(target: Target, place: Place, migration: Migration) -> bool:
    """Whether *place* needs no person, and something else of the function around is rewritten."""
    lines = around(place[2], target.text.functions)
    if lines is None or any(place_of(one.finding) == place for one in migration.refusals):
        return False
    return any(cell == place[1] and is_inside(one, lines) for _, cell, one in migration.made)


def _is_asked(kind: str, only: Sequence[str]) -> bool:
    """Whether *kind* is among those of *only*, which name all kinds that begin with them."""
    return not only or any(kind == one or kind.startswith(f"{one}.") for one in only)


def _action(
    target: Target,
    title: str,
    what: str,
    place: Place | None,
    kind: CodeActionKind | str,
    diagnostics: list[Diagnostic],
) -> CodeAction:
    data: dict[str, Any] = {
        "uri": target.text.uri,
        "version": target.whole.version,
        "what": what,
    }
    if place is not None:
        code, cell, span = place
        ends = (span.line, span.column, span.end_line, span.end_column)
        data["place"] = [code, cell, *ends]
    return CodeAction(title, kind=kind, diagnostics=diagnostics or None, data=data)


def outcome_of(target: Target, asked: Asked, data: dict[str, Any]) -> FileOutcome:
    """Return what becomes of the whole of *target* by the action with *data*."""
    what = data["what"]
    if what == _FILE:
        return asked.migrated().outcome
    code, cell, *ends = data["place"]
    place = str(code), int(cell), Span(*map(int, ends))
    if what == _SITE:
        return asked.migrated_in_part(lambda finding: place_of(finding) == place)
    if what == _MEND:
        return asked.mended(place)
    if what == _FUNCTION:
        lines = around(place[2], target.text.functions) or (0, 0)
        return asked.migrated_in_part(
            lambda finding: target.has(finding) and is_inside(finding.span, lines)
        )
    return asked.silenced(place, REASON)


def resolved(target: Target, action: CodeAction, asked: Asked, *, versioned: bool) -> CodeAction:
    """Return *action* with its edit, without one where nothing becomes of it after all."""
    after = asked.after(outcome_of(target, asked, dict(action.data or {})))
    if after is not None:
        action.edit = target.edit(after, versioned=versioned)
    return action

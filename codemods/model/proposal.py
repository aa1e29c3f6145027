"""What a rule proposes, and what it answers about a site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.model.refusal import Refusal

if TYPE_CHECKING:
    from codemods.model.edit import Edit, Path
    from codemods.model.finding import Finding
    from codemods.model.source import Span


#: The form of a rewrite that makes no block: the name of a call becomes today's.
RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a rewrite takes for granted without evidence, and the place that makes it do so."""

    text: str
    place: Span


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rewrite of one site: applied as a whole or not at all.

    ``needs`` are the context managers (plain names) that the edits use, ``home``
    the module to import them from; ``form`` is own, adopt, keep, fold, pass or RENAME;
    ``confirm`` is what a person must confirm, of a rewrite that is not proven safe;
    proposals of one ``group`` are made in all their files or in none.  ``ways_out`` are the
    statements by which a tracker outlives its block, of which the person is told.
    """

    finding: Finding
    edits: tuple[Edit, ...]
    form: str
    why: str
    needs: tuple[str, ...] = ()
    home: str = ""
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    confirm: tuple[str, ...] = ()
    group: str = ""
    ways_out: tuple[Path, ...] = ()


Verdict = Proposal | Refusal

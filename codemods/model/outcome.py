"""What became of a file, and of a run."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from codemods.model.frozen import Frozen, replace

if TYPE_CHECKING:
    from codemods.model.finding import Finding, Silenced
    from codemods.model.refusal import Refusal
    from codemods.model.runtime import Evidence
    from codemods.model.source import SourceFile, Span


class Certainty(StrEnum):
    """How sure a rewrite is: proven, resting on an assumption, or for a person to confirm."""

    PROVEN = "proven"
    ASSUMED = "assumed"
    UNSAFE = "unsafe"


class Applied(Frozen):
    """A rewrite that was made: which site, in which form, and why it keeps the meaning.

    ``notes`` are the differences that the reader must know of (batch pricing,
    removed replay), ``assumptions`` what was taken for granted without evidence,
    ``runtime`` the runtime that the rewrite relies on, None where it relies on none,
    ``confirm`` what a person must confirm, where the rewrite is not proven safe.
    """

    finding: Finding
    form: str
    why: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    runtime: Evidence | None = None
    confirm: tuple[str, ...] = ()

    @property
    def certainty(self) -> Certainty:
        """How sure the rewrite is."""
        if self.confirm:
            return Certainty.UNSAFE
        assumed = self.assumptions or (self.runtime is not None and self.runtime.is_assumed)
        return Certainty.ASSUMED if assumed else Certainty.PROVEN


class Untouched(Frozen):
    """A file in which there was nothing to do."""

    path: str


class Changed(Frozen):
    """A file with at least one rewrite (and perhaps refusals beside it).

    ``groups`` are rewrites over several files that it takes part in: if one of
    these files cannot be written, none of them changes.
    """

    source: SourceFile
    after: bytes
    applied: tuple[Applied, ...]
    refusals: tuple[Refusal, ...] = ()
    groups: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """The file's display path."""
        return self.source.display

    @property
    def before_text(self) -> str:
        """The whole file as it was, of which ``source.text`` may be the code alone."""
        return self._decoded(self.source.content)

    @property
    def after_text(self) -> str:
        """The whole file as it becomes."""
        return self._decoded(self.after)

    def _decoded(self, content: bytes) -> str:
        """Return *content* as text, without its byte order mark."""
        body = content.removeprefix(b"\xef\xbb\xbf")
        return body.decode(self.source.encoding, "surrogateescape")


class Refused(Frozen):
    """A file whose every legacy site needs a person."""

    path: str
    refusals: tuple[Refusal, ...]


class Skipped(Frozen):
    """A file that holds code and was not looked at; ``reason`` says why."""

    path: str
    reason: str


class Failed(Frozen):
    """A file that could not be handled; the others went on.

    ``stage`` is read, parse, analyse, edit, validate or write, of a repository also clone,
    check out, migrate, commit or keep; ``advice`` says what to do.
    """

    path: str
    stage: str
    message: str
    advice: str


class Linted(Frozen):
    """A file's lint findings, and those that comments silence: few reports tell of these."""

    path: str
    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...] = ()


FileOutcome = Untouched | Changed | Refused | Skipped | Failed | Linted


Told = TypeVar("Told", Applied, "Refusal")


def in_line_order(outcome: FileOutcome) -> FileOutcome:
    """Return *outcome* with what it says of the file in the order of its places."""
    match outcome:
        case Changed():
            applied, refusals = _sorted(outcome.applied), _sorted(outcome.refusals)
            return replace(outcome, applied=applied, refusals=refusals)
        case Refused():
            return replace(outcome, refusals=_sorted(outcome.refusals))
        case _:
            return outcome


def _sorted(told: tuple[Told, ...]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=place_of))


def place_of(told: Applied | Refusal) -> tuple[int, Span]:
    """Return the key that puts what is *told* of a file in the order of its places."""
    return told.finding.cell, told.finding.span


class RunReport(Frozen):
    """All that a run did.

    ``outcomes`` holds every file that was more than untouched, ordered by path;
    ``scanned`` counts all files that were looked at, and ``written`` says
    whether changes were written to disk.  ``warnings`` are about the run, and no file.
    ``shard`` says which part of a run it is, as ``2/5``, "" for a whole one: then ``scanned``
    counts the files of that part.
    """

    outcomes: tuple[FileOutcome, ...]
    scanned: int
    written: bool
    warnings: tuple[str, ...] = ()
    shard: str = ""

    @property
    def runtimes(self) -> tuple[Evidence, ...]:
        """The runtimes that the rewrites rely on, with the evidence of each, in order."""
        changed = (outcome for outcome in self.outcomes if isinstance(outcome, Changed))
        used = {a.runtime for o in changed for a in o.applied if a.runtime is not None}
        return tuple(sorted(used, key=lambda one: (one.runtime, one.why)))

"""The records that the stages of the codemods hand to one another.

Everything here is frozen and picklable: a stage is a function from records to
records, whether it runs in this process or in a worker.  No syntax tree of any
kind is stored in a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file: lines and columns count from 1, columns in characters, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One Python file as it was read.

    ``path`` is absolute; ``display`` is how reports name it (relative to the
    folder where the run was started, with forward slashes).  ``text`` is the
    decoded content without the byte order mark and with its newlines as they
    are in the file; ``encode`` turns an edited text back into bytes.
    """

    path: Path
    display: str
    content: bytes
    text: str
    encoding: str
    bom: bool
    newline: str
    digest: str

    def encode(self, text: str) -> bytes:
        """Return *text* as bytes of this file: same encoding, same byte order mark.

        Raises UnicodeEncodeError if the encoding cannot hold a character.
        """
        mark = b"\xef\xbb\xbf" if self.bom else b""
        return mark + text.encode(self.encoding)


@dataclass(frozen=True, slots=True)
class Finding:
    """A legacy or doubtful place in a file; ``code`` is stable, e.g. ``AIU001``.

    In a notebook ``cell`` counts its code cells from 1, and the span is one within the cell.
    """

    code: str
    path: str
    span: Span
    message: str
    cell: int = 0


class Reason(StrEnum):
    """Why a site was left as it was.  Each value is explained in docs/semantics.md."""

    AMBIGUOUS_IMPORT = "ambiguous-import"
    ASSUMPTION = "assumption"
    CALLER_RELIES = "caller-relies"
    CANNOT_BE_EDITED = "cannot-be-edited"
    CARRIED_IDS = "carried-ids"
    CONDITIONAL_CONSTRUCT = "conditional-construct"
    CONDITIONAL_CONTEXT = "conditional-context"
    CROSSES_CELLS = "crosses-cells"
    DIRECTIVE = "directive"
    DOES_NOT_COMPILE = "does-not-compile"
    DOES_NOT_ROUND_TRIP = "does-not-round-trip"
    ENDS_THE_PROCESS = "ends-the-process"
    ESCAPES = "escapes"
    ESCAPES_LOOP = "escapes-loop"
    GIVEN_TWICE = "given-twice"
    INVALID_CALL = "invalid-call"
    LOOP_CARRIED_CONTEXT = "loop-carried-context"
    MANAGER = "manager"
    MAY_BE_NONE = "may-be-none"
    MIXED = "mixed"
    NAME_TAKEN = "name-taken"
    NO_CONTEXT_MODULE = "no-context-module"
    NO_WORK = "no-work"
    NOT_FIRST = "not-first"
    NOT_PROVEN = "not-proven"
    NOTEBOOK = "notebook"
    READS_STATE = "reads-state"
    READS_STORE = "reads-store"
    REBOUND = "rebound"
    SHARED_STATE = "shared-state"
    STICKY_BATCH_MODE = "sticky-batch-mode"
    TESTS_THE_TRACKER = "tests-the-tracker"
    TWO_TRACKERS = "two-trackers"
    UNKNOWN_FIELDS = "unknown-fields"
    UNKNOWN_RECEIVER = "unknown-receiver"
    VALUE_USED = "value-used"
    YIELDS_INSIDE = "yields-inside"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A legacy site that a person must look at.

    ``blocking`` is the place that causes the refusal (None where it is the site
    itself), ``detail`` says what is there, ``advice`` what to do about it.
    """

    finding: Finding
    reason: Reason
    detail: str
    advice: str
    blocking: Span | None = None


class Certainty(StrEnum):
    """How sure a rewrite is: proven, resting on an assumption, or for a person to confirm."""

    PROVEN = "proven"
    ASSUMED = "assumed"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Applied:
    """A rewrite that was made: which site, in which form, and why it keeps the meaning.

    ``notes`` are the differences that the reader must know of (batch pricing,
    removed replay), ``assumptions`` what was taken for granted without evidence,
    ``runtime`` the runtime that the rewrite relies on ("tracker" or "conservative"),
    ``confirm`` what a person must confirm, where the rewrite is not proven safe.
    """

    finding: Finding
    form: str
    why: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    runtime: str = ""
    confirm: tuple[str, ...] = ()

    @property
    def certainty(self) -> Certainty:
        """How sure the rewrite is."""
        if self.confirm:
            return Certainty.UNSAFE
        return Certainty.ASSUMED if self.assumptions else Certainty.PROVEN


@dataclass(frozen=True, slots=True)
class Untouched:
    """A file in which there was nothing to do."""

    path: str


@dataclass(frozen=True, slots=True)
class Changed:
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


@dataclass(frozen=True, slots=True)
class Refused:
    """A file whose every legacy site needs a person."""

    path: str
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was passed over on purpose; ``reason`` says why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be handled; the others went on.

    ``stage`` is read, parse, analyse, edit, validate or write; ``advice`` says what to do.
    """

    path: str
    stage: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Linted:
    """A file's lint findings."""

    path: str
    findings: tuple[Finding, ...]


FileOutcome = Untouched | Changed | Refused | Skipped | Failed | Linted


@dataclass(frozen=True, slots=True)
class RunReport:
    """All that a run did.

    ``outcomes`` holds every file that was more than untouched, ordered by path;
    ``scanned`` counts all files that were looked at; ``runtime`` names the runtimes
    that the rewrites rely on ("tracker", "conservative", or both) and ``written`` says
    whether changes were written to disk.  ``warnings`` are about the run, and no file.
    """

    outcomes: tuple[FileOutcome, ...]
    scanned: int
    runtime: str
    written: bool
    warnings: tuple[str, ...] = ()

"""Why a site was left as it was: codes, what a person should do about each, and the record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.model.finding import Finding
    from codemods.model.source import Span


class Reason(StrEnum):
    """Why a site was left as it was: its code, and what a person should do about it.

    Each is explained under its code in docs/semantics.md.
    """

    advice: str

    def __new__(cls, code: str, advice: str = "") -> Reason:
        """Make a reason that is its code."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.advice = advice
        return made

    AMBIGUOUS_IMPORT = (
        "ambiguous-import",
        "import the class in one place, without a fallback, and run again",
    )
    ASSUMPTION = "assumption", "check what is assumed, then run without --strict"
    CALLER_RELIES = "caller-relies", "open the context in the caller and pass its tracker on"
    CANNOT_BE_EDITED = "cannot-be-edited", "write that statement in a plainer way, then run again"
    CARRIED_IDS = "carried-ids", "name every id in each call, then run again"
    CONDITIONAL_CONSTRUCT = (
        "conditional-construct",
        "build the tracker in any case, or open a context in each branch",
    )
    CONDITIONAL_CONTEXT = (
        "conditional-context",
        "work out the ids first, then open one context around all uses",
    )
    CROSSES_CELLS = "crosses-cells", "open a context in each cell"
    DECLINED = "declined", "run again with --interactive, and say yes if it is to be rewritten"
    DIRECTIVE = "directive", "take the comment off that line, then run again"
    DOES_NOT_COMPILE = "does-not-compile", "simplify the nesting around this place, then run again"
    DOES_NOT_ROUND_TRIP = (
        "does-not-round-trip",
        "remove the form feed, carriage return, or blank before its colon",
    )
    ENDS_THE_PROCESS = (
        "ends-the-process",
        "end with sys.exit(), or let the tracker's work end before this place",
    )
    ESCAPES = "escapes", "open the context where the tracker is last used, and pass it in"
    ESCAPES_LOOP = (
        "escapes-loop",
        "use the tracker inside the loop only, or build it before the loop",
    )
    GIVEN_TWICE = "given-twice", "keep one of the two values"
    INVALID_CALL = "invalid-call", "correct the call: it raises TypeError today"
    LOOP_CARRIED_CONTEXT = (
        "loop-carried-context",
        "set the ids at the top of the loop body, before every use",
    )
    MANAGER = (
        "manager",
        "open the context by hand, with tracker= and the field that has the tracker",
    )
    MAY_BE_NONE = "may-be-none", "make sure that the value is never None"
    MIXED = "mixed", "move the remaining ids into the context's own arguments"
    NAME_TAKEN = (
        "name-taken",
        "rename the other definition, or import the context under another name",
    )
    NEVER_ENDS = (
        "never-ends",
        "open the context inside the loop, so that each round stores its calls",
    )
    NO_CONTEXT_MODULE = (
        "no-context-module",
        "add it, or name the right module in [tool.ai-usage] modules",
    )
    NO_WAY_BACK = "no-way-back", "keep the block, or write the legacy calls by hand"
    NO_WORK = "no-work", "delete the tracker, or use it"
    NOT_FIRST = "not-first", "open a context of its own from this point on"
    NOT_PROVEN = (
        "not-proven",
        "migrate this place by hand, and report it: no rule should have proposed it",
    )
    NOT_WHOLE = "not-whole", "write the example so that it is Python by itself, then run again"
    NOTEBOOK = "notebook", "open a context in the cell by hand, above or below the magic"
    READS_STATE = "reads-state", "read the ids from your own variables instead of from the tracker"
    READS_STORE = (
        "reads-store",
        "look behind the last use of the tracker, or call flush_metrics() before",
    )
    REBOUND = "rebound", "give each tracker a variable of its own"
    SHARED_STATE = "shared-state", "open a context in each function that uses the tracker"
    SHOWS_VALUE = "shows-value", "give the value a name, and show that in the last line of the cell"
    STICKY_BATCH_MODE = "sticky-batch-mode", "use a tracker of its own for the batch"
    TESTS_THE_TRACKER = "tests-the-tracker", "rewrite the test for the context manager by hand"
    TWO_TRACKERS = (
        "two-trackers",
        "put one tracker's block behind the other's, or name every id in each",
    )
    UNKNOWN_FIELDS = (
        "unknown-fields",
        "name the ids as keywords: job_id=, batch_id=, github_pr=, user_id=",
    )
    UNKNOWN_RECEIVER = (
        "unknown-receiver",
        "annotate the object as a tracker, or run with --unsafe if it is one",
    )
    VALUE_USED = "value-used", "make the call a statement of its own"
    YIELDS_INSIDE = (
        "yields-inside",
        "collect the results inside the context and yield them after it",
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A legacy site that a person must look at.

    ``blocking`` is the place that causes the refusal (None where it is the site
    itself), ``detail`` says what is there, ``advice`` what to do about it.
    In a notebook ``blocking_cell`` counts the code cell of the place from 1.
    """

    finding: Finding
    reason: Reason
    detail: str
    advice: str
    blocking: Span | None = None
    blocking_cell: int = 0

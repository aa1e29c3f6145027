"""Why a site was left as it was: codes, what a person should do about each, and the record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.model.finding import Finding
    from codemods.model.source import Span


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


ADVICE: dict[Reason, str] = {
    Reason.AMBIGUOUS_IMPORT: "import the class in one place, without a fallback, and run again",
    Reason.ASSUMPTION: "check what is assumed, then run without --strict",
    Reason.CALLER_RELIES: "open the context in the caller and pass its tracker on",
    Reason.CANNOT_BE_EDITED: "write that statement in a plainer way, then run again",
    Reason.CARRIED_IDS: "name every id in each call, then run again",
    Reason.CONDITIONAL_CONSTRUCT: "build the tracker in any case, or open a context in each branch",
    Reason.CONDITIONAL_CONTEXT: "work out the ids first, then open one context around all uses",
    Reason.CROSSES_CELLS: "open a context in each cell",
    Reason.DIRECTIVE: "take the comment off that line, then run again",
    Reason.DOES_NOT_COMPILE: "simplify the nesting around this place, then run again",
    Reason.DOES_NOT_ROUND_TRIP: "remove the form feed, carriage return, or blank before its colon",
    Reason.ENDS_THE_PROCESS: "end with sys.exit(), or let the tracker's work end before this place",
    Reason.ESCAPES: "open the context where the tracker is last used, and pass it in",
    Reason.ESCAPES_LOOP: "use the tracker inside the loop only, or build it before the loop",
    Reason.GIVEN_TWICE: "keep one of the two values",
    Reason.INVALID_CALL: "correct the call: it raises TypeError today",
    Reason.LOOP_CARRIED_CONTEXT: "set the ids at the top of the loop body, before every use",
    Reason.MANAGER: "open the context by hand, with tracker= and the field that has the tracker",
    Reason.MAY_BE_NONE: "make sure that the value is never None",
    Reason.MIXED: "move the remaining ids into the context's own arguments",
    Reason.NAME_TAKEN: "rename the other definition, or import the context under another name",
    Reason.NO_CONTEXT_MODULE: "add it, or name the right module in [tool.ai-usage] modules",
    Reason.NO_WORK: "delete the tracker, or use it",
    Reason.NOT_FIRST: "open a context of its own from this point on",
    Reason.NOT_PROVEN: "migrate this place by hand, and report it: no rule should have proposed it",
    Reason.NOTEBOOK: "open a context in the cell by hand; lint shows what is left",
    Reason.READS_STATE: "read the ids from your own variables instead of from the tracker",
    Reason.READS_STORE: "look behind the last use of the tracker, or call flush_metrics() before",
    Reason.REBOUND: "give each tracker a variable of its own",
    Reason.SHARED_STATE: "open a context in each function that uses the tracker",
    Reason.STICKY_BATCH_MODE: "use a tracker of its own for the batch",
    Reason.TESTS_THE_TRACKER: "rewrite the test for the context manager by hand",
    Reason.TWO_TRACKERS: "put one tracker's block behind the other's, or name every id in each",
    Reason.UNKNOWN_FIELDS: "name the ids as keywords: job_id=, batch_id=, github_pr=, user_id=",
    Reason.UNKNOWN_RECEIVER: "annotate the object as a tracker, or open a context by hand",
    Reason.VALUE_USED: "make the call a statement of its own",
    Reason.YIELDS_INSIDE: "collect the results inside the context and yield them after it",
}


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

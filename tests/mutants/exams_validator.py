"""Mutants of the validator: checks left out; each exam is a wrong result that must be named."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from harness import dedent, migrate

from codemods.model.refusal import Reason
from codemods.validator.encoding import spelling
from codemods.validator.validate import difference
from tests.oracle.provocations import PROGRAMS

from .exams_decisions import CONTEXT, IMPORT, site
from .mutant import examined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = IMPORT + dedent(site("scan_receipt", "  # the job")) + "\n\nTOTAL = 0\n"


def objects_to(folder: Path, spoil: Callable[[str], str], before: str = SITE) -> None:
    """Assert that the rewrite of *before* is proven, and is no longer when it is spoilt."""
    outcome = migrate(folder, before)
    assert outcome.changed, outcome.refusals
    assert difference(before, outcome.text) is None
    after = spoil(outcome.text)
    assert after != outcome.text
    assert difference(before, after) is not None, after


STEPS = """\
from receipt_label.utils.ai_usage_context import ai_usage_context


def read_lines(text, ask):
    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
        return ask(text, tracker)
"""
SHARED = STEPS.replace("ask):", "ask, *, tracker=None):").replace(
    'job_id="lines-1")', 'job_id="lines-1", tracker=tracker)'
)


def nothing(*_given: Any, **_named: Any) -> None:
    """Object to nothing."""


LOOP = (
    IMPORT
    + """\
def scan(client, jobs):
    tracker = AIUsageTracker()
    for job in jobs:
        client.begin()
        tracker.set_tracking_context(job_id=job)
        tracker.track_openai_completion(client.ask)()
"""
)


def a_use_in_the_next_round_is_named(folder: Path) -> None:
    """The ids of a round would have lasted there: a block in the loop ends them too early."""
    objects = {
        "client.begin()": False,
        "tracker.track_openai_completion(client.begin)()": True,
    }
    wrapped = LOOP.replace(
        "        tracker.set_tracking_context(job_id=job)\n        ",
        '        with ai_usage_context("scan", tracker=tracker, job_id=job):\n            ',
    ).replace("\n\n\n", f"\n{CONTEXT}", 1)
    for first, expected in objects.items():
        before, after = (text.replace("client.begin()", first) for text in (LOOP, wrapped))
        assert (difference(before, after) is not None) is expected, after


@examined("validator.validate:_no_use_elsewhere", a_use_in_the_next_round_is_named)
def uses_outside_unchecked(real: Any) -> Any:
    """A tracker may be used outside of its block."""
    return nothing


def a_tracker_that_outlives_its_block_is_named(folder: Path) -> None:
    """A result in which the block gives its tracker away is none that is proven."""
    before = SITE.replace("    return tracker.track_openai_completion(client.ask)()", "{}")
    kept = before.format("    tracker.track_openai_completion(client.ask)()\n    return tracker")
    whole = migrate(folder, SITE).text
    head, _, last = whole.partition("        return tracker.track_openai_completion(client.ask)()")
    wrong = "        tracker.track_openai_completion(client.ask)()\n        return tracker"
    assert difference(kept, head + wrong + last) is not None


@examined("validator.validate:_nothing_escapes", a_tracker_that_outlives_its_block_is_named)
def kept_trackers_unchecked(real: Any) -> Any:
    """A block may give its tracker away."""
    return nothing


def a_way_out_that_nobody_was_asked_about_is_named(folder: Path) -> None:
    """With --unsafe too, and of a tracker that is there before its block; what was asked may be."""
    work = "    tracker.track_openai_completion(client.ask)()\n"
    leaving = "return tracker"
    whole = SITE.replace("    return tracker.track_openai_completion(client.ask)()", "{}")
    before = whole.format(f"{work}    {leaving}")
    outcome = migrate(folder, before, unsafe=True)
    assert outcome.changed, outcome.refusals
    assert difference(before, outcome.text, unsafe=True, asked={leaving}) is None
    assert difference(before, outcome.text, unsafe=True) is not None


@examined("validator.validate:_nothing_escapes", a_way_out_that_nobody_was_asked_about_is_named)
def adopted_trackers_may_get_out(real: Any) -> Any:
    """With --unsafe, a tracker that is there before its block may get out of it."""

    def wrong(parents: Any, block: Any, name: str, asked: Any, *, yields: bool) -> None:
        if block.items[0].optional_vars is not None:
            real(parents, block, name, asked, yields=yields)

    return wrong


def a_lost_comment_is_named(folder: Path) -> None:
    """And one that is made up."""
    objects_to(folder, lambda text: text.replace("  # the job", ""))
    objects_to(folder, lambda text: text + "# done\n")


@examined("validator.comments:same_comments", a_lost_comment_is_named)
def comments_unchecked(real: Any) -> Any:
    """Comments may come and go."""
    return nothing


def a_lost_import_is_named(folder: Path) -> None:
    """The context manager that the block needs is imported."""

    def spoil(text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if "import ai_usage_context" not in line)

    objects_to(folder, spoil)


@examined("validator.validate:_newly_unbound", a_lost_import_is_named)
def imports_unchecked(real: Any) -> Any:
    """A name of the API may lose its import."""
    return nothing


def a_name_that_means_something_else_is_named(folder: Path) -> None:
    """The function has a parameter of the context manager's name: the import is not seen there."""
    before = SITE.replace("(client, job)", "(client, job, ai_usage_context=None)")
    after = migrate(folder, SITE).text.replace(
        "(client, job)", "(client, job, ai_usage_context=None)"
    )
    assert difference(before, after) is not None
    assert migrate(folder, before).text != after


@examined("validator.validate:_newly_taken", a_name_that_means_something_else_is_named)
def taken_names_unchecked(real: Any) -> Any:
    """A context manager may be imported under a name that is taken where it is used."""
    return nothing


def a_changed_signature_is_named(folder: Path) -> None:
    """Callers cannot see it, and only --unsafe may add a parameter, with a default."""
    assert difference(STEPS, SHARED, unsafe=True) is None
    assert difference(STEPS, SHARED) is not None


@examined("validator.validate:same_signatures", a_changed_signature_is_named)
def signatures_unchecked(real: Any) -> Any:
    """A function may gain a parameter."""
    return nothing


def other_spelling_is_named(folder: Path) -> None:
    """A lost mark, other newlines, a character that was not there, bytes that do not decode."""
    marked = b"\xef\xbb\xbfx = 1\r\n"
    assert spelling(marked, marked) is None
    for after in (
        marked[3:],
        marked.replace(b"\r", b""),
        marked + "é\r\n".encode(),
        marked + b"\xff",
    ):
        assert spelling(marked, after) is not None


@examined("validator.encoding:_read", other_spelling_is_named)
def undecodable_bytes_unchecked(real: Any) -> Any:
    """Bytes that cannot be decoded are passed over."""
    return lambda content: content.decode("utf-8", "ignore")


def a_result_that_does_not_compile_is_refused(folder: Path) -> None:
    """One block more than the interpreter takes: the site is left, and the reason is told."""
    program, flags = PROGRAMS[Reason.DOES_NOT_COMPILE]
    outcome = migrate(folder, program, **flags)
    assert Reason.DOES_NOT_COMPILE in outcome.reasons


@examined("validator.validate:compiles", a_result_that_does_not_compile_is_refused)
def anything_compiles(real: Any) -> Any:
    """Whether a result compiles is not asked."""
    return lambda before, after: True


def older_names_are_read(folder: Path) -> None:
    """Of another object, or with more than ids, the name of a method is what it was."""
    before = IMPORT + "def begin(tracker, job):\n    tracker.set_context(job_id=job)\n"
    assert difference(before, before.replace("set_context", "set_tracking_context")) is not None
    built = IMPORT + "tracker = AIUsageTracker()\ntracker.set_context(job_id=1, stage=2)\n"
    assert difference(built, built.replace("set_context", "set_tracking_context")) is not None


@examined("validator.matching:set_on_trackers", older_names_are_read)
def every_receiver_takes_either_name(real: Any) -> Any:
    """Whose method is called by the older name is not asked."""
    return lambda module, names, **options: frozenset(
        node for node in ast.walk(module) if isinstance(node, ast.Call)
    )


def classes_in_sight_may_be_one_object_s(folder: Path) -> None:
    """What one class binds is another one's field in an object of both, made anywhere."""
    other = "class Page:\n    tracker = None\n"
    before = f"{IMPORT}{other}class Reader:\n    def begin(self, job):\n"
    before += (
        "        self.tracker = AIUsageTracker()\n        self.tracker.set_context(job_id=job)\n"
    )
    after = before.replace("set_context", "set_tracking_context")
    both = "Both = type('Both', (Page, Reader), {})\n"
    assert difference(before, after) is None
    assert difference(before + both, after + both) is not None


@examined("validator.matching:set_on_trackers", classes_in_sight_may_be_one_object_s)
def part_of_a_file_is_the_whole(real: Any) -> Any:
    """What statements that were left out derive from a class is not asked."""
    return lambda module, names, *, whole: real(module, names, whole=True)


@examined("validator.matching:is_respelled", older_names_are_read)
def any_call_may_be_respelled(real: Any) -> Any:
    """What a call by the older name is given is not asked."""
    return lambda before, after: True


def branches_are_evaluated_as_they_are(folder: Path) -> None:
    """A test that does something is not asked where its branch was not taken."""
    sets = "        tracker.set_tracking_context(job_id=1 if ready() else None)\n"
    built = f"{IMPORT}def scan(ask, new):\n    tracker = AIUsageTracker()\n"
    before = f"{built}    if new:\n{sets}    return ask(tracker)\n"
    block = (
        "    with ai_usage_context('scan', job_id={}) as tracker:\n        return ask(tracker)\n"
    )
    after = f"{CONTEXT}def scan(ask, new):\n{block}"
    assert difference(before, after.format("(1 if ready() else None) if new else None")) is None
    swapped = after.format("(1 if new else None) if ready() else None")
    assert difference(before, swapped) is not None


@examined("validator.given_ids.choices:_Run.evaluates_as", branches_are_evaluated_as_they_are)
def branches_evaluate_anything(real: Any) -> Any:
    """What the tests and values of branches do is not compared with what a header does."""
    return lambda run, before: True


def what_leaves_a_try_is_plain(folder: Path) -> None:
    """With --unsafe, too: what raises outside of it is not caught."""
    body = "    try:\n        tracker.set_tracking_context(job_id=number())\n{}"
    later = "        tracker.set_tracking_context(job_id=2)\n"
    rest = "        return ask(tracker)\n    except ValueError:\n        return ''\n"
    built = f"{IMPORT}def scan(ask):\n    tracker = AIUsageTracker()\n"
    inner = rest.replace("    ", "        ", 1).replace("\n    ", "\n        ")
    block = f"    with ai_usage_context('scan', job_id={{}}) as tracker:\n        try:\n    {inner}"
    after = f"{CONTEXT}def scan(ask):\n{block}"
    both = f"{built}{body.format(later)}{rest}"
    assert difference(both, after.format("2"), unsafe=True) is None
    one = f"{built}{body.format('')}{rest}"
    assert difference(one, after.format("number()"), unsafe=True) is not None


@examined("validator.ids:_replaced_in", what_leaves_a_try_is_plain)
def any_value_leaves_a_try(real: Any) -> Any:
    """With --unsafe, what is set in a try may be evaluated before it."""
    return lambda body, name, header: {key for key, _ in header.fields}

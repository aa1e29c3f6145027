"""Mutants of decisions that show in a file's text or in its notes, and the exams for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import dedent, lint, migrate, migrate_project
from rows import MODULE, fixtures

from codemods.model.options import ProjectConfig
from codemods.model.refusal import Reason
from codemods.rules.planning import newly_captured

from .mutant import examined, mutant

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n\n\n"
CONTEXT = "from receipt_label.utils.ai_usage_context import ai_usage_context\n\n\n"


def made(folder: Path, text: str, **flags: Any) -> str:
    """Return what becomes of the functions in *text*, which need the legacy class."""
    outcome = migrate(folder, IMPORT + dedent(text), **flags)
    assert outcome.failed is None, outcome.failed
    assert outcome.changed, outcome.refusals
    return outcome.text


# -- who uses the tracker besides the block ---------------------------------------------


def an_exit_that_uses_the_tracker_is_in_the_block(folder: Path) -> None:
    """A manager that was given the tracker may record when it is left, under the block's ids."""
    text = """
        def work(client, recording, job):
            tracker = AIUsageTracker()
            with recording(tracker):
                tracker.set_tracking_context(job_id=job)
                tracker.track_openai_completion(client.ask)()
        """
    outcome = migrate(folder, IMPORT + dedent(text))
    block, manager = (outcome.text.find(f"with {one}") for one in ("ai_usage", "recording"))
    assert block < manager
    assert "set_tracking_context(job_id=job)" in outcome.text[manager:]


@examined("rules.planning.branches:_exits_refusal", an_exit_that_uses_the_tracker_is_in_the_block)
def exits_overlooked(real: Any) -> Any:
    """A manager around the set call does not use the tracker when it is left."""
    return lambda semantic, finding, lifetime, flow: None


PATCHED = {
    "receipts.py": IMPORT
    + dedent(
        """
        def scan(client, job):
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id=job)
            return tracker.track_openai_completion(client.ask)()
        """
    ),
    "test_receipts.py": dedent(
        """
        from unittest.mock import patch
        from receipts import scan

        @patch("receipts.AIUsageTracker.set_tracking_context")
        def test_scan(asked, client):
            scan(client, "j")
            asked.assert_called_once_with(job_id="j")
        """
    ),
}


def a_test_that_waits_for_the_call_keeps_it(folder: Path) -> None:
    """Where a test replaces the set call by its path, the site is refused."""
    outcome = migrate_project(folder, PATCHED)["receipts.py"]
    assert outcome.reasons == [Reason.TESTS_THE_TRACKER]


@examined("rules.engine:_takes_a_call_away", a_test_that_waits_for_the_call_keeps_it)
def replaced_calls_overlooked(real: Any) -> Any:
    """No rewrite takes a call away that a test waits for."""
    return lambda proposal: False


# -- batches ------------------------------------------------------------------------------


def batch(between: str) -> str:
    """Return a function that sends a batch, with *between* in front of the loop."""
    return f"""
        def send(client, receipts: list):
            tracker = AIUsageTracker()
            tracker.set_tracking_context(batch_id="b")
            {between}
            for receipt in receipts:
                tracker.track_openai_completion(lambda: client.ask(receipt))()
        """


def items_that_change_are_not_counted(folder: Path) -> None:
    """Between the block's start and its loop the items may grow: their number is left out."""
    assert "item_count=len(receipts)" in made(folder, batch("client.note('begin')"))
    text = made(folder, batch("receipts.append(client.last())"))
    assert "batch_ai_usage_context(" in text
    assert "item_count" not in text


@examined("rules.planning.headers:_touched", items_that_change_are_not_counted)
def changed_items_counted(real: Any) -> Any:
    """Nothing touches the items of a batch in front of its loop."""
    return lambda name, statements: False


def batch_prices_can_be_declined(folder: Path) -> None:
    """With batch pricing off the block is a plain one, at the full price."""
    text = made(folder, batch("pass"), config=ProjectConfig(batch_pricing=False))
    assert "batch_ai_usage_context" not in text
    assert 'batch_id="b"' in text


@examined("runner.run:_terms", batch_prices_can_be_declined)
def batch_prices_always(real: Any) -> Any:
    """What the configuration says of batch prices is not heard."""
    from dataclasses import replace

    def wrong(options: Any, config: Any) -> Any:
        return real(options, replace(config, batch_pricing=True))

    return wrong


# -- names of operations --------------------------------------------------------------------

SITE = """
def {name}(client, job):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=job){comment}
    return tracker.track_openai_completion(client.ask)()
"""


def site(name: str, comment: str = "") -> str:
    """Return a function of that name with one site."""
    return SITE.format(name=name, comment=comment)


def a_comment_names_the_operation(folder: Path) -> None:
    """Above the site or behind it, before what the function's name gives."""
    text = made(folder, site("scan_receipt", "  # ai-usage: operation=night_scan"))
    assert '"night_scan",' in text


@examined("rules.planning.operation_types:override", a_comment_names_the_operation)
def comments_name_nothing(real: Any) -> Any:
    """A comment that names the operation is not read."""
    return lambda lines, first, last: None


def operations_are_configured_by_module(folder: Path) -> None:
    """A key with the module counts for that module, and before the function's alone."""
    operations = {"receipts:scan_receipt": "paper_scan", "scan_receipt": "any_scan"}
    text = made(folder, site("scan_receipt"), config=ProjectConfig(operations=operations))
    assert '"paper_scan"' in text


@examined("rules.planning.operation_types:configured", operations_are_configured_by_module)
def modules_not_configured(real: Any) -> Any:
    """Configured operations are looked up by the function's name only."""
    return lambda operations, module, function: operations.get(function or module)


def two_blocks_have_two_names(folder: Path) -> None:
    """Where both functions would give one name, the second gets a number."""
    text = made(folder, site("scan_receipt") + "\n\nclass A:\n    pass\n" + site("scanReceipt"))
    assert text.count('ai_usage_context("scan_receipt"') == 1
    assert text.count("ai_usage_context(") == 2


@examined("rules.planning.operation_types:unique", two_blocks_have_two_names)
def names_may_repeat(real: Any) -> Any:
    """A name that is taken is given again."""
    return lambda names, taken: names[0]


def a_generic_verb_names_nothing(folder: Path) -> None:
    """``process`` says nothing: the module's name is better."""
    text = made(folder, site("process"))
    assert 'ai_usage_context("process"' not in text
    assert "receipts" in text.partition("ai_usage_context(")[2]


@examined("rules.planning.operation_types:descriptive", a_generic_verb_names_nothing)
def generic_names_allowed(real: Any) -> Any:
    """Every name says enough."""
    from codemods.rules.planning.operation_types import snake

    return lambda name: snake(name) or None


def names_have_no_numbers(folder: Path) -> None:
    """A number in a function's name is no part of the operation: there would be ever more."""
    assert 'ai_usage_context("scan_receipt"' in made(folder, site("scan_receipt_20261128"))


@examined("rules.planning.operation_types:snake", names_have_no_numbers)
def numbers_in_names(real: Any) -> Any:
    """Names keep their numbers."""
    return lambda name: name.lower()


# -- notes ------------------------------------------------------------------------------------

BARE = """
    def scan(client, job):
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id=job)
        client.chat.completions.create(model="m", messages=[])
        return tracker.track_openai_completion(client.ask)()
    """


def calls_that_are_recorded_from_now_on_are_noted(folder: Path) -> None:
    """Of a bare client inside the block, and of none where another runtime captures nothing."""
    (applied,) = migrate(folder, IMPORT + dedent(BARE)).applied
    assert newly_captured.NOTE in applied.notes
    for applied in migrate(folder, IMPORT + dedent(BARE), runtime="conservative").applied:
        assert newly_captured.NOTE not in applied.notes


@examined(
    "rules.planning.newly_captured:bare_call_notes", calls_that_are_recorded_from_now_on_are_noted
)
def new_calls_not_noted(real: Any) -> Any:
    """Nothing is said of calls that are recorded for the first time."""
    return lambda semantic, statements, *, ours: ()


@examined("rules.planning.newly_captured:is_bare", calls_that_are_recorded_from_now_on_are_noted)
def every_call_recorded_before(real: Any) -> Any:
    """Every call of a client is taken for one that was recorded before."""
    return lambda home, call: False


# -- rounds -----------------------------------------------------------------------------------


HANDED_ON = """
    def read_lines(client, text, tracker=None):
        lines = client.read(text)
        if tracker is not None:
            tracker.track_openai_completion(lambda: lines)()
        return lines


    def read_receipt(client, job):
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id=job)
        lines = read_lines(client, "receipt")
        return tracker.track_openai_completion(client.sum)(lines)
    """


def what_a_block_makes_possible_is_done_in_the_same_run(folder: Path) -> None:
    """A tracker is passed on inside the new block too; a second run finds nothing left."""
    text = made(folder, HANDED_ON)
    assert "with ai_usage_context(" in text
    assert 'read_lines(client, "receipt", tracker=tracker)' in text
    assert not migrate(folder, text).changed


@examined("runner.one_file:migrate_file", what_a_block_makes_possible_is_done_in_the_same_run)
def one_round_only(real: Any) -> Any:
    """The rules are not asked again about what they made."""
    from codemods.model.outcome import Untouched
    from codemods.runner import one_file

    def wrong(project: Any, source: Any) -> Any:
        if project.defines_the_api(source):
            return Untouched(source.display)
        return one_file._one_round(project, source)

    return wrong


@mutant("project.sources:_dominant_newline", "bytes")
def newlines_unseen(real: Any) -> Any:
    """Every file is taken for one whose lines end with LF."""
    return lambda text: "\n"


# -- lint ---------------------------------------------------------------------------------------

LEGACY = IMPORT + dedent(site("scan_receipt"))


def legacy_code_is_found_in_all_its_parts(folder: Path) -> None:
    """The construction, the set call, and the import that only these need."""
    assert sorted(lint(folder, LEGACY)) == ["AIU001", "AIU002", "AIU003"]


@examined("rules.lint.legacy_import:find", legacy_code_is_found_in_all_its_parts)
def imports_not_linted(real: Any) -> Any:
    """An import that only legacy code needs is no finding."""
    return lambda semantic, told: ()


@examined("rules.lint.set_by_hand:_is_legacy", legacy_code_is_found_in_all_its_parts)
def set_calls_not_linted(real: Any) -> Any:
    """A set call on a tracker that is rewritten is no finding of its own."""
    return lambda semantic, site: False


def a_context_that_says_nothing_is_found(folder: Path) -> None:
    """Its operation type is a generic verb."""
    text = 'def work(client):\n    with ai_usage_context("process", job_id=1) as t:\n'
    text += "        client.ask(t)\n"
    assert "AIU009" in lint(folder, CONTEXT + text)
    assert lint(folder, CONTEXT + text.replace('"process"', '"receipt_scan"')) == []


@examined("rules.lint.generic_operation:find", a_context_that_says_nothing_is_found)
def any_operation_will_do(real: Any) -> Any:
    """Headers of contexts are not looked at."""
    return lambda semantic, told: iter(())


def a_tracker_behind_its_block_is_found(folder: Path) -> None:
    """A call that is made with it books late."""
    text = 'def work(ask):\n    with ai_usage_context("receipt_scan", job_id=1) as t:\n'
    text += "        ask(t)\n"
    assert lint(folder, CONTEXT + text) == []
    assert lint(folder, f"{CONTEXT}{text}    ask(t)\n") == ["AIU008"]


@examined("rules.lint.behind_its_block:_behind", a_tracker_behind_its_block_is_found)
def uses_behind_blocks_unseen(real: Any) -> Any:
    """A tracker may be used behind its block."""
    return lambda semantic, statement, target: iter(())


NESTED = """
def work(ask):
    with ai_usage_context("receipt_scan") as outer:
        with ai_usage_context("line_scan"{given}) as inner:
            ask(outer, inner)
"""


def a_nested_context_without_its_tracker_is_found(folder: Path) -> None:
    """With ``tracker=`` it is as it ought to be."""
    assert "AIU007" in lint(folder, CONTEXT + NESTED.format(given=""))
    assert "AIU007" not in lint(folder, CONTEXT + NESTED.format(given=", tracker=outer"))


@examined("rules.checks.nested_contexts:nested", a_nested_context_without_its_tracker_is_found)
def nesting_unseen(real: Any) -> Any:
    """Contexts inside contexts are not looked at."""
    return lambda semantic: iter(())


def an_inner_block_keeps_its_tracker_beside_the_outer_one(folder: Path) -> None:
    """By another name, the outer tracker is worked with beside the inner one."""
    (fixture,) = (
        one for one in fixtures() if one.name == "M3_outer_tracker_by_another_name_on_request"
    )
    told = migrate_project(folder, fixture.files, runtime="tracker", unsafe=True)
    assert not told[MODULE].applied


@examined("rules.contexts.nesting:_holders", an_inner_block_keeps_its_tracker_beside_the_outer_one)
def outer_trackers_have_one_name(real: Any) -> Any:
    """A tracker has no other name, and nobody else has it."""
    return lambda semantic, outer, header, tracker: {semantic.scopes.of(tracker)}


def an_inner_block_with_ids_keeps_its_tracker(folder: Path) -> None:
    """It has a job of its own, and inherits none."""
    (fixture,) = (
        one for one in fixtures() if one.name == "M3_inner_block_has_ids_of_its_own_on_request"
    )
    told = migrate_project(folder, fixture.files, runtime="tracker", unsafe=True)
    assert not told[MODULE].applied


@examined("rules.contexts.nesting:_has_ids", an_inner_block_with_ids_keeps_its_tracker)
def ids_of_inner_blocks_unseen(real: Any) -> Any:
    """No inner block has ids of its own."""
    return lambda call: False


def a_block_reaches_to_what_is_asked_of_answers(folder: Path) -> None:
    """What was made with the help of a tracker may use it: its results are taken in the block."""
    (fixture,) = (one for one in fixtures() if one.name == "X4_tasks_waited_for")
    written = migrate_project(folder, fixture.files, runtime="tracker")[MODULE].text
    assert "        return sorted(task.result() for task in done)" in written


@examined(
    "analysis.trackers.last_use:LastUse._is_weak", a_block_reaches_to_what_is_asked_of_answers
)
def values_made_with_it_use_nothing(real: Any) -> Any:
    """What was made with the help of a tracker is never taken to use it."""
    return lambda self, name: False

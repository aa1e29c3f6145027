"""Mutants of what is left out: pieces that are not compared or parsed, rounds that are not made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import migrate

from codemods.validator.validate import difference

from .mutant import examined

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
CONTEXT = "from tracker.ai_usage_context import ai_usage_context\n"
COMMON = "\n\ndef words(text):\n    return text.split()\n\n\n"
SET = 'tracker.set_tracking_context(job_id="read-1")\n'
BLOCK = 'with ai_usage_context("read", tracker=AIUsageTracker(), job_id="read-1") as tracker:\n'
BEFORE = f"{IMPORT}{COMMON}tracker = AIUsageTracker()\n{SET}ask(tracker)\n"
AFTER = f"{CONTEXT}{IMPORT}{COMMON}{BLOCK}    ask(tracker)\n"


def ids_that_move_past_a_function_are_named(folder: Path) -> None:
    """What is set above a function, and named below it, was in force in between."""
    assert difference(BEFORE, AFTER) is None
    before = f"{CONTEXT}{SET}{COMMON}ask(tracker)\n"
    header = 'with ai_usage_context("read", tracker=tracker, job_id="read-1"):\n'
    after = f"{CONTEXT}{COMMON}{header}    ask(tracker)\n"
    assert difference(before, after) is not None


@examined("validator.pieces:_marked", ids_that_move_past_a_function_are_named)
def pieces_without_a_mark(real: Any) -> Any:
    """Nothing stands where something common was."""
    return lambda body, pieces: list(body)


def a_use_that_is_common_is_named(folder: Path) -> None:
    """A statement behind the block reads its tracker, in both texts."""
    for use in ("LAST = tracker\n", "def last():\n    return tracker\n"):
        assert difference(f"{BEFORE}{COMMON}{use}", f"{AFTER}{COMMON}{use}") is not None


@examined("validator.pieces:_trackers", a_use_that_is_common_is_named)
def trackers_in_common_pieces(real: Any) -> Any:
    """Statements that name a tracker are left out as well."""
    return lambda tree: iter(())


def a_lost_import_that_a_text_spells_is_named(folder: Path) -> None:
    """A text in two parts may be what looks the name up."""
    text = 'NAMES = ["AIUsage" "Tracker"]\n'
    assert difference(f"{IMPORT}{COMMON}", COMMON) is None
    assert difference(f"{IMPORT}{COMMON}{text}", f"{COMMON}{text}") is not None


@examined("validator.pieces:_is_plain", a_lost_import_that_a_text_spells_is_named)
def texts_in_common_pieces(real: Any) -> Any:
    """What a common text may spell is not asked."""
    return lambda old, new, left_out: True


def a_call_in_a_new_block_takes_its_tracker(folder: Path) -> None:
    """The block is made in a first round; who may take its tracker is seen in the next."""
    inner = "\n\ndef check(text, tracker: AIUsageTracker):\n    return ask(text, tracker)\n"
    site = (
        "\n\ndef read(text):\n    tracker = AIUsageTracker()\n"
        f"    {SET}    check(text)\n    return ask(text, tracker)\n"
    )
    assert "check(text, tracker=tracker)" in migrate(folder, IMPORT + inner + site).text


@examined("rules.rounds:may_go_on", a_call_in_a_new_block_takes_its_tracker)
def one_round_is_enough(real: Any) -> Any:
    """The rules are asked once."""
    return lambda semantic, decision: False


TWO_TRACKERS = """

def line_scan(text, ask):
    with ai_usage_context("receipt_scan", job_id="scan-1") as outer:
        inner = AIUsageTracker()
        return ask(text, inner)
"""


def blocks_of_this_run_stay_two_trackers(folder: Path) -> None:
    """An inner block that the run has made around another tracker is not given the outer one's."""
    text = f"{IMPORT}{CONTEXT}{TWO_TRACKERS}"
    written = migrate(folder, text, unsafe=True, runtime="tracker").text
    assert 'with ai_usage_context("line_scan") as inner:' in written


@examined("runner.one_file:_one_round", blocks_of_this_run_stay_two_trackers)
def results_taken_for_what_is_written(real: Any) -> Any:
    """A later round takes the text of an earlier one for the reader's."""
    return lambda *given, is_result=False: real(*given)


def a_loop_around_a_text_over_lines_is_moved(folder: Path) -> None:
    """The lines of the text stay where they are, the others go into the block."""
    site = (
        "\n\ndef read(text, rows):\n    tracker = AIUsageTracker()\n"
        f"    {SET}    for row in rows:\n        row.note('''first\n    second''')\n"
        "    return ask(text, tracker)\n"
    )
    assert "            row.note('''first\n    second''')\n" in migrate(folder, IMPORT + site).text


@examined("edits.whole_lines:has_whole_lines", a_loop_around_a_text_over_lines_is_moved)
def statements_put_aside_with_their_texts(real: Any) -> Any:
    """Lines are taken for code, whatever stands on them."""
    return lambda statement, lines: True

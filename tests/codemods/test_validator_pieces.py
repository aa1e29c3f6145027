"""What both texts of a file have in common is not compared, which changes no verdict."""

from __future__ import annotations

import ast

import pytest
from many_cases import each_of

from codemods.validator.pieces import programs
from codemods.validator.validate import difference

BEFORE = """\
from tracker.ai_usage_tracker import AIUsageTracker


def words(text):
    # What is common has a comment.
    return text.split()


tracker = AIUsageTracker()
tracker.set_tracking_context(job_id="read-1")
ask("bread", tracker)


class Plain:
    kind = "plain"


print(Plain.kind)
"""
AFTER = """\
from tracker.ai_usage_context import ai_usage_context
from tracker.ai_usage_tracker import AIUsageTracker


def words(text):
    # What is common has a comment.
    return text.split()


with ai_usage_context("read", tracker=AIUsageTracker(), job_id="read-1") as tracker:
    ask("bread", tracker)


class Plain:
    kind = "plain"


print(Plain.kind)
"""
LEGACY = "from tracker.ai_usage_tracker import AIUsageTracker\n"
SET = 'tracker.set_tracking_context(job_id="read-1")\n'


def test_what_is_common_is_not_looked_at() -> None:
    """Of a function and a class in both texts nothing is left in either tree, and lines stay."""
    found = programs(ast.parse(BEFORE), BEFORE, AFTER)
    assert found is not None
    for program, text in zip(found, (BEFORE, AFTER), strict=True):
        kinds = [type(node) for node in ast.walk(program.tree)]
        assert ast.FunctionDef not in kinds
        assert ast.ClassDef not in kinds
        assert program.text.count("\n") == text.count("\n")
        assert "comment" not in program.text
    assert difference(BEFORE, AFTER) is None


@each_of(
    ("before", "after"),
    [
        # Ids that are set before a function, and named behind it.
        (BEFORE, AFTER.replace("def words", "WORDS = 1\n\n\ndef words")),
        (
            f'{SET}\n\ndef words():\n    pass\n\n\nask("bread", tracker)\n',
            "\n\ndef words():\n    pass\n\n\n"
            'with ai_usage_context("read", tracker=tracker, job_id="read-1"):\n'
            '    ask("bread", tracker)\n',
        ),
        # What is common stands in another order, or twice.
        ("A = 1\nB = 2\n", "B = 2\nA = 1\n"),
        ("A = 1\nB = 2\n", "A = 1\nA = 1\nB = 2\n"),
        # A call moves past what is common.
        ("run()\nA = 1\nstop()\n", "A = 1\nrun()\nstop()\n"),
        # What is common is part of a statement of one text.
        ("a = f()\nB\nc = 1\n", "a = f(\nB\n)\nc = 1\n"),
        ("a = 1\nB\nc = 1\n", 'a = """\nB\n"""\nc = 1\n'),
        ("a = b\n(1)\n", "a = b \\\n(1)\n"),
        ("@f\nclass A:\n    pass\n", "class A:\n    pass\n"),
        ("if a:\n    f()\nB = 1\n", "if a:\n    f()\nB = 1\nelse:\n    g()\n"),
        # A name is not imported any more, and a text may be about it, however it is spelled.
        *(
            (f"{LEGACY}A = {text}\n", f"A = {text}\n")
            for text in ('"AIUsageTracker"', '"AIUsage" "Tracker"', r'"\x41IUsageTracker"')
        ),
        # The cells of a notebook are in another order.
        ("a = 1\n# %% A\nb = 2\n# %% B\n", "a = 1\n# %% B\nb = 2\n# %% A\n"),
    ],
)
def test_another_program_is_found_whatever_is_common(before: str, after: str) -> None:
    """No statement, text or comment changes its place or its meaning beside what is left out."""
    assert difference(before, after) is not None


@pytest.mark.parametrize("common", ["tracker = None\n", "def use():\n    return tracker\n"])
def test_what_names_a_tracker_is_looked_at(common: str) -> None:
    """A statement in both texts is compared, if it uses or binds the variable of a block."""
    before, after = f"{BEFORE}\n\n{common}", f"{AFTER}\n\n{common}"
    found = programs(ast.parse(before), before, after)
    assert found is not None
    kept = [ast.unparse(statement) for statement in found[1].tree.body[-1:]]
    assert kept == [common.rstrip("\n")]


@each_of("text", ["A = 1\r\nB = 2\r\n", "A = 1\n\fB = 2\n", "\n\nA = 1", "A = 1; B = 2\n"])
def test_other_ends_of_lines_leave_nothing_out_wrongly(text: str) -> None:
    """Texts with other line ends, form feeds, or statements on one line are the same program."""
    assert difference(text, text) is None
    assert difference(text, text.replace("1", "3")) is not None

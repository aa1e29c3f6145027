"""Sources in the syntax of newer versions are migrated like others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import dedent, execute, lint, migrate, migrates, refuses

from codemods.interpreter import language

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
CONTEXT = "from receipt_label.utils.ai_usage_context import ai_usage_context\n"
HERE = language()

needs_3_12 = pytest.mark.skipif(not HERE.type_parameters, reason="the syntax is of Python 3.12")
needs_3_13 = pytest.mark.skipif(
    not HERE.type_parameter_defaults, reason="the syntax is of Python 3.13"
)
needs_3_14 = pytest.mark.skipif(not HERE.template_strings, reason="the syntax is of Python 3.14")

BEFORE = """
def read(text, ask):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j")
    {use}
"""
AFTER = """
def read(text, ask):
    with ai_usage_context("read", job_id="j") as tracker:
        {use}
"""


def becomes_a_block(folder: Path, use: str, beside: str = "") -> None:
    """Assert that a function with the statement *use* is migrated, *beside* left as it is.

    The import of the class stays if that is what *beside* uses.
    """
    moved = use.replace("\n", "\n    ")
    before = IMPORT + beside + BEFORE.format(use=use)
    kept = IMPORT if "AIUsageTracker" in beside else ""
    migrates(folder, before, CONTEXT + kept + beside + AFTER.format(use=moved))


BESIDE_3_12 = [
    "def first[T](items: list[T]) -> T:\n    return items[0]\n",
    "def first[T: AIUsageTracker](item: T) -> T:\n    return item\n",
    "class Box[*Ts, **P]:\n    def get[T](self, item: T) -> T: ...\n",
    "type Answers[T] = list[T] | dict[str, T]\n",
    "class Box:\n    type Item = int\n    item: Item = 3\n",
    'NAMES = f"{", ".join(f"{n!r}" for n in ("a", "b"))}"\n',
    "LONG = f'{\n    1  # one\n}'\n",
]


@needs_3_12
@pytest.mark.parametrize("beside", BESIDE_3_12)
def test_what_3_12_brought_stands_beside(tmp_path: Path, beside: str) -> None:
    """Type parameters, ``type`` statements and free quotes hinder no rewrite in the file."""
    becomes_a_block(tmp_path, "return ask(text, tracker)", beside)


@needs_3_12
@pytest.mark.parametrize(
    "use",
    [
        "type Answer = str\n    answer: Answer = ask(text, tracker)",
        "print(f'{', '.join(ask(text, tracker))}')",
        "def again[T](item: T) -> T:\n        return ask(item, tracker)\n    print(again(text))",
        "print(f'{\n    ask(text, tracker)\n}')",
    ],
)
def test_what_3_12_brought_stands_inside(tmp_path: Path, use: str) -> None:
    """The same inside of the block; lines of a formatted string stay where they are."""
    outcome = migrate(tmp_path, dedent(IMPORT + BEFORE.format(use=use)))
    assert outcome.failed is None
    assert (outcome.changed, outcome.reasons) == (True, [])


@needs_3_12
def test_a_bound_of_a_type_parameter_uses_the_class(tmp_path: Path) -> None:
    """The import of the class stays where only a bound needs it."""
    text = IMPORT + "def f[T: AIUsageTracker](tracker: T) -> T:\n    return tracker\n"
    assert migrate(tmp_path, text).text == text


@needs_3_12
def test_a_parameter_whose_type_is_a_type_parameter(tmp_path: Path) -> None:
    """A function over a tracker of some type is as good as one over a tracker."""
    beside = "def ask[T: AIUsageTracker](text, tracker: T):\n    return tracker\n"
    outcome = migrate(tmp_path, IMPORT + beside + BEFORE.format(use="print(ask(text, tracker))"))
    assert outcome.failed is None


@needs_3_13
def test_defaults_of_type_parameters_stand_beside(tmp_path: Path) -> None:
    """What 3.13 brought hinders no rewrite either."""
    becomes_a_block(tmp_path, "return ask(text, tracker)", "class Box[T = AIUsageTracker]: ...\n")


BESIDE_3_14 = [
    'PAGE = t"{1}"\n',
    'PAGE = t"{1} " t"{2}"\n',
    'PAGE = (\n    t"{1}"\n    t"{2}"\n)\n',
    'PAGE = t"""{\n    1\n} and\n{2:>{3}}"""\n',
    "try:\n    x = 1\nexcept ValueError, TypeError:\n    x = 2\n",
    "class Box:\n    def get(self, x: Box.Inner) -> [y for y in Box.kinds]: ...\n",
    "def stop():\n    try:\n        return 1\n    finally:\n        return 2\n",
]


@needs_3_14
@pytest.mark.parametrize("beside", BESIDE_3_14)
def test_what_3_14_brought_stands_beside(tmp_path: Path, beside: str) -> None:
    """Template strings, lists in ``except`` and late annotations hinder no rewrite in the file."""
    becomes_a_block(tmp_path, "return ask(text, tracker)", beside)


@needs_3_14
@pytest.mark.parametrize(
    "use",
    [
        'print(t"{ask(text, tracker)}".values)',
        "try:\n        ask(text, tracker)\n    except ValueError, TypeError:\n        pass",
        "try:\n        ask(text, tracker)\n    except* ValueError, TypeError:\n        pass",
        'ask(t"{text!r:>{3}}", tracker)',
    ],
)
def test_what_3_14_brought_stands_inside(tmp_path: Path, use: str) -> None:
    """The same inside of the block."""
    outcome = migrate(tmp_path, dedent(IMPORT + BEFORE.format(use=use)))
    assert outcome.failed is None
    assert (outcome.changed, outcome.reasons) == (True, [])


@needs_3_14
@pytest.mark.parametrize(
    "kept", ['t"{tracker}"', 't"{tracker}" + t"{text}"', 't"a {(tracker, text)}"']
)
def test_a_template_string_keeps_the_tracker(tmp_path: Path, kept: str) -> None:
    """Unlike a formatted string it holds the value itself, which leaves the function with it."""
    refuses(tmp_path, IMPORT + BEFORE.format(use=f"ask(tracker)\n    return {kept}"), "escapes")


@needs_3_14
def test_a_formatted_string_keeps_no_tracker(tmp_path: Path) -> None:
    """Its text does not lead back to the tracker."""
    outcome = migrate(tmp_path, IMPORT + BEFORE.format(use='ask(tracker)\n    return f"{tracker}"'))
    assert (outcome.changed, outcome.reasons) == (True, [])


@needs_3_14
@pytest.mark.parametrize(
    "use", ['print(t"{text}" t"{ask(tracker)}")', 'x = (t"a"\n         t"b")\n    ask(tracker)']
)
def test_what_the_parser_that_edits_cannot_read_is_refused(tmp_path: Path, use: str) -> None:
    """Joined template strings in the statement that would change: one refusal, and true advice."""
    outcome = refuses(tmp_path, IMPORT + BEFORE.format(use=use), "cannot-be-edited")
    assert "does not understand lines" in outcome.refusals[0].detail


@needs_3_14
def test_lint_reads_what_the_parser_that_edits_cannot(tmp_path: Path) -> None:
    """Finding needs no LibCST: joined template strings hide no legacy call."""
    assert lint(tmp_path, IMPORT + BEFORE.format(use='ask(tracker, t"{text}" t"{text}")'))


@needs_3_14
def test_annotations_that_fail_when_they_are_evaluated(tmp_path: Path) -> None:
    """They are not evaluated before the rewrite, and not after it."""
    text = IMPORT + (
        "def read(text: missing.Name, ask=str):\n"
        "    tracker = AIUsageTracker()\n"
        '    tracker.set_tracking_context(job_id="j")\n'
        "    return ask(tracker) and 1\n"
        "def run():\n"
        '    return read("x")\n'
    )
    outcome = migrate(tmp_path, text)
    assert outcome.changed
    assert execute(outcome.text, {}).result == execute(text, {}).result == "1"

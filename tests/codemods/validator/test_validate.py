"""Beside the statements: a result compiles, and nothing reads a tracker where no ids are."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import BOTH, HEADER, NEW, OLD, SET, legacy, migrated, objects, same

from codemods.validator.validate import compiles, difference


@each_of(
    ("before", "after", "compiled"),
    [
        ("x = 1\n", "x = 2\n", True),
        ("await x\n", "await y\n", True),
        ("x = 1\n", "await y\n", False),
        ("x = 1\n", "x = \n", False),
        ("x = 1\n", "return 1\n", False),
        ("def f():\n    x = 1\n", "def f():\n    nonlocal x\n", False),
        ("def f(a):\n    x = 1\n", "def f(a, a):\n    x = 1\n", False),
        ("x = (\n", "x = (\n", False),
        ("x = 1\n", "x = '\0'\n", False),
    ],
)
def test_a_result_compiles_where_the_original_does(before: str, after: str, compiled: bool) -> None:
    """What the interpreter refuses is no result; await at the top is one of a notebook."""
    assert compiles(before, after) is compiled


def test_a_block_more_than_an_older_interpreter_takes_is_refused() -> None:
    """The result compiles on every version that the original compiles on."""

    def nested(count: int) -> str:
        return "".join(f"{' ' * n}while 1:\n" for n in range(count)) + " " * count + "pass\n"

    assert compiles(nested(20), nested(20))
    assert not compiles(nested(20), nested(21))


@each_of(
    "rest",
    [
        "log(text)\n",
        "def inner(tracker):\n    tracker.use()\n",
        "[tracker for tracker in text]\n",
        "tracker = None\nlog(tracker)\n",
        "log(a.tracker, 'tracker')  # tracker\n",
    ],
)
def test_another_variable_of_that_name_may_be_read(rest: str) -> None:
    """Behind a block its tracker's name may stand for something else."""
    lines = "".join(f"    {line}\n" for line in rest.splitlines())
    same(legacy("ask(tracker)\n" + rest), migrated("ask(tracker)\n") + lines)


@each_of(
    "rest",
    [
        "log(tracker)\n",
        "def inner():\n    tracker.use()\n",
        "[x for x in tracker.all()]\n",
        "if text:\n    tracker = None\nlog(tracker)\n",
        "return lambda: tracker\n",
        "tracker.x = 1\n",
    ],
)
def test_a_tracker_is_not_read_behind_its_block(rest: str) -> None:
    """There the ids of the block are gone, which would have lasted."""
    lines = "".join(f"    {line}\n" for line in rest.splitlines())
    objects(legacy("ask(tracker)\n" + rest), migrated("ask(tracker)\n") + lines)


@each_of(
    ("body", "said"),
    [
        ("return tracker\n", "outlives"),
        ("client.kept = tracker\n", "outlives"),
        ("kept[0] = tracker\n", "outlives"),
        ("if text:\n    return tracker\n", "outlives"),
        ("yield tracker\n", ""),
    ],
)
def test_a_tracker_does_not_outlive_its_block(body: str, said: str) -> None:
    """What returns or stores it hands out a tracker whose ids are gone."""
    objects(legacy(body), migrated(body), said)


@each_of("body", ["return ask(tracker)\n", "x = tracker\n", "x = {}\nx['t'] = tracker\nask(x)\n"])
def test_a_tracker_may_be_used_in_its_block(body: str) -> None:
    """Passing it on, another name for it, or a part of an object of the function stays inside."""
    same(legacy(body), migrated(body))


@each_of(
    ("header", "imported"),
    [
        (HEADER, ""),
        (HEADER, "import tracker\n"),
        (HEADER.replace("with ", "with context."), "import context\n"),
    ],
)
def test_a_context_manager_must_be_bound(header: str, imported: str) -> None:
    """A name that nothing imports would raise where the program ran before."""
    objects(legacy("ask()\n"), migrated("ask()\n", header).replace(NEW, imported))


@each_of(
    ("extra", "said"),
    [
        ("ai_usage_context = None\n", "means something else"),
        ("for ai_usage_context in ():\n    pass\n", "means something else"),
        ("def ai_usage_context():\n    pass\n", "means something else"),
    ],
)
def test_a_name_that_is_taken_is_not_imported(extra: str, said: str) -> None:
    """What the file calls so itself would be hidden, or hide the context."""
    objects(legacy("ask()\n") + extra, migrated("ask()\n") + extra, said)


def test_a_name_in_a_text_keeps_its_import() -> None:
    """``__all__``, an annotation or a patch may look a name up: it stays imported."""
    extra = '__all__ = ["AIUsageTracker"]\n'
    objects(legacy("ask()\n") + extra, migrated("ask()\n") + extra, "named in a text")
    same(legacy("ask()\n") + extra, migrated("ask()\n").replace(NEW, BOTH) + extra)
    longer = '__all__ = ["NoAIUsageTracker"]\n'
    same(legacy("ask()\n") + longer, migrated("ask()\n") + longer)


LOOP = OLD + "\n\ndef scan(jobs, ask):\n    tracker = AIUsageTracker()\n    for job in jobs:\n"
INNER = "        {0}tracker.set_tracking_context(job_id=job)\n        ask(tracker)\n"
BLOCK = (
    "        {0}with ai_usage_context('scan', tracker=tracker, job_id=job):\n"
    "            ask(tracker)\n"
)


@each_of(
    ("first", "is_same"),
    [("", True), ("log(job)\n        ", True), ("ask(tracker)\n        ", False)],
)
def test_ids_of_a_round_last_into_the_next(first: str, is_same: bool) -> None:
    """A tracker that is used in front of the block, in a loop, had the ids of the round before."""
    after = LOOP.replace(OLD, BOTH) + BLOCK.format(first)
    (same if is_same else objects)(LOOP + INNER.format(first), after)


@pytest.mark.parametrize("text", [SET, "with ai_usage_context('a'):\n    pass\n"])
def test_a_file_that_did_not_change_is_the_same(text: str) -> None:
    """Whatever it holds, also what is not bound."""
    same(text, text)


@each_of("given", ["job_id='a'", "**{'job_id': 'a'}"])
@each_of("used", ["a", "b"])
def test_the_tree_of_the_original_is_read_and_stays(given: str, used: str) -> None:
    """With a tree that is there already the judgement is the same, and the tree as it was."""
    before = legacy(f"ask({used}, **extra)\n", sets=f"tracker.set_tracking_context({given})\n")
    after = migrated("ask(a, **extra)\n")
    tree = ast.parse(before)
    shape = ast.dump(tree)
    assert (difference(before, after, tree=tree) is None) is (used == "a")
    assert difference(before, after, tree=tree) == difference(before, after)
    assert ast.dump(tree) == shape


@each_of(
    ("leaving", "asked", "is_same"),
    [
        ("return tracker", ("return tracker",), True),
        ("return tracker", (), False),
        ("text.tracker = tracker", ("return tracker",), False),
    ],
)
def test_a_tracker_gets_out_where_a_person_was_asked(
    leaving: str, asked: tuple[str, ...], is_same: bool
) -> None:
    """With --unsafe, of a tracker that is there before the block, by the statement that was told.

    Of a tracker that the block itself builds it is an error in any case.
    """
    before = legacy(f"ask(tracker)\n{leaving}\n")
    adopting = (
        'tracker = AIUsageTracker()\nwith ai_usage_context("a", tracker=tracker, job_id="a"):\n'
    )
    after = migrated(f"ask(tracker)\n{leaving}\n", header=adopting).replace(NEW, BOTH, 1)
    assert (difference(before, after, unsafe=True, asked=asked) is None) is is_same
    assert difference(before, after, asked=()) is not None
    own = migrated(f"ask(tracker)\n{leaving}\n")
    assert difference(before, own, unsafe=True, asked=asked) is not None

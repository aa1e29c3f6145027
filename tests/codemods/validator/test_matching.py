"""What may be other in a rewritten program: a block for a tracker and its ids, and no more."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import BOTH, HEADER, NEW, OLD, SET, indented, legacy, migrated, objects, same

STATEMENTS = [
    "first(text)\n",
    "x = ask(tracker, 1)\n",
    "for n in text:\n    ask(n)\n    if n:\n        break\n",
    "if text:\n    log(1)\nelse:\n    log(2.0, b'a')\n",
    "try:\n    log('u')\nexcept E as e:\n    log(e)\nfinally:\n    last()\n",
    "def inner(a, *b, c=None):\n    return a\n",
    "with lock as key:\n    key[1:2] += 1\n",
    "assert text, f'{text!r}'\n",
    "client.y = lambda z: (yield_ := z)\n",
    "del client.z\n",
]
BODIES = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5, unique=True)


@given(BODIES)
def test_a_block_for_a_tracker_is_the_same_program(body: list[str]) -> None:
    """Whatever a function does with its tracker, it may do in a block."""
    text = "".join(body)
    same(legacy(text), migrated(text))
    same(legacy(text + "return 1\n"), migrated(text + "return 1\n"))


@given(BODIES, st.data())
def test_a_statement_less_more_or_elsewhere_is_seen(body: list[str], data: st.DataObject) -> None:
    """What is lost, done twice or in another order is another program."""
    before = legacy("".join(body))
    index = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, len(body)))
    less = [*body[:index], *body[index + 1 :]]
    moved = [*less[:other], body[index], *less[other:]]
    objects(before, migrated("".join(less) or "pass\n"))
    objects(before, migrated("".join([*body[:other], body[index], *body[other:]])))
    assume(moved != body)
    objects(before, migrated("".join(moved)))


class _Spoiler(ast.NodeTransformer):
    """Changes the *number*-th node that has something to change, counted from 0."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.spoilt = ""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        change = _OTHERS.get(type(node))
        if change is None or self.spoilt:
            return node
        self.left -= 1
        if self.left >= 0:
            return node
        self.spoilt = type(node).__name__
        return change(node)


_OTHERS = {
    ast.Constant: lambda node: ast.Constant(node.value * 2 if node.value else 7),
    ast.Name: lambda node: ast.Name(f"{node.id}_", node.ctx),
    ast.Attribute: lambda node: ast.Attribute(node.value, f"{node.attr}_", node.ctx),
    ast.Return: lambda node: ast.Expr(node.value or ast.Constant(None)),
    ast.Break: lambda _: ast.Continue(),
    ast.arg: lambda node: ast.arg(f"{node.arg}_"),
    ast.ExceptHandler: lambda node: ast.ExceptHandler(None, None, node.body),
    ast.If: lambda node: ast.If(node.test, node.body, []),
    ast.Call: lambda node: node.func,
}


@given(BODIES, st.integers(0, 60))
def test_anything_else_in_a_statement_is_seen(body: list[str], number: int) -> None:
    """A constant, name, argument, branch or kind of statement that is other is another program."""
    text = "".join(body)
    spoiler = _Spoiler(number)
    spoilt = ast.unparse(spoiler.visit(ast.parse(text))) + "\n"
    assume(spoiler.spoilt and ast.dump(ast.parse(spoilt)) != ast.dump(ast.parse(text)))
    objects(legacy(text), migrated(spoilt))


def flushed(body: str) -> str:
    """Return *body* in a ``try`` that flushes in the end."""
    return f"try:\n{indented(body)}finally:\n    tracker.flush_metrics()\n"


@each_of(
    ("one", "other"),
    [("1", "True"), ("1", "1.0"), ("0.0", "-0.0"), ("'a'", "b'a'"), ("1", "1j"), ("None", "...")],
)
def test_constants_that_are_equal_are_not_the_same(one: str, other: str) -> None:
    """A constant is of a type, and zero has a sign."""
    objects(legacy(f"ask({one})\n"), migrated(f"ask({other})\n"))
    objects(legacy(f"ask({other})\n"), migrated(f"ask({one})\n"))


@each_of(
    ("before", "after"),
    [
        ("x = 1\n", "x = 1\n"),
        ("", ""),
        ("#!x\n", "#!x\n"),
        (legacy("ask()\n"), legacy("ask()\n")),
        (legacy("ask( 1 )\n"), migrated("ask(1)\n")),
        (legacy("x = 1; y = 2\n"), migrated("x = 1\ny = 2\n")),
        (legacy("ask()\ntracker.flush_metrics()\n"), migrated("ask()\n")),
        (
            legacy("try:\n    ask()\nfinally:\n    tracker.flush_metrics()\n"),
            migrated("ask()\n"),
        ),
        (legacy(flushed(flushed("ask()\n"))), migrated(flushed("ask()\n"))),
        (legacy(flushed(flushed("ask()\n"))), migrated(flushed(flushed("ask()\n")))),
        (legacy(flushed(flushed("ask()\n"))), migrated("ask()\n")),
        (
            legacy(flushed("tracker.track_openai_completion(lambda: r)()\n" + flushed("ask()\n"))),
            migrated("tracker.track_openai_completion(lambda: r)()\n" + flushed("ask()\n")),
        ),
        (legacy(flushed(flushed("a()\n") + "b()\n")), migrated(flushed("a()\n") + "b()\n")),
    ],
)
def test_layout_and_needless_flushes_are_no_difference(before: str, after: str) -> None:
    """Spaces, lines, and a flush that the end of a block makes needless."""
    same(before, after)


@each_of(
    ("before", "after"),
    [
        (legacy("ask()\n"), migrated("ask()\n").replace('job_id="a"', 'job_id="b"')),
        (legacy("ask()\n"), migrated("ask()\n").replace(', job_id="a"', "")),
        (legacy("ask()\n"), migrated("ask()\n").replace("job_id", "user_id")),
        (legacy("ask(tracker)\n"), migrated("ask(tracker)\n", HEADER.replace(" as tracker", ""))),
        (legacy("ask()\n", ""), migrated("ask()\n")),
        (legacy("ask()\n").replace(SET, SET + "    wait()\n"), migrated("ask()\n")),
        ("ask()\n", HEADER + "    ask()\n"),
        (legacy("ask()\n"), migrated("ask()\n").replace("with ai", "async with ai")),
        (legacy("ask()\n"), migrated("ask()\n").replace("def scan", "async def scan")),
        (legacy("ask()\nask()\n"), migrated("ask()\n") + "    ask()\n    ask()\n"),
        (legacy("ask()\n"), NEW + "\n\ndef scan(text, client):\n    ask()\n"),
        (legacy("ask()\ntracker.flush_metrics()\nask()\n"), migrated("ask()\nask()\n")),
        (legacy("try:\n    ask()\nexcept E:\n    tracker.flush_metrics()\n"), migrated("ask()\n")),
        (legacy(flushed(flushed("a()\n") + "b()\n")), migrated(flushed("a()\nb()\n"))),
        (legacy(flushed(flushed("a()\n") + "b()\n")), migrated(flushed("a()\n"))),
    ],
)
def test_other_ids_and_other_blocks_are_seen(before: str, after: str) -> None:
    """Ids that are lost or gained, a tracker that is not there, calls in or out of the block."""
    objects(before, after)


@each_of("tail", ["log(1)\n", "return text\n", "for x in y:\n    log(x)\n"])
def test_a_block_may_end_before_what_needs_no_tracker(tail: str) -> None:
    """What does not use the tracker may stay behind its block, but for what was in front."""
    same(legacy("ask(tracker)\n" + tail), migrated("ask(tracker)\n") + indented(tail))
    objects(legacy("ask(tracker)\n" + tail), migrated("ask(tracker)\n"), "missing")


@each_of(
    ("old", "new"),
    [
        ("from a import b\n" + OLD, "from a import b\n" + NEW),
        (OLD + "import a\n", NEW + "import a\n"),
        (OLD + "import a\n", "import a\n" + NEW),
        (OLD, BOTH),
    ],
)
def test_imports_of_the_api_are_managed(old: str, new: str) -> None:
    """They come and go with what they are for, beside the other imports."""
    same(legacy("ask()\n").replace(OLD, old), migrated("ask()\n").replace(NEW, new))


@each_of(
    ("old", "new", "said"),
    [
        (OLD, "", "is not imported"),
        ("import a\n" + OLD, NEW, ""),
        (OLD, NEW + "import a\n", ""),
        ("import a, b\n" + OLD, "import b, a\n" + NEW, ""),
        ("from a import b\n" + OLD, "from a import b as c\n" + NEW, ""),
        (OLD[:-1] + ", other\n", NEW, ""),
        (OLD[:-1] + ", other\n", NEW[:-1] + ", another\n", ""),
    ],
)
def test_other_imports_are_left(old: str, new: str, said: str) -> None:
    """An import of something else that is lost, gained or changed is another program."""
    objects(legacy("ask()\n").replace(OLD, old), migrated("ask()\n").replace(NEW, new), said)


MADE = "answer = client.responses.create(model='m', input=text)\n"
AGAIN = "tracker.track_openai_completion(lambda: answer)()\n"


@pytest.mark.parametrize(
    "around",
    ["{}", "for n in text:\n{}", "try:\n{}finally:\n    last()\n", "with lock:\n{}"],
)
def test_a_recording_of_what_the_block_takes_may_be_missing(around: str) -> None:
    """Wherever in the block it stands, below the call in one suite."""
    inner = around.format(indented(MADE + AGAIN) if around != "{}" else MADE + AGAIN)
    without = around.format(indented(MADE) if around != "{}" else MADE)
    same(legacy(inner), migrated(without))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"def inner():\n{indented(MADE + AGAIN)}", f"def inner():\n{indented(MADE)}"),
        (MADE + f"if text:\n    first()\n    {AGAIN}", MADE + "if text:\n    first()\n"),
        (
            MADE + f"if text:\n    first()\n    {AGAIN.replace('tracker.', 'other.')}",
            MADE + "if text:\n    first()\n",
        ),
        (
            f"with ai_usage_context('x') as other:\n{indented(MADE + AGAIN)}",
            f"with ai_usage_context('x') as other:\n{indented(MADE)}",
        ),
        (
            "for n in text:\n    first()\n    tracker.flush_metrics()\nlast()\n",
            "for n in text:\n    first()\nlast()\n",
        ),
    ],
)
def test_what_the_block_does_not_make_needless_is_not_missing(before: str, after: str) -> None:
    """What runs elsewhere, records on another tracker, or flushes in a round has its effect."""
    objects(legacy(before), migrated(after), "missing")


MODULE = "from tracker import ai_usage_tracker\n"


def test_an_unused_module_of_the_class_may_go() -> None:
    """Its import is one of the API; what still asks for it shows that it is needed."""
    before = MODULE + legacy("ask(tracker)\n").replace("= AIUsage", "= ai_usage_tracker.AIUsage")
    same(before.replace(OLD, ""), migrated("ask(tracker)\n"))
    used = "log(ai_usage_tracker)\n"
    objects(before.replace(OLD, "") + used, migrated("ask(tracker)\n") + used, "not imported")
    other = "from tracker import errors\n"
    objects(other + before, other.replace("errors", "ai_usage_tracker") + migrated("return 1\n"))

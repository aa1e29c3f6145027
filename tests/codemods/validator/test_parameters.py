"""Signatures: the same to every caller; with --unsafe one parameter more, for one context."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import NEW, objects, same

INNER = (
    NEW + "\n\ndef step({0}):\n"
    "    with ai_usage_context('step_one'{1}) as tracker:\n"
    "        ask(tracker)\n"
)
BEFORE = INNER.format("text", "")


@pytest.mark.parametrize("form", ["text, *, tracker=None", "text, *, tracker = None"])
def test_a_parameter_for_one_context(form: str) -> None:
    """A caller that knows nothing of it gets what it got; without --unsafe it is not made."""
    after = INNER.format(form, ", tracker=tracker")
    same(BEFORE, after, unsafe=True)
    objects(BEFORE, after, "the parameters of step changed")


@each_of(
    ("parameters", "given"),
    [
        ("text, *, tracker", ", tracker=tracker"),
        ("text, *, tracker=1", ", tracker=tracker"),
        ("text, tracker=None", ", tracker=tracker"),
        ("text, *, tracker: T = None", ", tracker=tracker"),
        ("text, *, other=None", ", tracker=other"),
        ("text, *, tracker=None, **more", ", tracker=tracker"),
        ("text, *, tracker=None", ""),
        ("text, *, tracker=None", ", tracker=tracker or text"),
        ("text, *, tracker=None, more=None", ", tracker=tracker"),
        ("", ", tracker=tracker"),
    ],
)
def test_another_parameter_is_refused(parameters: str, given: str) -> None:
    """One that must be given, is given by position, has another value, name or use."""
    objects(BEFORE, INNER.format(parameters, given), unsafe=True)


@each_of("use", ["log(tracker)", "tracker = 1", "del tracker", "tracker.x()"])
def test_a_parameter_is_for_the_context_alone(use: str) -> None:
    """Whatever else is done with it is another program."""
    after = INNER.format("text, *, tracker=None", ", tracker=tracker")
    objects(f"{BEFORE}    {use}\n", f"{after}    {use}\n", unsafe=True)


@each_of(
    ("before", "after"),
    [
        ("def f(a): pass\n", "def f(b): pass\n"),
        ("def f(a): pass\n", "def f(a, b=None): pass\n"),
        ("def f(a, b): pass\n", "def f(a): pass\n"),
        ("def f(a=1): pass\n", "def f(a=2): pass\n"),
        ("def f(a: int): pass\n", "def f(a: str): pass\n"),
        ("def f(*a): pass\n", "def f(**a): pass\n"),
        ("class C:\n    def f(self): pass\n", "class C:\n    def f(self, *, x=1): pass\n"),
    ],
)
def test_signatures_are_left(before: str, after: str) -> None:
    """No other change of parameters passes, with --unsafe or without."""
    objects(before, after)
    objects(before, after, unsafe=True)

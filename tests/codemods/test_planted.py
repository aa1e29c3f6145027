"""A short session of legacy calls in modules of the standard library (see ``tests.planted``)."""

from __future__ import annotations

import random

import pytest

from tests.planted import modules, planted, session


@pytest.mark.parametrize("unsafe", [False, True])
def test_trackers_in_code_of_the_library_are_rewritten_or_refused(unsafe: bool) -> None:
    """No file fails, all that is written compiles, and a second run finds nothing to do."""
    found = session(8, seed=3, unsafe=unsafe)
    assert found.faults == []
    assert found.rewritten
    assert found.planted


def test_what_is_planted_stands_in_functions() -> None:
    """The text compiles, has the calls that are to be found, and its module's lines in order."""
    rng = random.Random(5)
    name, text = next(modules(rng))
    changed, places = next(found for found in iter(lambda: planted(text, rng), None) if found[1])
    compile(changed, f"{name}.py", "exec", dont_inherit=True)
    assert changed.count("AIUsageTracker()") == places
    rest = iter(changed.splitlines())
    assert all(line in rest for line in text.splitlines()), "a line of its own is gone, or moved"

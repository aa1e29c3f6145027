"""The pytest plugin, as the tests of a program use it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tracker.budgets import gate, limit
from tracker.config import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

pytest_plugins = ["pytester"]

HEAD = """
import openai, pytest
from tracker import ai_usage_context
from tracker.errors import BudgetExceededError

def ask(model="gpt-4o-mini", most=7):
    with openai.OpenAI(base_url={url!r}, api_key="k", max_retries=0) as client:
        client.chat.completions.create(model=model, messages=[], max_tokens=most)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, server: LoopbackServer) -> Iterator[object]:
    """Run a file of tests in this process, with the plugin."""

    def started(text: str) -> pytest.RunResult:
        pytester.makepyfile(HEAD.format(url=server.base_url) + text)
        options = ("-p", "pytest_ai_usage", "-p", "no:cacheprovider", "-p", "no:asyncio")
        return pytester.runpytest_inprocess(*options)

    before = gate.armed, settings.current()
    yield started
    assert limit.everywhere == ()
    assert settings.current() == before[1]
    gate.armed = before[0]


def test_the_fixture_has_the_calls_of_its_test(run: object) -> None:
    """Those of a context and those outside, and none of another test."""
    result = run(  # type: ignore[operator]
        """
def test_one(ai_usage):
    with ai_usage_context("op", job_id="j"):
        ask()
    ask()
    assert [call.operation_type for call in ai_usage] == ["op", None]
    ai_usage.assert_cost_below(0.01)
    assert ai_usage.cost_usd == 2 * ai_usage[0].cost_usd

def test_other(ai_usage):
    assert len(ai_usage) == 0
    ai_usage.assert_cost_below(0)
"""
    )
    result.assert_outcomes(passed=2)


def test_what_costs_too_much_or_nobody_knows_what_fails(run: object) -> None:
    """The failure says what was spent, and which model has no price."""
    result = run(  # type: ignore[operator]
        """
def test_dear(ai_usage):
    ask()
    ai_usage.assert_cost_below(0.000001)

def test_unknown(ai_usage):
    ask("own-model-8")
    ai_usage.assert_cost_below(1)
"""
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*AssertionError: 1 calls cost 0.00000585 USD, more than 0.000001*", "*own-model-8*"]
    )


def test_the_marker_binds_all_calls_of_a_test(run: object, server: LoopbackServer) -> None:
    """Also those outside of contexts, and in threads; the next test has its own."""
    result = run(  # type: ignore[operator]
        """
import threading

@pytest.mark.ai_budget(0.00001)
def test_refused():
    ask()
    with pytest.raises(BudgetExceededError, match="ai_budget of .*test_refused"):
        ask(most=1000)

@pytest.mark.ai_budget(usd=0.00001)
def test_in_a_thread():
    errors = []
    def work():
        try:
            ask(most=1000)
        except BudgetExceededError as error:
            errors.append(error)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors

@pytest.mark.ai_budget(0.000001)
def test_warned(monkeypatch):
    import tracker
    tracker.configure(over_budget="warn")
    ask()

def test_not_marked():
    ask(most=1000)

@pytest.mark.ai_budget()
def test_wrong():
    pass
"""
    )
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ["*test_warned: the calls cost 0.00000585 USD, more than 1e-06*", "*write ai_budget(usd)*"]
    )
    assert len(server.requests) == 3


def test_pytest_starts_without_the_tracker() -> None:
    """The plugin alone loads nothing of it."""
    program = "import pytest_ai_usage, sys; print('tracker' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.stdout.strip() == "False", shown.stderr

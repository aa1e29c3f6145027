"""The pytest plugin of ``tracker``: what the AI calls of a test are, and what they may cost.

::

    def test_scan(ai_usage):
        scan(receipt)
        assert [call.model for call in ai_usage] == ["gpt-4o-mini"]
        ai_usage.assert_cost_below(0.01)

    @pytest.mark.ai_budget(0.05)
    def test_scan_many():
        ...     # a call that may cost more than is left raises BudgetExceededError, unsent

Calls outside every context count, too, and nothing is stored anywhere.  It is a package beside
``tracker``, which is imported by the first test that asks for it: pytest starts without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from decimal import Decimal

    from tracker.testing import CapturedMetrics

MARKER = "ai_budget"


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker."""
    config.addinivalue_line(
        "markers", f"{MARKER}(usd): the AI calls of the test may cost so many US dollars together"
    )


@pytest.fixture
def ai_usage() -> Iterator[CapturedMetrics]:
    """The AI calls of this test, from memory: a live sequence with ``assert_cost_below(usd)``."""
    from tracker.testing import capture

    with capture(unattributed=True) as metrics:
        yield metrics


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Bind the calls of a test that is marked, in whatever thread they are made."""
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return (yield)
    from tracker.testing import limited

    with limited(_amount(item, marker), name=f"{MARKER} of {item.nodeid}"):
        return (yield)


def _amount(item: pytest.Item, marker: pytest.Mark) -> float | Decimal:
    usd = marker.args[0] if marker.args else marker.kwargs.get("usd")
    if len(marker.args) + len(marker.kwargs) != 1 or usd is None:
        raise pytest.UsageError(f"{item.nodeid}: write {MARKER}(usd), as in {MARKER}(0.05)")
    amount: float | Decimal = usd
    return amount

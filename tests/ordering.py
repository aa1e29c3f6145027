"""The order of the tests: one that is quick, or any other that a seed gives."""

from __future__ import annotations

import random
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


def modules(items: Iterable[pytest.Item]) -> list[list[pytest.Item]]:
    """Return *items* divided where another module begins."""
    return [list(found) for _, found in groupby(items, lambda item: item.nodeid.split("::")[0])]


def shuffled(items: Iterable[pytest.Item], seed: str) -> list[pytest.Item]:
    """Return *items* by *seed*: modules in another order, and the tests in each module."""
    dice = random.Random(seed)
    found = modules(items)
    dice.shuffle(found)
    for module in found:
        dice.shuffle(module)
    return [item for module in found for item in module]

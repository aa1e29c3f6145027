"""Going through numbered parts to a fixpoint, without the parts that nothing concerns.

What is found in one part may concern others.  All parts in their order, again and again until
nothing is found, cost their square where each is looked at for many questions; of most
questions a few parts are all that can have an effect.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")
_BETWEEN_PASSES = float("inf")


class Sweep:
    """The parts that are concerned, as far as is known."""

    def __init__(self) -> None:
        self._concerned: set[int] = set()
        self._waiting: list[int] = []
        self._now: float = _BETWEEN_PASSES

    def concern(self, numbers: Iterable[int]) -> None:
        """Note that parts are concerned; those behind the present one are met in this pass."""
        for number in numbers:
            if number not in self._concerned:
                self._concerned.add(number)
                if number > self._now:
                    heappush(self._waiting, number)

    def once(self) -> Iterator[int]:
        """Yield the number of each part that is concerned, in order, with those found on the way.

        Parts that turn out to be concerned behind their turn are met in the next pass.
        """
        self._waiting = sorted(self._concerned)
        self._now = -1
        while self._waiting:
            self._now = heappop(self._waiting)
            yield int(self._now)
        self._now = _BETWEEN_PASSES


class Growing(set[Item]):
    """A set that tells what came in since it was last asked."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        super().__init__()
        self._fresh: list[Item] = []
        self.update(items)

    def add(self, item: Item) -> None:
        """Put *item* in."""
        if item not in self:
            super().add(item)
            self._fresh.append(item)

    def update(self, *others: Iterable[Item]) -> None:
        """Put all items of *others* in."""
        for other in others:
            for item in other:
                self.add(item)

    def fresh(self) -> list[Item]:
        """Return what came in since the last call of this."""
        found, self._fresh = self._fresh, []
        return found

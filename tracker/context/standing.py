"""What a tracker stands for where it has no block, and the blocks that it was given to."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from tracker.context import scope
from tracker.context.scope import Stated
from tracker.context.state import BLANK

if TYPE_CHECKING:
    from tracker.context.scope import Node
    from tracker.context.state import State


class Standing(Stated):
    """A tracker's own node, which calls are booked to outside its blocks.

    ``latest`` is the block that the tracker was given to last, ``birthplace`` the one that it
    was made for, while that is open; ``is_of_block`` says that there was one.  They are here and
    not in the tracker because each block reads them, and slots are read fastest.
    """

    __slots__ = ("birthplace", "is_of_block", "latest")

    def __init__(self, state: State) -> None:
        super().__init__(state)  # a tracker is no part of a cycle
        self.latest: Node | None = None
        self.birthplace: Node | None = None
        self.is_of_block = False

    def left(self, block: Node) -> None:
        """Note that *block*, for which the tracker was made, has ended."""
        self.birthplace = None
        if self.latest is block:
            self.latest = None


class Beginning(Protocol):
    """What a standing state asks of its tracker."""

    def begin(self) -> None:
        """Observe the clients of this process from now on."""


class StandingOfTracker:
    """Begins a tracker whose class did not call our constructor, when its state is first asked for.

    A subclass may have no arguments for it.  ``__getattr__`` would do as well, and slow down
    all that a block reads of its tracker.
    """

    def __get__(self, tracker: Beginning | None, _kind: object = None) -> Standing:
        if tracker is None:
            return Standing(BLANK)  # the class stands for nobody
        tracker.begin()
        lent = _lent(tracker)
        if lent is not None:
            return lent
        made: Standing = vars(tracker).setdefault("_standing", Standing(BLANK))
        return made


def _lent(tracker: Beginning) -> Standing | None:
    """Return what a tracker stands for that looks its attributes up in another one, if it does."""
    look_up = getattr(type(tracker), "__getattr__", None)
    if look_up is None:
        return None
    found = None
    with contextlib.suppress(Exception):  # whatever a stranger's lookup raises
        found = look_up(tracker, "_standing")
    return found if isinstance(found, Standing) else None


def own_block(tracker: object) -> Node | None:
    """Return the innermost open block of *tracker* in this thread or task."""
    node = scope.current()
    while node is not None and (node.tracker is not tracker or node.closed):
        node = node.parent
    return node


def still_open(node: Node | None, tracker: object) -> Node | None:
    """Return the innermost open of *node* and the blocks around it, if it is *tracker*'s."""
    node = None if node is None else node.nearest_open()
    return node if node is not None and node.tracker is tracker else None

"""A tracker on its way into another process, where its blocks are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tracker.context.scope import Node
from tracker.context.state import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.protocols import Portable

Tracker = TypeVar("Tracker", bound="Portable")


def told_of(tracker: Portable) -> dict[str, Any]:
    """Return *tracker*'s attributes; what it stands for here is what it will stand for there."""
    state = tracker.node().state
    own = state._replace(given=dict(state.context))
    return {**vars(tracker), "_standing": own, "_latest": None, "_birthplace": None}


def received(kind: type[Tracker], told: Mapping[str, Any]) -> Tracker:
    """Return the tracker of which ``told_of`` told, in no block, ready to book calls."""
    tracker = kind.__new__(kind)
    vars(tracker).update(told)
    state = changed(told["_standing"])
    tracker._standing = Node(state, None, is_block=False)
    tracker.begin()
    return tracker

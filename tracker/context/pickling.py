"""A tracker on its way into another process, where its blocks are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tracker.context.standing import Standing
from tracker.context.state import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.protocols import Portable

Tracker = TypeVar("Tracker", bound="Portable")


def told_of(tracker: Portable) -> dict[str, Any]:
    """Return *tracker*'s attributes; what it stands for here is what it will stand for there."""
    state = tracker.node().state
    own = state._replace(given=dict(state.context))
    return {**vars(tracker), "_standing": own, "_is_of_block": tracker._standing.is_of_block}


def received(kind: type[Tracker], told: Mapping[str, Any]) -> Tracker:
    """Return the tracker of which ``told_of`` told, in no block, ready to book calls."""
    tracker = kind.__new__(kind)
    vars(tracker).update(told)
    tracker._standing = standing = Standing(changed(told["_standing"]))
    standing.is_of_block = bool(vars(tracker).pop("_is_of_block", False))
    tracker.begin()
    return tracker

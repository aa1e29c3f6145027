"""The store that a test puts in the place of those that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.sinks.protocol import Sink

_override: Sink | None = None


def override(sink: Sink | None) -> Sink | None:
    """Make *sink* the default store (None ends that) and return what overrode it before."""
    global _override
    before, _override = _override, sink
    return before


def overriding() -> Sink | None:
    """Return the store of a test, if one is in force."""
    return _override

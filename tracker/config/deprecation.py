"""Old ways that still work: type checkers strike them through, and each place is told once.

A ``LegacyTrackingWarning`` is a DeprecationWarning, so Python's own filters
apply; ``AI_USAGE_DEPRECATIONS=0`` ends the warnings, and what they cost.
"""

from __future__ import annotations

import functools
import sys
import warnings
from typing import TYPE_CHECKING, Any

from tracker.config import call_site, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    # Type checkers know this one (PEP 702); at run time nothing is imported.
    from typing_extensions import deprecated
else:

    def deprecated(message: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Mark a function as deprecated, and warn once a place that calls it."""

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                warn_caller(message)
                return function(*args, **kwargs)

            call.__deprecated__ = message
            return call

        return decorate


__all__ = ["LegacyTrackingWarning", "deprecated", "warn_caller"]


class LegacyTrackingWarning(DeprecationWarning):
    """Attribution is set by hand where a context would do it, and end it."""


_told: set[tuple[str, int]] = set()


def warn_caller(message: str) -> None:
    """Warn the line of the program that called us, the first time at that place."""
    place = call_site.place(sys._getframe(1))
    if place in _told:
        return
    _told.add(place)
    if settings.current().deprecations:
        warnings.warn(message, LegacyTrackingWarning, stacklevel=1 + _depth(sys._getframe(1)))


def _depth(frame: FrameType | None) -> int:
    """Return how many frames from *frame* on are ours, and one more."""
    depth = 1
    while frame is not None and call_site.place(frame) != (
        frame.f_code.co_filename,
        frame.f_lineno,
    ):
        frame = frame.f_back
        depth += 1
    return depth


def reset() -> None:
    """Forget which places were told: between tests."""
    _told.clear()

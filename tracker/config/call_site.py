"""Where in the program a call comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container
    from types import FrameType

#: Our own frames, and those of the standard library that a call of ours may pass through.
OURS = frozenset({"contextlib", "functools", "tracker"})


def place(frame: FrameType | None, between: Container[str] = OURS) -> tuple[str, int]:
    """Return file and line of the innermost frame from *frame* on that is of no package *between*.

    Without such a frame it is ("unknown", 0).
    """
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in between:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "unknown", 0

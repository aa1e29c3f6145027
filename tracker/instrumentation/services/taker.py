"""What takes an answer in the place of an accumulator, where it is no call of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Taker:
    """Takes an answer, and does nothing with it.

    ``reader`` reads its bytes, where it is neither JSON nor events.  What came of it and was not
    read is left alone: it may be read again, and ``done`` says so.
    """

    swallows_usage = False
    done = True
    record = None
    reader: Any = None

    def take(self, _told: Any) -> bool:
        """Take an event, or the whole; return whether the program is to see it: always."""
        return True

    def note_background(self, _told: Any) -> None:
        """Note that the answer may be read again: whoever reads it knows."""

    def parsed(self, _answer: Any, *, asynchronous: bool) -> None:
        """Note what the SDK has made of the answer, before the program has it."""

    def finish(self, *, partial: bool, error: BaseException | str | None = None) -> None:
        """Note that nothing more will come."""

    def drop(self, _read_rest: Callable[[], object]) -> None:
        """Note that nobody has the answer any more."""

"""Work on many items of which some may fail: one block, and a summary of how it went."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any, TypeVar

from tracker.context.decorator import surrounded
from tracker.error_boundary import boundary, tolerated
from tracker.records.error_text import described, messages_are_asked_for
from tracker.records.sanitize import Told, scrub

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tracker.context.block import Block

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")
MAX_ERRORS = 10
#: Under these names programs keep what an exception says.
_MESSAGES = re.compile(r"error|exception|message|msg|detail|reason|trace|text|description", re.I)


class PartialFailureBlock:
    """A ``Block`` that gives a dict to count in, and books what was counted.

    With *continue_on_error* false, or for an error that reached the block
    itself, exceptions pass through as from any block.
    """

    def __init__(self, block: Block, *, continue_on_error: bool) -> None:
        self._block = block
        self._continue = continue_on_error
        self._counts: dict[str, Any] = {}

    def __call__(self, function: Decorated) -> Decorated:
        """Run each call of *function* in a block like this one; it hears nothing of it."""
        return surrounded(function, self.like_it)

    def like_it(self) -> PartialFailureBlock:
        """Return a block like this one, which nobody has entered."""
        return PartialFailureBlock(self._block.like_it(), continue_on_error=self._continue)

    def __enter__(self) -> dict[str, Any]:
        self._counts = {
            "tracker": self._block.__enter__(),
            "errors": [],
            "success_count": 0,
            "failure_count": 0,
            "continue_on_error": self._continue,
        }
        return self._counts

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._summarise()
        self._block.__exit__(kind, error, tb)

    async def __aenter__(self) -> dict[str, Any]:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._summarise()
        await self._block.__aexit__(kind, error, tb)

    def _summarise(self) -> None:
        with boundary("partial-failure"):
            summary = _summary(self._counts)
            with tolerated("partial-failure", "Failed to add the summary", interval=0.0):
                self._counts["tracker"].add_context_metadata({"partial_failure_summary": summary})


def _summary(counts: dict[str, Any]) -> dict[str, Any]:
    successes, failures = counts["success_count"], counts["failure_count"]
    errors = counts["errors"]
    return {
        "total_operations": successes + failures,
        "successful": successes,
        "failed": failures,
        "error_count": len(errors),
        "errors": [_error(error) for error in errors[:MAX_ERRORS]],
    }


def _error(error: Any, name: str = "error") -> Any:
    """Return an error as the program noted it; of what may quote an answer, stores get no text."""
    if isinstance(error, dict):
        return {str(name): _error(value, str(name)) for name, value in error.items()}
    if isinstance(error, BaseException):
        return described(error)
    if not isinstance(error, str):
        return error
    text = scrub(error)
    if not _MESSAGES.search(name) or messages_are_asked_for() or _is_kind_of_error(text):
        return text
    return Told(text, f"<{len(text)} characters>")


def _is_kind_of_error(text: str) -> bool:
    return isinstance(found := getattr(builtins, text, None), type) and issubclass(
        found, BaseException
    )

"""Many cases in one test: each is tried, and the test fails with all that failed.

A test of its own costs pytest and its processes more than such a case does, and each of them
collects it.
"""

from __future__ import annotations

import functools
import inspect
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Cases:
    """What failed of the cases that were tried."""

    def __init__(self) -> None:
        self._tried = 0
        self._failed: list[str] = []

    @contextmanager
    def trying(self, case: object) -> Iterator[None]:
        """Take note of what fails in the block, and go on; *case* says what it was about."""
        self._tried += 1
        try:
            yield
        except Exception as wrong:  # noqa: BLE001 - a failure of any kind is one
            told = "".join(traceback.format_exception(wrong))
            self._failed.append(f"-- {case}:\n{told}")

    def settle(self) -> None:
        """Fail if a case did; a test of which no case was tried fails, too."""
        assert self._tried, "no case was tried"
        assert not self._failed, self.told()

    def told(self) -> str:
        """Return what failed, and how many of how many."""
        return "\n".join((f"{len(self._failed)} of {self._tried} failed", *self._failed))


@contextmanager
def all_cases() -> Iterator[Cases]:
    """Let the block try cases, and fail at its end if one did."""
    cases = Cases()
    yield cases
    cases.settle()


def each_of(
    names: str | tuple[str, ...], values: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Have one test try all *values* as its arguments *names*: ``parametrize``, in one test.

    For what changes nothing, and asks for no folder: the cases share what the test is given.
    """
    arguments = tuple(names.split(", ")) if isinstance(names, str) else names
    given = [(v,) for v in values] if len(arguments) == 1 else [tuple(v) for v in values]

    def of_all(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def trying_all(**others: Any) -> None:
            with all_cases() as cases:
                for value in given:
                    case = dict(zip(arguments, value, strict=True))
                    with cases.trying(case):
                        test(**case, **others)

        asked = inspect.signature(test)
        left = [one for name, one in asked.parameters.items() if name not in arguments]
        trying_all.__signature__ = asked.replace(parameters=left)  # type: ignore[attr-defined]
        return trying_all

    return of_all

"""Taking the current block along into other threads, where a new thread begins with none."""

from __future__ import annotations

import functools
from contextvars import copy_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def wrap(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return *function* for another thread: its AI calls belong to the block that is current here.

    ::

        with ai_usage_context("scan", job_id="job-123"):
            thread = threading.Thread(target=wrap(analyse), args=(receipt,))

    It may be called any number of times, also at the same time.  A call that ends after its
    block is booked to it all the same, and marked late.
    """
    here = copy_context()

    @functools.wraps(function)
    def propagated(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        # A context can be entered once at a time, so each call has a copy.
        return here.copy().run(function, *args, **kwargs)

    return propagated

"""A pool of threads whose tasks belong to the block that gave them."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tracker.context.propagation import Arguments, Result


class ContextExecutor(ThreadPoolExecutor):
    """A ``ThreadPoolExecutor`` of which each task belongs to the block that gave it.

    ``submit``, ``map`` and asyncio's ``run_in_executor`` all carry it; each task has a copy.
    """

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Schedule ``fn(*args, **kwargs)`` in the context of the caller."""
        return super().submit(functools.partial(copy_context().run, fn, *args, **kwargs))

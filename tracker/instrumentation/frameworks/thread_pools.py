"""Pools of threads in which frameworks ask models: their tasks belong to who asked the framework.

A program that hands work to threads says itself whom it is for (``tracker.wrap``).  Of a framework
it does not know that there are threads.  So what code of the frameworks below gives to a pool
runs in the block, and for the observer, of the thread that gave it; other variables of the
context are as the framework has them.  Pools of the program, and of other libraries, are theirs.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary
from tracker.instrumentation.observation import is_quiet, propagated
from tracker.instrumentation.providers.provider import MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: Packages whose code asks models in pools of its own.
FRAMEWORKS = frozenset(
    {
        "agno",
        "autogen_core",
        "autogen_ext",
        "crewai",
        "dspy",
        "haystack",
        "haystack_integrations",
        "instructor",
        "langchain",
        "langchain_core",
        "langgraph",
        "litellm",
        "llama_index",
        "mirascope",
        "pydantic_ai",
        "semantic_kernel",
        "smolagents",
    }
)


def patch(_framework: object = None) -> None:
    """Have pools take along whom a framework's task is for; a second time changes nothing."""
    with boundary("patch"):
        # Not before: once the main thread has ended it cannot be imported any more.
        from concurrent.futures import ThreadPoolExecutor

        method = ThreadPoolExecutor.submit
        if not hasattr(method, MARK):
            ThreadPoolExecutor.submit = _propagating(method)  # type: ignore[method-assign]


def unpatch() -> None:
    """Put the pools' own method back."""
    from concurrent.futures import ThreadPoolExecutor

    method = ThreadPoolExecutor.submit
    if hasattr(method, MARK):
        ThreadPoolExecutor.submit = method.__wrapped__  # type: ignore[method-assign,attr-defined]


def _propagating(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def submit(pool: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if not is_quiet() and _is_framework(sys._getframe(1)):
            fn = propagated(fn)
        return method(pool, fn, *args, **kwargs)

    setattr(submit, MARK, True)
    return submit


def _is_framework(caller: FrameType | None) -> bool:
    """Return whether *caller*, or who calls ``map`` of the pool, is code of a framework."""
    while caller is not None:
        package = str(caller.f_globals.get("__name__", "")).partition(".")[0]
        if package != "concurrent":
            return package in FRAMEWORKS
        caller = caller.f_back
    return False

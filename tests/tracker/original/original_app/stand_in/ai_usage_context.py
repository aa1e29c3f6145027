"""The contexts of the original: what is current is a thread's own."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from original_app.stand_in.ai_usage_tracker import AIUsageTracker

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
_local = threading.local()
IDS = ("job_id", "batch_id", "user_id", "github_pr")


def get_current_context() -> dict[str, Any] | None:
    """Return the thread's context."""
    return getattr(_local, "context", None)


def set_current_context(context: dict[str, Any] | None) -> None:
    """Set the thread's context."""
    _local.context = context


@contextmanager
def ai_usage_context(
    operation_type: str, tracker: Any = None, environment: Any = None, **kwargs: Any
) -> Iterator[Any]:
    """Attribute the calls of a block, and flush at its end."""
    if tracker is None:
        tracker = AIUsageTracker.create_for_environment(environment=environment)
    parent = get_current_context()
    context = {
        "operation_type": operation_type,
        "start_time": datetime.now(UTC).isoformat(),
        "thread_id": threading.get_ident(),
        **{name: value for name, value in kwargs.items() if value is not None},
    }
    if parent:
        context |= {"parent_operation": parent["operation_type"], "parent_context": parent}
    set_current_context(context)
    tracker.set_context(context)
    began = time.time()
    told: dict[str, Any] = {"error_occurred": False}
    try:
        yield tracker
    except Exception as error:
        told = {"error_occurred": True, "error_message": str(error)}
        raise
    finally:
        told["operation_duration_ms"] = (time.time() - began) * 1000
        try:
            tracker.add_context_metadata(told)
            tracker.flush_metrics()
        except Exception as error:  # noqa: BLE001 - as it was
            logger.error("Failed to flush metrics: %s", error)
        set_current_context(parent)


@contextmanager
def batch_ai_usage_context(
    batch_id: str, operation_type: str = "batch_processing", **kwargs: Any
) -> Iterator[Any]:
    """Book a block's calls at batch prices."""
    named = {**kwargs, "batch_id": batch_id, "is_batch": True}
    with ai_usage_context(operation_type, **named) as tracker:
        tracker.set_batch_mode(True)
        yield tracker


@contextmanager
def partial_failure_context(
    operation_type: str, tracker: Any = None, continue_on_error: bool = True, **kwargs: Any
) -> Iterator[dict[str, Any]]:
    """Count successes and failures."""
    with ai_usage_context(operation_type, tracker=tracker, **kwargs) as given:
        counts: dict[str, Any] = {
            "tracker": given,
            "errors": [],
            "success_count": 0,
            "failure_count": 0,
            "continue_on_error": continue_on_error,
        }
        try:
            yield counts
        finally:
            summary = {
                "total_operations": counts["success_count"] + counts["failure_count"],
                "successful": counts["success_count"],
                "failed": counts["failure_count"],
                "error_count": len(counts["errors"]),
                "errors": counts["errors"][:10],
            }
            given.add_context_metadata({"partial_failure_summary": summary})


def ai_usage_tracked(
    operation_type: Any = None, tracker: Any = None, environment: Any = None, **fields: Any
) -> Any:
    """Run each call of a function in a context."""
    if callable(operation_type):
        return ai_usage_tracked()(operation_type)

    def decorate(function: Any) -> Any:
        takes = inspect.signature(function).parameters

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            ids = {name: kwargs.pop(name) for name in IDS if name in kwargs and name not in takes}
            ids |= {name: kwargs[name] for name in IDS if name in kwargs}
            name = operation_type or function.__name__
            chosen = kwargs.get("tracker") or tracker
            with ai_usage_context(name, chosen, environment, **fields, **ids) as given:
                if "tracker" in takes:
                    kwargs.setdefault("tracker", given)
                return function(*args, **kwargs)

        return call

    return decorate

"""A stand-in that behaves as the original ``receipt_label.utils`` runtime does.

What sets it apart from ours: ``user_id=`` in a context is only metadata,
``job_id=None`` erases the id, a block leaves its ids, context and batch mode on
the tracker, a context without ``tracker=`` has no sink, the current context
is per thread, a wrapped client writes it on its tracker for good, and clients
that nobody wrapped are not captured.  The older spelling of a set call is known outside
blocks only: the runtimes that have contexts do not have it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

_local = threading.local()
_recorded: list[Recorded] = []


@dataclass(frozen=True)
class Recorded:
    """One metric, as far as it is compared."""

    service: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    job_id: str | None
    batch_id: str | None
    user_id: str
    github_pr: int | None
    batch: bool


class AIUsageTracker:
    """Books calls under the ids that were set last, for as long as the object lives."""

    def __init__(self, user_id: str | None = None, stores: bool = True, **arguments: Any) -> None:
        if arguments.get("environment") == "nowhere":
            raise ValueError("no such environment")
        self.user_id = user_id or "default"
        self.current_job_id: str | None = None
        self.current_batch_id: str | None = None
        self.github_pr: int | None = None
        self.current_context: dict[str, Any] = {}
        self.batch_mode = False
        self.pending_metrics: list[Any] = []
        self.table_name = arguments.get("table_name") or "AIUsageMetrics"
        self.dynamo_client = arguments.get("dynamo_client")
        self._log_file = arguments.get("log_file") if arguments.get("track_to_file") else None
        self._stores = stores
        self._blocks = 0

    @classmethod
    def create_for_environment(cls, **arguments: Any) -> Self:
        """Return a tracker for the environment."""
        return cls(**arguments)

    def set_tracking_context(
        self,
        job_id: str | None = None,
        batch_id: str | None = None,
        github_pr: int | None = None,
        user_id: str | None = None,
    ) -> None:
        """Set the ids that are not None."""
        self.current_job_id = self.current_job_id if job_id is None else job_id
        self.current_batch_id = self.current_batch_id if batch_id is None else batch_id
        self.github_pr = self.github_pr if github_pr is None else github_pr
        self.user_id = self.user_id if user_id is None else user_id

    def set_context(self, context: Mapping[str, Any] | None = None, **ids: Any) -> None:
        """Replace the context; with keywords, the older name of ``set_tracking_context``."""
        if context is None:
            if self._blocks:
                raise TypeError("set_context() got an unexpected keyword argument")
            self.set_tracking_context(**ids)
            return
        self.current_context = dict(context)
        if "job_id" in context:
            self.current_job_id = context["job_id"]
        if "batch_id" in context:
            self.current_batch_id = context["batch_id"]
        if "github_pr" in context:
            self.github_pr = context["github_pr"]

    def set_batch_mode(self, enabled: bool) -> None:
        """Switch batch prices on or off."""
        self.batch_mode = enabled

    def add_context_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add to the context."""
        self.current_context.update(metadata)

    def flush_metrics(self) -> None:
        """Nothing is ever pending."""

    def track_openai_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func*, each of its calls booked."""
        return self._observed(func, "openai")

    def track_openai_embedding(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func*, each of its calls booked."""
        return self._observed(func, "openai")

    def track_anthropic_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func*, each of its calls booked."""
        return self._observed(func, "anthropic")

    @classmethod
    def create_wrapped_openai_client(cls, client: Any, tracker: AIUsageTracker) -> Any:
        """Return *client* with calls that *tracker* books."""
        return _Wrapped(client, tracker)

    def _observed(self, func: Callable[..., Any], service: str) -> Callable[..., Any]:
        @functools.wraps(func)
        def observed(*args: Any, **kwargs: Any) -> Any:
            try:
                response = func(*args, **kwargs)
            except Exception:
                self._record(service, None)
                raise
            self._record(service, response)
            return response

        return observed

    def _record(self, service: str, response: Any) -> None:
        if not self._stores:
            return
        usage = getattr(response, "usage", None)
        self._store_metric(
            Recorded(
                service,
                getattr(response, "model", "unknown"),
                getattr(usage, "prompt_tokens", getattr(usage, "input_tokens", None)),
                getattr(usage, "completion_tokens", getattr(usage, "output_tokens", None)),
                self.current_job_id,
                self.current_batch_id,
                self.user_id,
                self.github_pr,
                self.batch_mode,
            )
        )

    def _create_base_metadata(self) -> dict[str, Any]:
        return dict(self.current_context)

    def _store_metric(self, metric: Recorded) -> None:
        client = self.dynamo_client
        if client is None:
            _recorded.append(metric)
        elif hasattr(client, "put_ai_usage_metric"):
            client.put_ai_usage_metric(metric)
        else:
            client.put_item(TableName=self.table_name, Item={"model": {"S": metric.model}})
        if self._log_file is not None:
            with Path(self._log_file).open("a") as file:
                file.write(json.dumps({"model": metric.model, "job_id": metric.job_id}) + "\n")


class _Wrapped:
    """A client, or a resource of one, whose ``create`` is booked."""

    def __init__(self, wrapped: Any, tracker: AIUsageTracker) -> None:
        self._wrapped = wrapped
        self._tracker = tracker

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        return value if name == "create" else _Wrapped(value, self._tracker)

    def create(self, **body: Any) -> Any:
        context = get_current_context()
        if context:
            self._tracker.set_context(context)
        create = self._wrapped.create
        made = create(**body)
        if inspect.iscoroutine(made):
            return self._finished(made)
        return self._tracker.track_openai_completion(lambda: made)()

    async def _finished(self, made: Any) -> Any:
        response = await made
        return self._tracker.track_openai_completion(lambda: response)()


def get_current_context() -> dict[str, Any] | None:
    """Return this thread's context."""
    context: dict[str, Any] | None = getattr(_local, "context", None)
    return context


def set_current_context(context: dict[str, Any] | None) -> None:
    """Replace this thread's context."""
    _local.context = context


@contextlib.contextmanager
def ai_usage_context(
    operation_type: str,
    tracker: AIUsageTracker | None = None,
    environment: str | None = None,
    **fields: Any,
) -> Iterator[AIUsageTracker]:
    """Give *tracker*, or one that stores nothing; nothing is restored at the end."""
    used = AIUsageTracker(stores=False) if tracker is None else tracker
    outer = get_current_context()
    context = {"operation_type": operation_type, **fields}
    if outer is not None:
        context["parent_operation"] = outer.get("operation_type")
    set_current_context(context)
    used.set_context(context)
    used._blocks += 1
    try:
        yield used
    finally:
        used._blocks -= 1
        used.flush_metrics()
        set_current_context(outer)


@contextlib.contextmanager
def batch_ai_usage_context(
    batch_id: str,
    operation_type: str = "batch_processing",
    tracker: AIUsageTracker | None = None,
    environment: str | None = None,
    **fields: Any,
) -> Iterator[AIUsageTracker]:
    """As above, in batch mode, which stays on."""
    fields = {**fields, "batch_id": batch_id, "is_batch": True}
    with ai_usage_context(operation_type, tracker, environment, **fields) as used:
        used.set_batch_mode(True)
        yield used


def stored() -> int:
    """Return how many metrics there are."""
    return len(_recorded)


def taken() -> list[Recorded]:
    """Return what was recorded since the last time, and start anew."""
    found = list(_recorded)
    _recorded.clear()
    _local.context = None
    return found

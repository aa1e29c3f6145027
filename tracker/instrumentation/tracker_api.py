"""What a tracker observes for a program: decorated functions, clients that carry it, reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.config.misuse import forgiven, forgiving, has_methods, kind_of, tell
from tracker.context.attribution import Attribution
from tracker.instrumentation import installation
from tracker.instrumentation.decorators import observe
from tracker.records import recorder
from tracker.records.metric import Call, Usage
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The operation of a Places call that was given none.
UNNAMED = "unnamed"


class Observing(Attribution):
    """The decorators and the client wrappers of a tracker."""

    def settle(self, records: Iterable[PendingRecord], *, wait: bool = True) -> None:
        """Store *records*, each once."""
        raise NotImplementedError

    @forgiving
    def track_openai_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: OpenAI completions that it makes or returns are booked once.

        Also the manual replay ``tracker.track_openai_completion(lambda: result)()``:
        a result that was captured already is not booked again.
        """
        return self._observed("openai", "completion", func)

    @forgiving
    def track_openai_embedding(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: OpenAI embeddings that it makes or returns are booked once."""
        return self._observed("openai", "embedding", func)

    @forgiving
    def track_anthropic_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: Anthropic messages that it returns are booked once."""
        return self._observed("anthropic", "completion", func)

    @forgiving
    def track_google_places(self, operation: str) -> Callable[..., Callable[..., Any]]:
        """Return a decorator that books each call of a function as one Places *operation*."""
        if callable(operation):
            tell(TypeError("track_google_places: name an operation, as in (operation='details')"))
            return self._observed("google_places", UNNAMED, operation)
        name = operation if isinstance(operation, str) else UNNAMED
        return lambda func: observe(self, "google_places", name, func)

    @forgiving
    def track_github_claude_review(
        self, pr_number: int, model: str = "claude-3-opus-20240229", estimated_tokens: int = 5000
    ) -> None:
        """Book a review of pull request *pr_number* by its estimated tokens, 70 % of them input."""
        node = self.node()
        state = node.state.with_ids(github_pr=pr_number, user_id="github-actions")
        usage = Usage()
        with forgiven("track_github_claude_review"):
            total = int(estimated_tokens)
            usage = Usage(total * 7 // 10, total - total * 7 // 10, total)
        record = opened(self, node, state)
        name = model if isinstance(model, str) else None
        recorder.accept(record, Call("anthropic", "code_review", name, usage))
        if not recorder.is_kept(record):
            self.settle([record])

    def _observed(self, service: str, operation: str, func: Any) -> Callable[..., Any]:
        if func is None:  # as in @tracker.track_openai_completion(), which has said so by now
            return lambda function: observe(self, service, operation, function)
        return observe(self, service, operation, func)

    @classmethod
    @forgiving
    def create_wrapped_openai_client(cls, client: Any, tracker: Any) -> Any:
        """Return a client like *client*, sync or async, whose billed calls *tracker* books."""
        return cls._wrapped(client, tracker, "openai")

    @classmethod
    @forgiving
    def create_wrapped_anthropic_client(cls, client: Any, tracker: Any) -> Any:
        """Return a client like *client*, sync or async, whose billed calls *tracker* books."""
        return cls._wrapped(client, tracker, "anthropic")

    @classmethod
    @forgiving
    def create_wrapped_places_client(cls, client: Any, tracker: Any) -> Any:
        """Return a Google Maps client like *client* whose Places calls *tracker* books."""
        return cls._wrapped(client, tracker, "google_places")

    @classmethod
    def _wrapped(cls, client: Any, tracker: Any, service: str) -> Any:
        if isinstance(client, Observing) and not isinstance(tracker, Observing):
            tell(TypeError(f"create_wrapped_{service}_client: the client comes first"))
            client, tracker = tracker, client
        if not has_methods(tracker, "node", "borrows", "settle"):
            tell(TypeError(f"create_wrapped_{service}_client: {kind_of(tracker)} is no tracker"))
            tracker = cls.for_detected_environment()
        return installation.wrap_client(client, tracker, service)

    @classmethod
    def for_detected_environment(cls) -> Any:
        """Return a new tracker of this class for the environment that is detected."""
        raise NotImplementedError

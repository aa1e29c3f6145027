"""``AIUsageTracker``: the object that legacy code makes and contexts hand out."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any

from tracker import instrumentation, ledger, scope
from tracker.environment_config import (
    AIUsageEnvironmentConfig,
    Environment,
    EnvironmentConfig,
)
from tracker.errors import TableEnvironmentError
from tracker.guard import tolerated
from tracker.instrumentation.decorators import observe
from tracker.metric import Call, Usage
from tracker.scope import Node, State
from tracker.sinks import default as default_store
from tracker.sinks.dynamo_client import DynamoClientSink
from tracker.sinks.jsonl import JsonlSink
from tracker.statement import metric_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from tracker.ledger import Booking
    from tracker.metric import Metric
    from tracker.typing import Sink

DEFAULT_TABLE = "AIUsageMetrics"
DEFAULT_LOG_FILE = "/tmp/ai_usage.jsonl"
ID_FIELDS = ("job_id", "batch_id", "user_id", "github_pr")


class AIUsageTracker:
    """Books AI calls to whoever the program says they are for, and stores them.

    ``dynamo_client`` is an object with ``put_ai_usage_metric(metric)`` or
    boto3's ``put_item``; without one (or with ``track_to_dynamo=False``) metrics go to
    the embedded SQLite file.  With ``track_to_file`` they go to ``log_file`` too.
    ``user_id`` is by default ``USER_ID`` of the environment, else "default";
    ``table_name`` is by default ``DYNAMODB_TABLE_NAME``, else "AIUsageMetrics",
    with the environment's suffix.

    Raises UnknownEnvironmentError for an environment that does not exist and
    TableEnvironmentError (both are ValueErrors) for another environment's table.
    """

    # Declared here so that a double made with spec=AIUsageTracker has them.
    dynamo_client: Any = None
    table_name: str = DEFAULT_TABLE
    track_to_dynamo: bool = True
    track_to_file: bool = False
    log_file: str = DEFAULT_LOG_FILE
    environment: Environment = Environment.DEVELOPMENT
    environment_config: EnvironmentConfig | None = None

    def __init__(
        self,
        dynamo_client: Any = None,
        table_name: str | None = None,
        user_id: str | None = None,
        track_to_dynamo: bool = True,
        track_to_file: bool = False,
        log_file: str = DEFAULT_LOG_FILE,
        environment: Environment | str | None = None,
        environment_config: EnvironmentConfig | None = None,
        validate_table_environment: bool = True,
    ) -> None:
        config = environment_config or AIUsageEnvironmentConfig.get_config(environment)
        self.environment_config = config
        self.environment = config.environment
        self.dynamo_client = dynamo_client
        self.table_name = _table_name(table_name, config, validate=validate_table_environment)
        self.track_to_dynamo = track_to_dynamo
        self.track_to_file = track_to_file
        self.log_file = log_file
        self._default_user = os.environ.get("USER_ID") or "default"
        self._standing = Node(State(user_id=user_id), self, is_block=False)
        self._latest: Node | None = None
        self._birthplace: Node | None = None
        instrumentation.install()

    # --- who calls are attributed to ------------------------------------------------

    @property
    def current_job_id(self) -> str | None:
        """The job that a call made now is booked to."""
        return self.node().state.job_id

    @current_job_id.setter
    def current_job_id(self, value: str | None) -> None:
        self._change(job_id=value)

    @property
    def current_batch_id(self) -> str | None:
        """The batch that a call made now is booked to."""
        return self.node().state.batch_id

    @current_batch_id.setter
    def current_batch_id(self, value: str | None) -> None:
        self._change(batch_id=value)

    @property
    def github_pr(self) -> int | None:
        """The pull request that a call made now is booked to."""
        return self.node().state.github_pr

    @github_pr.setter
    def github_pr(self, value: int | None) -> None:
        self._change(github_pr=value)

    @property
    def user_id(self) -> str:
        """The user that a call made now is booked to."""
        return self.node().state.user_id or self._default_user

    @user_id.setter
    def user_id(self, value: str | None) -> None:
        self._change(user_id=value)

    @property
    def batch_mode(self) -> bool:
        """Whether calls are booked at batch prices."""
        return self.node().state.batch_mode

    @batch_mode.setter
    def batch_mode(self, value: bool) -> None:
        self._change(batch_mode=bool(value))

    @property
    def current_context(self) -> dict[str, Any]:
        """A copy of what the current block was given: operation type, fields, metadata."""
        return dict(self.node().state.context)

    @current_context.setter
    def current_context(self, value: Mapping[str, Any] | None) -> None:
        self._change(context=dict(value or {}))

    @property
    def pending_metrics(self) -> list[Metric]:
        """The current block's calls that are not stored yet, in the order in which they ended."""
        return [self._metric(booking) for booking in list(self.node().pending.values())]

    def set_tracking_context(
        self,
        job_id: str | None = None,
        batch_id: str | None = None,
        github_pr: int | None = None,
        user_id: str | None = None,
    ) -> None:
        """Attribute the calls that follow; ``None`` leaves an id as it is.

        Inside a block this holds until the block ends, elsewhere until it is called again.
        """
        node = self.node()
        node.state = node.state.with_ids(
            job_id=job_id, batch_id=batch_id, github_pr=github_pr, user_id=user_id
        )

    def set_context(self, context: Mapping[str, Any] | None = None, **ids: Any) -> None:
        """Replace the context by a copy of *context*, and take over the ids that it names.

        The older form with keywords sets ids as ``set_tracking_context`` does;
        keywords that name no id are added to the context.
        """
        if context is not None and context is self.node().state.context:
            return  # a block that has just begun: its state holds all this already
        if context is not None:
            self._change(context=dict(context))
            ids = {**context, **ids}
        elif others := {name: value for name, value in ids.items() if name not in ID_FIELDS}:
            self.add_context_metadata(others)
        self.set_tracking_context(**{name: ids.get(name) for name in ID_FIELDS})

    def add_context_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add *metadata* to the context; the metrics of the block carry it when stored."""
        node = self.node()
        node.state = scope.changed(node.state, context={**node.state.context, **metadata})

    def set_batch_mode(self, enabled: bool) -> None:
        """Book the calls that follow at batch prices, or no longer."""
        self.batch_mode = enabled

    def node(self) -> Node:
        """Return the block that this tracker books to here: the innermost open one of its own.

        In a thread that has none, it is the block that this tracker was last
        given to, if that is still open; else the tracker's standing state.
        """
        return self._own_block() or self._open(self._latest) or self._standing

    def inherited(self) -> State:
        """Return what a block that is entered here with this tracker starts from.

        A tracker that a block made for itself stands for that block in every
        thread.  One that many threads share does not: their blocks stay apart.
        """
        return (self._own_block() or self._open(self._birthplace) or self._standing).state

    def entered(self, node: Node, *, only_here: bool) -> None:
        """Note that *node* is a block of this tracker that has just begun.

        *only_here* says that the tracker was made for it.
        """
        self._latest = node
        if only_here:
            self._birthplace = node

    def _own_block(self) -> Node | None:
        node = scope.current()
        while node is not None and (node.tracker is not self or node.closed):
            node = node.parent
        return node

    def _open(self, node: Node | None) -> Node | None:
        node = None if node is None else node.nearest_open()
        return node if node is not None and node.tracker is self else None

    def _change(self, **changes: Any) -> None:
        node = self.node()
        node.state = scope.changed(node.state, **changes)

    # --- storing --------------------------------------------------------------------

    def flush_metrics(self) -> None:
        """Store what is pending: one ``_store_metric`` call a metric."""
        node = self.node()
        self.settle([*node.pending.values(), *self._standing.pending.values()])

    def settle(self, bookings: Iterable[Booking]) -> None:
        """Store *bookings*, each once; those that are stored or unfinished are passed over."""
        for booking in bookings:
            for taken in ledger.take([booking]):
                self._store_metric(self._metric(taken, priced=True))

    def _store_metric(self, metric: Metric) -> None:
        """Write *metric* to every store; one that fails is logged and the others still run."""
        for sink in self._sinks():
            with tolerated(f"sink {type(sink).__name__}", "Failed to store an AI usage metric"):
                sink.write([metric])

    def _sinks(self) -> list[Sink]:
        # Made anew each time: programs assign these attributes after construction.
        sinks: list[Sink] = []
        if self.track_to_dynamo and self.dynamo_client is not None:
            sinks.append(DynamoClientSink(self.dynamo_client, self.table_name))
        else:
            sinks.append(default_store.DefaultSink())
        if self.track_to_file:
            sinks.append(JsonlSink(self.log_file))
        return sinks

    def _create_base_metadata(self) -> dict[str, Any]:
        """Return the environment's tags, overlaid by the current context."""
        return {**self._tags(), **self.node().state.context}

    def _tags(self) -> Mapping[str, str]:
        return self.environment_config.auto_tag if self.environment_config else {}

    def _metric(self, booking: Booking, *, priced: bool = False) -> Metric:
        return metric_of(
            booking,
            tags=self._tags(),
            environment=self.environment.value,
            default_user=self._default_user,
            priced=priced,
        )

    # --- observing ------------------------------------------------------------------

    def track_openai_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: OpenAI completions that it makes or returns are booked once.

        Also the manual replay ``tracker.track_openai_completion(lambda: result)()``:
        a result that was captured already is not booked again.
        """
        return observe(self, "openai", "completion", func)

    def track_openai_embedding(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: OpenAI embeddings that it makes or returns are booked once."""
        return observe(self, "openai", "embedding", func)

    def track_anthropic_completion(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* observed: Anthropic messages that it returns are booked once."""
        return observe(self, "anthropic", "completion", func)

    def track_google_places(self, operation: str) -> Callable[..., Callable[..., Any]]:
        """Return a decorator that books each call of a function as one Places *operation*."""
        return lambda func: observe(self, "google_places", operation, func)

    def track_github_claude_review(
        self, pr_number: int, model: str = "claude-3-opus-20240229", estimated_tokens: int = 5000
    ) -> None:
        """Book a review of pull request *pr_number* by its estimated tokens, 70 % of them input."""
        node = self.node()
        state = node.state.with_ids(github_pr=pr_number, user_id="github-actions")
        inputs = estimated_tokens * 7 // 10
        usage = Usage(inputs, estimated_tokens - inputs, estimated_tokens)
        booking = ledger.Booking(self, node, state)
        ledger.book(booking, Call("anthropic", "code_review", model, usage))
        if not node.is_block:
            self.settle([booking])

    @classmethod
    def create_for_environment(
        cls,
        dynamo_client: Any = None,
        table_name: str | None = None,
        user_id: str | None = None,
        track_to_dynamo: bool = True,
        track_to_file: bool = False,
        log_file: str = DEFAULT_LOG_FILE,
        environment: Environment | str | None = None,
    ) -> Self:
        """Return a tracker configured for *environment*, by default for the detected one."""
        return cls(
            dynamo_client=dynamo_client,
            table_name=table_name,
            user_id=user_id,
            track_to_dynamo=track_to_dynamo,
            track_to_file=track_to_file,
            log_file=log_file,
            environment_config=AIUsageEnvironmentConfig.get_config(environment),
        )

    @classmethod
    def create_wrapped_openai_client(cls, client: Any, tracker: AIUsageTracker) -> Any:
        """Return a client like *client*, sync or async, whose billed calls *tracker* books."""
        from tracker.instrumentation.wrapped import OPENAI_CALLS, WrappedClient

        return WrappedClient(client, tracker, "openai", OPENAI_CALLS)

    @classmethod
    def create_wrapped_places_client(cls, client: Any, tracker: AIUsageTracker) -> Any:
        """Return a Google Maps client like *client* whose Places calls *tracker* books."""
        from tracker.instrumentation.wrapped import PLACES_CALLS, WrappedClient

        return WrappedClient(client, tracker, "google_places", PLACES_CALLS)


def _table_name(given: str | None, config: EnvironmentConfig, *, validate: bool) -> str:
    base = os.environ.get("DYNAMODB_TABLE_NAME") or DEFAULT_TABLE
    if given is None:
        return base if base.endswith(config.table_suffix) else base + config.table_suffix
    if validate and _contradicts(given, base, config.environment):
        raise TableEnvironmentError(
            f"Table {given!r} does not match environment {config.environment.value!r};"
            f" use {base + config.table_suffix!r}, or set ENVIRONMENT to the table's environment"
        )
    return given


def _contradicts(table: str, base: str, environment: Environment) -> bool:
    """Return whether *table* names another environment; a name that names none does not."""
    if environment is not Environment.PRODUCTION and table == base:
        return True
    others = (f"-{other.value}" for other in Environment if other is not environment)
    return table.endswith(tuple(others))


def _finish() -> None:
    """Lose nothing at interpreter exit: store what is left, then close the files."""
    ledger.settle_all()
    default_store.close_all()


atexit.register(_finish)

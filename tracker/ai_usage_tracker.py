"""``AIUsageTracker``: the object that legacy code makes and contexts hand out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from tracker.config import folders, settings
from tracker.config.misuse import forgiving, has_methods, kind_of, tell
from tracker.context import scope, unattributed
from tracker.context.pickling import received, told_of
from tracker.context.propagation import wrap
from tracker.context.standing import Standing, StandingOfTracker, own_block, still_open
from tracker.context.state import BLANK, State
from tracker.delivery import destinations, writer
from tracker.environment_config import (
    DEFAULT_TABLE,
    AIUsageEnvironmentConfig,
    Environment,
    EnvironmentConfig,
    table_for,
)
from tracker.instrumentation import installation
from tracker.instrumentation.tracker_api import Observing
from tracker.records import recorder
from tracker.records.builder import metric_of
from tracker.records.pending_record import PendingRecord
from tracker.sinks import override as default_store
from tracker.sinks.dynamodb.client import DynamoClientSink
from tracker.sinks.jsonl import log_file as log_file_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from tracker.context.propagation import Arguments, Result
    from tracker.context.scope import Node
    from tracker.delivery.destinations import Destination
    from tracker.records.metric import Metric
    from tracker.sinks.protocol import ClientSink, Sink

DEFAULT_LOG_FILE = "/tmp/ai_usage.jsonl"


class Usual(NamedTuple):
    """A class that detects environments, and what its attributes are while nobody replaced them."""

    environments: type[AIUsageEnvironmentConfig]
    attributes: Mapping[str, Any]
    get_config: object
    detect: object


class AIUsageTracker(Observing):
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
    _standing: Standing = cast("Standing", StandingOfTracker())
    _folder: str = folders.START
    #: What a context need not ask anew where nobody replaced it: see ``_is_made_as_usual``.
    _usual: ClassVar[Usual]

    @forgiving
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
        settings.current()  # a mistake in them is told here, not in some thread
        config = _configuration(environment_config, environment, self.environments())
        self.environment_config = config
        self.environment = config.environment
        self.dynamo_client = dynamo_client
        if table_name is not None and not isinstance(table_name, str):
            tell(TypeError(f"table_name is a text, not a {kind_of(table_name)}"))
            table_name = None
        self.table_name = table_for(table_name, config, validate=validate_table_environment)
        self.track_to_dynamo = track_to_dynamo
        self.track_to_file = track_to_file
        self.log_file = log_file
        self._folder = folders.here()
        self._default_user = os.environ.get("USER_ID") or "default"
        state = BLANK if user_id is None else State(user_id=user_id)
        self._standing = Standing(state)
        self.begin()

    def __reduce__(self) -> Any:
        return received, (type(self), told_of(self))

    def begin(self) -> None:
        """Observe the clients of this process from now on."""
        installation.install()
        unattributed.notice_environment()

    # --- who calls are attributed to ------------------------------------------------

    @property
    def pending_metrics(self) -> list[Metric]:
        """The current block's calls that are not stored yet, in the order in which they ended."""
        return [self._metric(record) for record in list(self.node().pending.values())]

    def node(self) -> Node:
        """Return the block that this tracker books to here: the innermost open one of its own.

        In a thread that has none, it is the block that this tracker was last
        given to, if that is still open; else the tracker's standing state.
        """
        node = scope.last_entered()
        if node is not None and node.tracker is self and not node.closed:
            return node
        standing = self._standing
        return own_block(self) or still_open(standing.latest, self) or standing

    def inherited(self) -> State:
        """Return what a block that is entered here with this tracker starts from.

        A tracker that a block made for itself stands for that block in every
        thread.  One that many threads share does not: their blocks stay apart.
        """
        standing = self._standing
        if scope.last_entered() is None and standing.birthplace is None:
            return standing.state
        return (own_block(self) or still_open(standing.birthplace, self) or standing).state

    # --- storing --------------------------------------------------------------------

    def flush_metrics(self) -> None:
        """Store what is pending here: one ``_store_metric`` call a metric.

        When it returns, a client of the program's own has the metrics, and they are on disk,
        inside a block too.
        """
        node = self.node()
        if node.ending:  # the end of a block stores that block's, and waits where none is around
            self._flush(node)
            return
        self.settle(recorder.pending(self, [self._standing, node]))
        writer.flush_here()

    def _flush(self, node: Node) -> None:
        """Store what is pending in the block *node*, and outside all blocks."""
        if node.pending or self._standing.pending:
            self.settle([*node.pending.values(), *self._standing.pending.values()])

    def settle(self, records: Iterable[PendingRecord], *, wait: bool = True) -> None:
        """Store *records*, each once; those that are stored or unfinished are passed over."""
        taken: list[Any] = []
        try:
            recorder.take(records, taken)
            if not taken:
                return
            if self._is_watched():
                recorder.each(taken, lambda record: self._store_metric(self._handed(record)))
            else:
                writer.hand_over(self, taken)
        finally:
            if taken:  # an interrupt came
                recorder.give_back(taken)
        if wait and scope.is_outside():
            writer.leave()

    def _store_metric(self, metric: Metric) -> None:
        """Hand *metric* to every store; one that fails is logged and the others still run."""
        writer.hand_over(self, [metric])

    def _is_watched(self) -> bool:
        """Whether a test or a subclass replaced ``_store_metric``: then it gets each metric."""
        return getattr(self._store_metric, "__func__", None) is not _STORE_METRIC

    def priced(self, item: PendingRecord | Metric) -> Metric:
        """Return the metric that is stored of *item*; what a program made itself stays as it is."""
        return self._metric(item, priced=True) if isinstance(item, PendingRecord) else item

    def _handed(self, record: PendingRecord) -> Metric:
        """Return what a ``_store_metric`` of the program's own gets of *record*."""
        return self.priced(record)

    def sinks_at_once(self) -> list[Sink]:
        """Return the stores in the program's own memory: a client of its own, and a test's."""
        if self._has_client():
            if destinations.is_remote_client(self.dynamo_client):
                return []
            return [self._client_sink()]
        sink = default_store.overriding()
        return [] if sink is None else [sink]

    def has_destinations(self) -> bool:
        """Whether metrics go to other stores, too."""
        return self.track_to_file or not self.sinks_at_once()

    def destinations(self, *, beside: bool) -> list[Destination]:
        """Return those other stores; *beside* one at once it is the log file only."""
        found: list[Destination] = []
        if not beside:
            found = self._client_destination() or destinations.named(self.table_name)
        if self.track_to_file:
            file = os.path.join(self._folder, self.log_file)  # noqa: PTH118 - pathlib loads later
            key = f"log_file:{file}"
            found.append(destinations.known(key, lambda: log_file_sink(file), durable=True))
        return found

    def _has_client(self) -> bool:
        client = self.dynamo_client
        return (
            self.track_to_dynamo
            and client is not None
            and (has_methods(client, "put_ai_usage_metric") or has_methods(client, "put_item"))
        )

    def _client_destination(self) -> list[Destination]:
        if not self._has_client():
            return []
        return [destinations.of_client(self.table_name, self._client_sink())]

    def _client_sink(self) -> ClientSink:
        """Return what hands metrics to the application's own client, which there is."""
        return DynamoClientSink(self.dynamo_client, self.table_name)

    def _create_base_metadata(self) -> dict[str, Any]:
        """Return the environment's tags, overlaid by the current context."""
        return {**self._tags(), **self.node().state.context}

    def _tags(self) -> Mapping[str, str]:
        return self.environment_config.auto_tag if self.environment_config else {}

    def _metric(self, record: PendingRecord, *, priced: bool = False) -> Metric:
        return metric_of(
            record,
            tags=self._tags(),
            environment=self.environment.value,
            default_user=self._default_user,
            priced=priced,
        )

    def wrap(self, function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        """Return *function* for another thread, as ``tracker.wrap`` does."""
        return wrap(function)

    # --- making -------------------------------------------------------------------------

    @classmethod
    @forgiving
    def create_for_environment(
        cls,
        dynamo_client: Any = None,
        table_name: str | None = None,
        user_id: str | None = None,
        track_to_dynamo: bool = True,
        track_to_file: bool = False,
        log_file: str = DEFAULT_LOG_FILE,
        environment: Environment | str | None = None,
        validate_table_environment: bool = True,
    ) -> Self:
        """Return a tracker configured for *environment*, by default for the detected one."""
        is_default = dynamo_client is None and table_name is None and user_id is None
        if is_default and track_to_dynamo and not track_to_file and log_file == DEFAULT_LOG_FILE:
            return cls._like_the_last(environment)
        return cls(
            dynamo_client=dynamo_client,
            table_name=table_name,
            user_id=user_id,
            track_to_dynamo=track_to_dynamo,
            track_to_file=track_to_file,
            log_file=log_file,
            environment_config=cls.environments().get_config(environment),
            validate_table_environment=validate_table_environment,
        )

    @classmethod
    def for_detected_environment(cls) -> Self:
        """Return a new tracker of this class for the environment that is detected."""
        return cls.create_for_environment()

    @classmethod
    def environments(cls) -> type[AIUsageEnvironmentConfig]:
        """Return what detects environments; a program's tests replace it in this module."""
        return AIUsageEnvironmentConfig

    @classmethod
    def _like_the_last(cls, environment: Environment | str | None) -> Self:
        """Return a new tracker, a copy of the last where its surroundings are the same.

        Each context without a tracker makes one, and finding out anew where it runs takes
        several times as long as all the rest.
        """
        global _last
        environments = cls.environments()
        is_known = environment is None or isinstance(environment, str)
        if not is_known or not _is_made_as_usual(cls, environments):
            return cls(environment_config=environments.get_config(environment))
        seen = environments.seen()
        known, made = _last
        if known != (cls, environment, seen):
            made = cls(environment_config=environments.get_config(environment))
            _last = (cls, environment, seen), made
        settings.current()
        installation.install()  # the last one may have tried in vain
        unattributed.notice_environment(seen[0])
        copy = object.__new__(cls)
        copy.__dict__ = {**made.__dict__, "_standing": Standing(BLANK)}
        return copy


def usual(environments: type[AIUsageEnvironmentConfig]) -> Usual:
    """Return how *environments* is now, before anybody can have replaced a part of it."""
    found = vars(environments)
    return Usual(environments, found, found["get_config"], found["detect_environment"])


#: The tracker that was made last for a block of its own, and what it was made for.
_last: tuple[object, Any] = (None, None)
_INIT, _NEW = AIUsageTracker.__init__, AIUsageTracker.__new__
AIUsageTracker._usual = usual(AIUsageEnvironmentConfig)


def _configuration(
    given: object,
    environment: Environment | str | None,
    environments: type[AIUsageEnvironmentConfig],
) -> EnvironmentConfig:
    """Return the configuration that was *given*, or that of *environment*."""
    if isinstance(given, EnvironmentConfig):
        return given
    if given is not None:
        tell(TypeError(f"environment_config is an EnvironmentConfig, not a {kind_of(given)}"))
    return environments.get_config(environment)


def _is_made_as_usual(cls: type[AIUsageTracker], environments: object) -> bool:
    """Whether neither a subclass nor a test has a say in how a tracker is made."""
    known = cls._usual
    return (
        cls.__init__ is _INIT
        and cls.__new__ is _NEW
        and environments is known.environments
        and known.attributes["get_config"] is known.get_config
        and known.attributes["detect_environment"] is known.detect
    )


# What blocks call while no test and no subclass has replaced it, and need not call then.
_STORE_METRIC = AIUsageTracker._store_metric
SET_CONTEXT = AIUsageTracker.set_context
SET_BATCH_MODE = AIUsageTracker.set_batch_mode
ADD_CONTEXT_METADATA = AIUsageTracker.add_context_metadata
FLUSH_METRICS = AIUsageTracker.flush_metrics


# Looked up when called: programs' tests replace it in this module.
unattributed.made_by(lambda: AIUsageTracker())

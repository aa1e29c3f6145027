"""A program that hands over odd things goes on as it would without us; each line is told once."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, Mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from runtime_calls import CHAT

import tracker as package
from tracker import (
    AIUsageEnvironmentConfig,
    AIUsageTracker,
    ai_usage_context,
    ai_usage_tracked,
    batch_ai_usage_context,
    error_boundary,
    get_current_context,
    partial_failure_context,
    record_batch_results,
    set_current_context,
)
from tracker.delivery import writer
from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import openai

    from tracker.testing import CapturedMetrics


class Hostile:
    """What a proxy of a web framework is outside of its request: every question raises."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("outside of a request")

    __bool__ = __len__ = __iter__ = __str__ = __repr__ = __hash__ = __eq__ = _refuse  # type: ignore[assignment]
    __getattr__ = __lt__ = __gt__ = __int__ = __float__ = __index__ = _refuse


class Untrained(AIUsageTracker):
    """A subclass that does not call our constructor."""

    def __init__(self) -> None:
        self.name = "mine"


@pytest.fixture(autouse=True)
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a program runs: nobody asked for errors."""
    monkeypatch.delenv("AI_USAGE_STRICT")


#: Odd values by name; each time another one is made.
ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "zero": lambda: 0,
    "negative": lambda: -5,
    "huge": lambda: 10**400,
    "not a number": lambda: math.nan,
    "infinite": lambda: math.inf,
    "empty": lambda: "",
    "text": lambda: "anna",
    "surrogate": lambda: "\ud800\x00",
    "bytes": lambda: b"x",
    "list": lambda: [1, 2],
    "pairs": lambda: [("a", 1)],
    "dict": lambda: {"job_id": "x"},
    "dict without names": lambda: {1: 2, None: 3},
    "set": lambda: {1},
    "object": object,
    "type": lambda: dict,
    "our class": lambda: AIUsageTracker,
    "builtin": lambda: len,
    "function": lambda: lambda *_args, **_kwargs: None,
    "coroutine function": lambda: asyncio.sleep,
    "class method": lambda: vars(AIUsageTracker)["create_for_environment"],
    "exception": lambda: ValueError("x"),
    "hostile": Hostile,
    "mock": Mock,
    "magic mock": MagicMock,
    "double": lambda: MagicMock(spec=AIUsageTracker),
    "bare double": lambda: Mock(spec=[]),
    "namespace": lambda: SimpleNamespace(id=1, usage="x", model=2),
    "tracker": AIUsageTracker,
    "untrained": Untrained,
    "context": lambda: ai_usage_context("inner"),
}
NAMES = [
    *(
        "operation_type",
        "tracker",
        "environment",
        "environment_config",
        "batch_id",
        "job_id",
        "jobid",
        "user_id",
    ),
    *("github_pr", "track_to_dynamo", "table_name", "dynamo_client", "is_batch", "item_count"),
    *("context", "metadata", "enabled", "client", "openai_client", "func", "operation", "timeout"),
    *("pr_number", "estimated_tokens", "lines", "batch", "continue_on_error", "log_file", "self_"),
]
VALUES = st.sampled_from(sorted(ODD))
ARGUMENTS = st.lists(VALUES, max_size=4)
KEYWORDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)


def used(context: Any) -> Any:
    """Enter and leave *context*."""
    with context as entered:
        return entered


def decorated(*args: Any, **kwargs: Any) -> Any:
    """Return what a function gives that runs in a context."""
    decorate = ai_usage_tracked(*args, **kwargs)
    is_function = args and (callable(args[0]) or isinstance(args[0], classmethod))
    return None if is_function else decorate(lambda: 1)()


def of_tracker(name: str) -> Callable[..., Any]:
    """Return a method of a new tracker."""
    return lambda *args, **kwargs: getattr(AIUsageTracker(), name)(*args, **kwargs)


def assigned(name: str) -> Callable[..., Any]:
    """Return a function that sets a tracker's attribute."""

    def assign(*args: Any, **_: Any) -> None:
        for value in args:
            setattr(AIUsageTracker(), name, value)

    return assign


METHODS = [
    *("set_tracking_context", "set_context", "add_context_metadata", "set_batch_mode"),
    *("track_openai_completion", "track_openai_embedding", "track_anthropic_completion"),
    *("track_google_places", "track_github_claude_review"),
    *("create_wrapped_openai_client", "create_wrapped_anthropic_client"),
    *("create_wrapped_places_client", "create_for_environment"),
]
ENTRIES: dict[str, Callable[..., Any]] = {
    "ai_usage_context": lambda *a, **k: used(ai_usage_context(*a, **k)),
    "batch_ai_usage_context": lambda *a, **k: used(batch_ai_usage_context(*a, **k)),
    "partial_failure_context": lambda *a, **k: used(partial_failure_context(*a, **k)),
    "ai_usage_tracked": decorated,
    "get_current_context": get_current_context,
    "set_current_context": set_current_context,
    "AIUsageTracker": AIUsageTracker,
    "record_batch_results": record_batch_results,
    "configure": lambda *a, **k: package.configure(**k),
    "flush": package.flush,
    "get_config": AIUsageEnvironmentConfig.get_config,
    "get_table_name": AIUsageEnvironmentConfig.get_table_name,
    "validate": AIUsageEnvironmentConfig.validate_environment_isolation,
    **{name: of_tracker(name) for name in METHODS},
    **{
        f"{name} =": assigned(name)
        for name in ("user_id", "batch_mode", "current_job_id", "current_context", "github_pr")
    },
}


#: What a program calls when it begins, and where a wrong configuration is told.
CONFIGURING = {"AIUsageTracker", "configure", "create_for_environment"} | {
    *("get_config", "get_table_name", "validate"),
}


@pytest.mark.parametrize("name", ENTRIES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(args=ARGUMENTS, kwargs=KEYWORDS)
@example(args=[], kwargs={})
@example(args=["None"] * 12, kwargs={})
@example(args=["hostile"], kwargs={"tracker": "hostile", "job_id": "hostile"})
def test_no_argument_of_an_entry_point_ends_the_program(
    name: str, args: list[str], kwargs: dict[str, str], metrics: CapturedMetrics
) -> None:
    """Wrong types, too many, too few, unknown and doubled names, the wrong order.

    Only what is wrong with the configuration is an error, as it is everywhere, and never one in
    the midst of a program.
    """
    try:
        made = {key: ODD[value]() for key, value in kwargs.items()}
        ENTRIES[name](*(ODD[value]() for value in args), **made)
    except ConfigurationError:
        assert name in CONFIGURING
    finally:
        set_current_context(None)
        writer.flush(60)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=VALUES, tracker=VALUES, fields=KEYWORDS)
@example(operation="text", tracker="hostile", fields={"job_id": "hostile", "user_id": "hostile"})
@example(operation="text", tracker="None", fields={"track_to_dynamo": "True"})
def test_a_call_in_an_odd_block_is_what_it_is_without(
    operation: str,
    tracker: str,
    fields: dict[str, str],
    client: openai.OpenAI,
    metrics: CapturedMetrics,
) -> None:
    """The answer arrives, once; and unless a double of a tracker has it, it is recorded once."""
    before = len(metrics)
    given_fields = {name: ODD[value]() for name, value in fields.items() if name != "tracker"}
    chosen = ODD[tracker]()
    with ai_usage_context(ODD[operation](), tracker=chosen, **given_fields) as given_tracker:
        answer = client.chat.completions.create(**CHAT)
        set_by_hand = getattr(given_tracker, "set_tracking_context", None)
        set_by_hand(job_id="j")  # type: ignore[misc] # whatever was given, there is a tracker
    assert answer.model == "gpt-4o-mini"
    assert get_current_context() is None
    is_double = tracker in ("mock", "magic mock", "double")
    assert len(metrics) - before == (0 if is_double else 1)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings so far."""
    return [r.getMessage() for r in caplog.records if r.name == "tracker"]


def test_an_argument_of_the_constructor_is_metadata(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """A host that ran with the original goes on, and the line is told once."""
    for _ in range(3):
        with ai_usage_context("op", track_to_dynamo=True, job_id="j"):
            client.chat.completions.create(**CHAT)
    assert [(m.job_id, m.metadata["track_to_dynamo"]) for m in metrics] == [("j", True)] * 3
    (message,) = warned(caplog)
    assert "track_to_dynamo" in message
    assert __file__ in message


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda: AIUsageTracker(tabel_name="x"), "table_name"),  # type: ignore[call-arg]
        (lambda: AIUsageTracker().set_tracking_context(jobid="x"), "job_id"),  # type: ignore[call-arg]
        (lambda: AIUsageTracker.create_for_environment(enviroment="x"), "environment"),  # type: ignore[call-arg]
        (lambda: package.configure(flush_timout=1), "flush_timeout"),
        (lambda: package.flush(time_out=1), "timeout"),  # type: ignore[call-arg]
    ],
)
def test_the_closest_name_is_told(
    call: Callable[[], Any], meant: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A misspelt argument is left out, and the warning says what may be meant."""
    with caplog.at_level(logging.WARNING):
        call()
        call()
    (message,) = warned(caplog)
    assert f"did you mean {meant!r}" in message


def test_each_line_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Two lines with the same mistake are two warnings."""
    tracker = AIUsageTracker()
    tracker.set_batch_mode()  # type: ignore[call-arg]
    tracker.set_batch_mode()  # type: ignore[call-arg]
    assert len(warned(caplog)) == 2
    assert sum(error_boundary.counts().values()) == 2


def test_strict_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for it has every mistake raised, in Python's own words."""
    monkeypatch.setenv("AI_USAGE_STRICT", "1")
    with pytest.raises(TypeError, match="unexpected keyword argument 'tabel_name'"):
        AIUsageTracker(tabel_name="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values for argument 'operation_type'"):
        ai_usage_context("op", operation_type="x")  # type: ignore[misc]
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        ai_usage_context()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no tracker"), ai_usage_context("op", tracker="anna"):
        pytest.fail("the block ran")


def test_configuration_is_an_error_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt environment, or another one's table, would mix the records of deployments."""
    with pytest.raises(ConfigurationError, match="does not match environment"):
        AIUsageTracker(table_name="AIUsageMetrics-staging", environment="production")
    with pytest.raises(ConfigurationError, match="prod"):
        AIUsageTracker(environment="prod")
    monkeypatch.setenv("ENVIRONMENT", "prod")
    with pytest.raises(ConfigurationError, match="prod"), ai_usage_context("op"):
        pytest.fail("the block ran")


def test_an_environment_that_is_none_is_the_deployment_s(
    metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context in the midst of a program has the one that is configured, and says so."""
    monkeypatch.setenv("ENVIRONMENT", "staging")
    with ai_usage_context("op", environment="prod") as made:
        made.track_openai_completion(lambda: None)()
    assert [m.environment for m in metrics] == ["staging"]
    assert "'prod' is not a valid environment" in warned(caplog)[0]


def test_what_a_function_itself_raises_is_its_own() -> None:
    """A TypeError from inside an observed function, or of its own call, is not ours to mend."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def takes_one(text: str) -> str:
        return text + 1  # type: ignore[operator]

    @ai_usage_tracked
    def takes_none() -> None:
        """Take nothing."""

    with pytest.raises(TypeError, match="concatenate"):
        takes_one("a")
    with pytest.raises(TypeError, match="takes_one"):
        takes_one("a", "b")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes_none"):
        takes_none(1, 2)  # type: ignore[call-arg]


def test_the_original_s_names_of_arguments(metrics: CapturedMetrics) -> None:
    """They are taken without a word."""
    wrapped = AIUsageTracker.create_wrapped_places_client(
        places_client=SimpleNamespace(place=lambda place: {"name": place}),
        tracker=AIUsageTracker(),
    )
    assert wrapped.place("a") == {"name": "a"}
    assert AIUsageEnvironmentConfig.validate_environment_isolation(
        "T-staging",
        expected_environment="staging",  # type: ignore[call-arg]
    )
    assert [m.service for m in metrics] == ["google_places"]
    assert error_boundary.counts() == {}


def test_client_and_tracker_in_the_wrong_order(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """It is clear what is meant: the client is wrapped, and its calls are that tracker's."""
    tracker = AIUsageTracker(user_id="anna")
    wrapped = AIUsageTracker.create_wrapped_openai_client(tracker, client)
    assert wrapped.chat.completions.create(**CHAT).model == "gpt-4o-mini"
    assert [m.user_id for m in metrics] == ["anna"]
    assert "the client comes first" in warned(caplog)[0]


def test_a_client_without_a_tracker(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Its calls are recorded by a new tracker."""
    wrapped = AIUsageTracker.create_wrapped_openai_client(client)  # type: ignore[call-arg]
    wrapped.chat.completions.create(**CHAT)
    assert len(metrics) == 1


def test_a_double_that_cannot_record(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A wrapped client with one makes its calls; the block around records them."""
    with ai_usage_context("op"):
        wrapped = AIUsageTracker.create_wrapped_openai_client(client, Mock())
        assert wrapped.chat.completions.create(**CHAT).model == "gpt-4o-mini"


def test_a_subclass_without_our_constructor(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """It books like any other tracker."""
    mine = Untrained()
    with ai_usage_context("op", tracker=mine, job_id="j") as used_tracker:
        assert used_tracker is mine
        client.chat.completions.create(**CHAT)
    mine.track_openai_completion(lambda: None)()
    assert [m.job_id for m in metrics] == ["j", None]


def test_a_client_without_a_method_to_store(metrics: CapturedMetrics) -> None:
    """Metrics go where they go without one."""
    tracker = AIUsageTracker(dynamo_client="table")
    tracker.track_openai_completion(lambda: None)()
    assert len(metrics) == 1


def test_a_context_is_entered_again(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Inside itself, and by threads at the same time, each entering is a block of its own."""
    context = ai_usage_context("op", job_id="j")
    with context:
        with context:
            client.chat.completions.create(**CHAT)
        assert get_current_context() is not None
        client.chat.completions.create(**CHAT)
    assert get_current_context() is None
    entered = threading.Barrier(3)

    def work() -> None:
        with context:
            entered.wait()
            client.chat.completions.create(**CHAT)
            entered.wait()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.wait()
    entered.wait()
    for thread in threads:
        thread.join()
    assert [(m.operation_type, m.job_id) for m in metrics] == [("op", "j")] * 4


def test_a_tracker_that_refuses_the_context(caplog: pytest.LogCaptureFixture) -> None:
    """The block runs, and ends, all the same."""
    double = MagicMock(spec=AIUsageTracker)
    double.set_context.side_effect = RuntimeError("no")
    with ai_usage_context("op", tracker=double) as given_tracker:
        assert given_tracker is double
        assert get_current_context() is not None
    double.flush_metrics.assert_called_once_with()
    assert get_current_context() is None
    assert "set_context" in warned(caplog)[0]


def test_decorators_without_and_with_parentheses(metrics: CapturedMetrics) -> None:
    """The other form than the right one decorates, too."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion()  # type: ignore[call-arg]
    def ask() -> int:
        return 1

    @tracker.track_google_places
    def look_up() -> int:
        return 2

    assert (ask(), look_up()) == (1, 2)
    assert [(m.service, m.operation) for m in metrics] == [
        ("openai", "completion"),
        ("google_places", "unnamed"),
    ]


def test_decorators_of_methods_of_a_class(metrics: CapturedMetrics) -> None:
    """Above ``classmethod`` and ``staticmethod`` they keep them what they are."""
    tracker = AIUsageTracker()

    class Service:
        @tracker.track_openai_completion
        @classmethod
        def ask(cls) -> str:
            return cls.__name__

        @ai_usage_tracked
        @staticmethod
        def look(tracker: Any = None) -> bool:
            return tracker is not None

        @ai_usage_tracked("named")
        @classmethod
        def both(cls, tracker: Any = None) -> tuple[str, bool]:
            return cls.__name__, tracker is not None

    assert Service.ask() == "Service"
    assert Service.look() is True
    assert Service().both() == ("Service", True)
    assert len(metrics) == 1


def test_functions_whose_parameters_cannot_be_filled_by_name() -> None:
    """A tracker goes to no parameter that takes it by position only, or takes all."""

    @ai_usage_tracked
    def by_position(text: str, tracker: Any = None, /) -> Any:
        return tracker

    @ai_usage_tracked
    def all_of_them(*tracker: Any) -> Any:
        return tracker

    assert by_position("a") is None
    assert all_of_them(1) == (1,)
    assert ai_usage_tracked(min)(2, 1) == 1


def test_results_of_an_unknown_batch(caplog: pytest.LogCaptureFixture) -> None:
    """They cannot be recorded, are counted as unreadable, and told."""
    assert record_batch_results(["{}", "{}"], {}) == (0, 0, 2)
    assert record_batch_results(7, {"id": "b", "ended_at": 1.0}) == (0, 0, 0)  # type: ignore[arg-type]
    assert "its id and its time" in warned(caplog)[0]


def test_a_handler_elsewhere_than_in_the_main_thread(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is installed, and the line is told."""
    thread = threading.Thread(target=package.flush_on_sigterm)
    thread.start()
    thread.join()
    assert "main thread" in warned(caplog)[0]


def test_signatures_are_as_they_are_written() -> None:
    """Editors and type checkers see the parameters, and not what forgives."""
    assert list(inspect.signature(ai_usage_context).parameters)[:3] == [
        "operation_type",
        "tracker",
        "environment",
    ]
    assert "job_id" in inspect.signature(AIUsageTracker.set_tracking_context).parameters
    assert ai_usage_context.__name__ == "ai_usage_context"


@pytest.fixture(autouse=True)
def nothing_counted(in_production: None) -> Iterator[None]:
    """Tell anew in each test."""
    error_boundary.reset()
    yield
    error_boundary.reset()
    package.config.settings.reset()  # type: ignore[attr-defined]

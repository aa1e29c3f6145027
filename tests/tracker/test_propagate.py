"""Who calls belong to, in W3C baggage: by OpenTelemetry's API and by our own codec."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, context
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from runtime_calls import CHAT
from starlette.datastructures import Headers, MutableHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

import tracker.propagate as module
from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.propagate import FIELDS, extract, inject, members

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

    from tracker.testing import CapturedMetrics

WAYS = ["OpenTelemetry", "own"]
ALL = {"job_id": "job-1", "batch_id": "b 2", "user_id": "anna+ü@x", "parent_operation": "scan, 1=2"}


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether OpenTelemetry's API is installed."""
    if request.param == "own":
        monkeypatch.setattr(module, "current", dict)
    return str(request.param)


def sent() -> dict[str, str]:
    """Return the carrier of a block that names all that goes along."""
    with ai_usage_context(
        ALL["parent_operation"],
        job_id=ALL["job_id"],
        batch_id=ALL["batch_id"],
        user_id=ALL["user_id"],
    ):
        carrier: dict[str, str] = {}
        assert inject(carrier) is carrier
    return carrier


def test_what_is_sent_arrives() -> None:
    """Job, batch, user and operation, with whatever characters; and in no other header."""
    assert list(sent()) == ["baggage"]
    assert extract(sent()) == ALL


def test_others_read_it() -> None:
    """A reader of W3C baggage that is not ours has the same values."""
    found = baggage.get_all(W3CBaggagePropagator().extract(sent(), context.Context()))
    assert found == {f"ai_usage.{name}": value for name, value in ALL.items()}


def test_what_opentelemetry_writes_is_read() -> None:
    """A service that forwards our members by OpenTelemetry's propagator changes nothing of them."""
    codec = W3CBaggagePropagator()
    carrier: dict[str, str] = {}
    codec.inject(carrier, codec.extract(sent(), context.Context()))
    assert "scan%2C+1%3D2" in carrier["baggage"]
    assert extract(carrier) == ALL


def test_blanks_are_written_for_every_reader() -> None:
    """A plus in a header is a plus for most, and so none stands for a blank in ours."""
    assert "ai_usage.batch_id=b%202" in sent()["baggage"]
    assert "+" not in sent()["baggage"]


def test_members_of_others_go_on_letter_by_letter() -> None:
    """Their properties, their plus and their escapes are theirs, whoever else could read them."""
    theirs = "one=a;seen=1,two=a+b,three=a%2Bb,four=%41"
    with ai_usage_context("op", job_id="job"):
        made = inject({"baggage": theirs})["baggage"]
    assert made.endswith("," + theirs)


def test_properties_are_not_believed() -> None:
    """What a gateway says of our member behind a semicolon is no part of the id."""
    assert extract({"baggage": "ai_usage.job_id=job;seen=1"}) == {"job_id": "job"}


@settings(max_examples=40)
@given(value=st.text(min_size=1, max_size=80))
def test_whatever_an_id_is(value: str) -> None:
    """It arrives as it was, or not at all; nothing else of the header is touched."""
    written = members.named({"job_id": value})
    header = members.joined("mine=1", written, {value: value})
    assert members.believed(members.read(header)) in ({"job_id": value.strip()}, {})
    assert "mine=1" in header
    header.encode("ascii")


CARRIERS = {
    "a dict": lambda h: {"Baggage": h, "accept": "*/*"},
    "of bytes": lambda h: {b"baggage": h.encode()},
    "of lists": lambda h: {"baggage": ["mine=1", h]},
    "httpx": lambda h: httpx.Headers([("baggage", "mine=1"), ("baggage", h)]),
    "starlette": lambda h: Headers({"baggage": h}),
    "werkzeug": lambda h: WerkzeugHeaders({"Baggage": h}),
    "asgi": lambda h: [(b"accept", b"*/*"), (b"baggage", h.encode())],
    "a lambda's event": lambda h: {"baggage": h, "texts": ["one"], "deep": {"baggage": 1}},
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_carriers_that_are_read(carrier: str) -> None:
    """Names in any case, values that come twice, and pairs of bytes."""
    assert extract(CARRIERS[carrier](sent()["baggage"])) == ALL


@pytest.mark.parametrize(
    "carrier",
    [
        {"Baggage": "mine=1"},
        httpx.Headers({"baggage": "mine=1"}),
        MutableHeaders({"baggage": "mine=1"}),
        WerkzeugHeaders({"Baggage": "mine=1"}),
        [(b"baggage", b"mine=1"), (b"accept", b"*/*")],
        [("baggage", "mine=1")],
    ],
    ids=lambda carrier: f"{type(carrier).__module__}.{type(carrier).__name__}",
)
def test_carriers_that_are_written(carrier: Any) -> None:
    """Baggage of others stays, and there is one header; written again, ours is replaced."""
    for job in ("first", "second"):
        with ai_usage_context("op", job_id=job):
            inject(carrier)
    assert extract(carrier) == {"job_id": "second", "parent_operation": "op"}
    pairs = carrier if isinstance(carrier, list) else list(carrier.items())
    texts = [str(value) for name, value in pairs if "baggage" in str(name).lower()]
    assert len(texts) == 1
    assert "mine=1" in texts[0]
    assert texts[0].count("ai_usage.job_id") == 1


def test_nobody_is_told_of_nobody() -> None:
    """Outside of all blocks a carrier stays as it was."""
    assert inject({}) == {}
    assert inject({"baggage": "mine=1"}) == {"baggage": "mine=1"}


def test_a_tracker_says_who(way: str) -> None:
    """Legacy code has its ids on the tracker."""
    legacy = AIUsageTracker()
    legacy.set_tracking_context(job_id="job", user_id="anna")
    assert extract(inject({}, tracker=legacy)) == {"job_id": "job", "user_id": "anna"}


def test_fields_are_chosen_at_both_ends() -> None:
    """A user that goes nowhere, and a job that is not believed."""
    with batch_ai_usage_context("b", job_id="job", user_id="anna"):
        carrier = inject({}, fields=("job_id", "batch_id"))
    assert extract(carrier) == {"job_id": "job", "batch_id": "b"}
    assert extract(carrier, fields=("batch_id",)) == {"batch_id": "b"}


def test_a_call_of_the_other_side(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """It is booked to the job and user of the caller, and names the caller's operation."""
    carrier = sent()
    with ai_usage_context("answer", **extract(carrier)):
        client.chat.completions.create(**CHAT)
    (metric,) = metrics
    assert (metric.job_id, metric.batch_id, metric.user_id) == ("job-1", "b 2", "anna+ü@x")
    assert (metric.operation_type, metric.metadata["parent_operation"]) == ("answer", "scan, 1=2")


LONG = "x" * (members.MAX_VALUE + 1)
HOSTILE = [
    f"ai_usage.job_id={LONG}",
    "ai_usage.job_id=" + "x" * 10_000,
    "ai_usage.job_id=a%0d%0aSet-Cookie:%20b",
    "ai_usage.job_id=%1b[31mred",
    "ai_usage.job_id=%FF%FE",
    "ai_usage.job_id=%E2%80%AEgnp",
    "ai_usage.job_id=",
    "ai_usage.job_id=%20%09",
    "ai_usage.job_id",
    "ai_usage.job_id=a\r\nb=c",
    "ai_usage.job_id=\u202e",
    'ai_usage.job_id="quoted"',
    "ai_usage.dynamo_client=x,ai_usage.table_name=y,ai_usage.track_to_dynamo=1",
    "ai_usage.=x,=y,,,;;;=,ai_usage.job_id;job=1",
    "job_id=mine,user_id=root",
    ",".join(f"k{n}=v" for n in range(500)) + ",ai_usage.job_id=late",
    "," * 8000,
    "=" * 8000,
]


@pytest.mark.parametrize("header", HOSTILE, ids=lambda header: repr(header[:30]))
def test_hostile_baggage(header: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of it is believed, and nothing of it reaches the log."""
    with caplog.at_level(logging.DEBUG):
        assert extract({"baggage": header}) == {}
    assert caplog.messages == []


@settings(max_examples=40)
@given(header=st.text('ai_usge.job=, ;%20\x00é"\\') | st.text())
def test_any_baggage_is_bounded(header: str) -> None:
    """Known names, printable values of a bounded length; the other members bounded, too."""
    for found in (extract({"baggage": header}),):
        assert found.keys() <= set(FIELDS)
        assert all(value.isprintable() and 0 < len(value) <= 256 for value in found.values())
    with ai_usage_context("op", job_id="job"):
        made = inject({"baggage": header})["baggage"]
    assert len(made) <= members.MAX_HEADER
    assert made.isascii()
    assert made.isprintable()
    assert extract({"baggage": made})["job_id"] == "job"


def _endless() -> Iterator[tuple[str, str]]:
    while True:
        yield "name", "value"


@pytest.mark.parametrize(
    "carrier",
    [{}, {"baggage": None}, {"baggage": 7}, {7: 7}, [], [()], [("baggage",)], _endless(), "text"],
    ids=lambda carrier: f"{type(carrier).__name__}-{str(carrier)[:12]}",
)
def test_odd_carriers(carrier: Any) -> None:
    """They say nothing."""
    assert extract(carrier) == {}


def test_what_is_no_carrier_ends_no_program(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and what was given comes back."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    assert extract(7) == {}
    with ai_usage_context("op"):
        assert inject(7) == 7
    assert any("extract: what was given cannot be used" in one for one in caplog.messages)


def test_a_key_does_not_go_along() -> None:
    """A credential in an id leaves the digest that stores get."""
    secret = "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7" * 2
    with ai_usage_context("op", job_id=f"run {secret}"):
        assert "aB3dE6" not in inject({})["baggage"]


def test_what_opentelemetry_has_received(way: str) -> None:
    """Its instrumentations read headers: what is current then goes along and is found."""
    current = baggage.set_baggage("ai_usage.job_id", "job", baggage.set_baggage("mine", "1"))
    token = context.attach(current)
    try:
        expected = {"job_id": "job"} if way == "OpenTelemetry" else {}
        assert extract() == expected
        with ai_usage_context("op"):
            assert ("mine=1" in inject({})["baggage"]) is (way == "OpenTelemetry")
            told = inject({"baggage": "mine=2"})["baggage"]
            assert "mine=2" in told
            assert "mine=1" not in told
    finally:
        context.detach(token)

"""Metrics as spans, decoded by OpenTelemetry's own protobuf classes at a loopback receiver."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from delivered import drained
from opentelemetry import semconv
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import (
    GenAiProviderNameValues,
)

import tracker
from tests.patience import PATIENCE
from tracker import AIUsageTracker, Metric, ai_usage_context
from tracker.errors import SinkError
from tracker.sinks.otlp import (
    EXPORTER,
    FORMER_NAMES,
    MAPPING,
    MAPPING_VERSION,
    OtlpSink,
    from_environment,
    to_attributes,
)
from tracker.sinks.protocol import ALL_STORED, Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: An attribute of the conventions with its name, and its docstring.
CONVENTION = re.compile(r'^[A-Z_0-9]+: Final = "([^"]+)"\n"""\n(.*?)"""', re.MULTILINE | re.DOTALL)
GONE = re.compile(r"Deprecated: (?:Removed|Replaced|Use )|no replacement")
METRIC = Metric(
    id="0123456789abcdef0123456789abcdef",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=UTC),
    user_id="anna",
    environment="staging",
    operation_type="scan",
    input_tokens=10,
    output_tokens=0,
    cost_usd=Decimal("0.000045"),
    latency_ms=1500.25,
    metadata={"service": "receipts", "stage": "ocr"},
)


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; ``answer`` decides on status and body from the decoded spans."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[list[Span]] = []
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[list[Span]], tuple[int, bytes]] = lambda spans: (200, b"")

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Decode, keep, and answer."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        assert self.headers["content-type"] == "application/x-protobuf"
        request = ExportTraceServiceRequest.FromString(body)
        groups = request.resource_spans
        spans = [s for group in groups for scope in group.scope_spans for s in scope.spans]
        status, answer = self.server.answer(spans)
        if status == 200:
            self.server.requests.append(spans)
            self.server.resources += [values(group.resource.attributes) for group in groups]
        self.server.headers.append(dict(self.headers))
        self.send_response_only(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def values(attributes: Any) -> dict[str, Any]:
    """Return decoded attributes as a dict."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the exporter's variable names."""
    with running() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))
        yield server


@contextmanager
def running() -> Iterator[Receiver]:
    """Run a receiver for the time of the block."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def sink(receiver: Receiver) -> Iterator[OtlpSink]:
    """The sink as the settings make it."""
    sink = from_environment("unused")
    yield sink
    sink.close()


def test_a_call_is_a_span(receiver: Receiver, sink: OtlpSink) -> None:
    """Names, times and numbers are those of the call; what is unknown is absent and 0 is kept."""
    assert isinstance(sink, Sink)
    assert sink.write([METRIC]) == ALL_STORED
    ((span,),) = receiver.requests
    assert span.name == "chat gpt-4o-mini"
    assert span.kind == Span.SPAN_KIND_CLIENT
    assert span.start_time_unix_nano == 1_795_163_400_123_456_000
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_500_250_000
    assert span.status.code == Status.STATUS_CODE_UNSET
    found = values(span.attributes)
    assert found["gen_ai.operation.name"] == "chat"
    assert found["gen_ai.provider.name"] == "openai"
    assert found["gen_ai.request.model"] == "gpt-4o-mini"
    assert found["gen_ai.usage.input_tokens"] == 10
    assert found["gen_ai.usage.output_tokens"] == 0
    assert found["ai_usage.cost_usd"] == 0.000045
    assert found["ai_usage.operation_type"] == "scan"
    assert found["ai_usage.mapping"] == MAPPING_VERSION
    assert found["ai_usage.metadata"] == '{"service": "receipts", "stage": "ocr"}'
    assert "ai_usage.job_id" not in found
    assert receiver.resources == [{"service.name": "receipts"}]


def conventions() -> dict[str, str]:
    """Return what the installed conventions say of each attribute: of a stable one its page."""
    folder = Path(semconv.__file__).parent
    found: dict[str, str] = {}
    for file in sorted(folder.glob("_incubating/attributes/*.py")) + sorted(
        folder.glob("attributes/*.py")
    ):
        found.update(CONVENTION.findall(file.read_text(encoding="utf-8")))
    return found


def test_names_are_those_of_the_newest_conventions() -> None:
    """None is unknown to them, removed or replaced; where they have moved is no matter."""
    known = conventions()
    names = set(to_attributes(METRIC)) | set(MAPPING) | {"error.type", "http.response.status_code"}
    told = {name: known.get(name) for name in names if not name.startswith("ai_usage.")}
    assert len(told) > 10
    assert [name for name, text in told.items() if text is None] == []
    assert [name for name, text in told.items() if GONE.search(str(text))] == []


@pytest.mark.parametrize("former", FORMER_NAMES)
def test_names_that_were_replaced(former: str) -> None:
    """They are told only where the settings ask for them, beside what the conventions name."""
    text = conventions()[former]
    assert f"Replaced by `{FORMER_NAMES[former]}`" in text
    metric = replace(METRIC, conditions={"service_tier": "flex"})
    assert former not in to_attributes(metric)
    tracker.configure(otlp_former_names="1")
    doubled = to_attributes(metric)
    assert doubled[former] == doubled[FORMER_NAMES[former]]


@pytest.mark.parametrize(
    ("service", "operation", "provider", "name"),
    [
        ("openai", "completion", "openai", "chat"),
        ("anthropic", "completion", "anthropic", "chat"),
        ("google", "completion", "gcp.gemini", "generate_content"),
        ("openai", "embedding", "openai", "embeddings"),
        ("google", "embedding", "gcp.gemini", "embeddings"),
        ("openai", "image", "openai", "image"),
    ],
)
def test_values_of_the_conventions(service: str, operation: str, provider: str, name: str) -> None:
    """Providers and operations have the names of the conventions, where these have one."""
    found = to_attributes(replace(METRIC, service=service, operation=operation))
    assert (found["gen_ai.provider.name"], found["gen_ai.operation.name"]) == (provider, name)
    known = {value.value for value in GenAiProviderNameValues}
    assert provider in known


def test_the_model_that_answered() -> None:
    """Of a call that failed only the one that was asked is known."""
    assert to_attributes(METRIC)["gen_ai.response.model"] == "gpt-4o-mini"
    failed = to_attributes(replace(METRIC, error="RateLimitError: status 429"))
    assert failed["gen_ai.request.model"] == "gpt-4o-mini"
    assert "gen_ai.response.model" not in failed


def test_every_field_has_its_attribute() -> None:
    """The mapping leaves none out; the few that are not attributes are told elsewhere."""
    elsewhere = {
        "operation",
        "timestamp",
        "latency_ms",
        "error",
        "metadata",
        "counts",
        "conditions",
    }
    assert set(MAPPING.values()) | elsewhere == {field.name for field in fields(Metric)}


def test_sent_again_it_is_the_same_span(receiver: Receiver, sink: OtlpSink) -> None:
    """Trace and span ids follow from the record's id; other records have others."""
    sink.write([METRIC, replace(METRIC, id="2")])
    sink.write([METRIC])
    (first, other), (again,) = receiver.requests
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert first.trace_id != other.trace_id
    assert first.span_id != other.span_id
    assert (len(first.trace_id), len(first.span_id)) == (16, 8)


def test_a_failed_call_is_an_error(receiver: Receiver, sink: OtlpSink) -> None:
    """Its text is the span's status; its type and the status of the answer have attributes."""
    failed = replace(METRIC, error="RateLimitError: slow down", metadata={"http_status": 429})
    sink.write([failed])
    ((span,),) = receiver.requests
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == "RateLimitError: slow down"
    attributes = values(span.attributes)
    assert attributes["error.type"] == "RateLimitError"
    assert attributes["http.response.status_code"] == 429


def test_hostile_values_are_sent(receiver: Receiver, sink: OtlpSink) -> None:
    """Numbers beyond 64 bits, lone surrogates, huge metadata, odd ids."""
    hostile = [
        replace(METRIC, id="", input_tokens=10**30, model="\udc80"),
        replace(METRIC, id="\udc80", metadata={"text": "x" * 100_000}, latency_ms=None),
    ]
    assert sink.write(hostile) == ALL_STORED
    ((first, second),) = receiver.requests
    assert values(first.attributes)["gen_ai.usage.input_tokens"] == str(10**30)
    assert "ai_usage.metadata" not in values(second.attributes)
    assert values(second.attributes)["ai_usage.metadata_dropped"] is True


def test_one_bad_span_is_rejected_alone(receiver: Receiver, sink: OtlpSink) -> None:
    """A request that is refused is divided until the culprit is found; others arrive once."""
    several = [replace(METRIC, id=str(n), model="bad" if n == 5 else "good") for n in range(20)]

    def answer(spans: list[Span]) -> tuple[int, bytes]:
        is_bad = any(span.name == "chat bad" for span in spans)
        return (400, b"no such model") if is_bad else (200, b"")

    receiver.answer = answer
    result = sink.write(several)
    assert result.rejected == {"5": "the receiver answers 400"}
    arrived = [values(s.attributes)["ai_usage.id"] for spans in receiver.requests for s in spans]
    assert sorted(arrived, key=int) == [str(n) for n in range(20) if n != 5]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_receiver_that_does_not_take_any(status: int, receiver: Receiver, sink: OtlpSink) -> None:
    """The error names it and what it answers; nothing is rejected, so all is sent later."""
    receiver.answer = lambda spans: (status, b"")
    with pytest.raises(SinkError, match=f"{receiver.url}/v1/traces answers {status}"):
        sink.write([METRIC])
    receiver.answer = lambda spans: (200, b"")
    assert sink.write([METRIC]) == ALL_STORED


def test_the_exporter_s_log_is_the_program_s(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has lines for each attempt: of ours we tell once, and they stay out of it."""
    theirs = logging.getLogger(EXPORTER)

    def export(_exporter: object, _spans: object) -> SpanExportResult:
        theirs.warning("Transient error, retrying")
        return SpanExportResult.FAILURE

    monkeypatch.setattr(OTLPSpanExporter, "export", export)
    sink = OtlpSink("http://127.0.0.1:9/v1/traces")
    for _ in range(2):
        with pytest.raises(SinkError):
            sink.write([METRIC])
    assert caplog.messages == []
    OTLPSpanExporter(endpoint="http://127.0.0.1:9/v1/traces").export([])
    assert caplog.messages == ["Transient error, retrying"]


def test_a_receiver_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which variable names another."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: nor does anybody else there
        sink = OtlpSink(f"http://127.0.0.1:{nobody.getsockname()[1]}/v1/traces")
        with pytest.raises(SinkError, match="cannot be reached; OTEL_EXPORTER_OTLP_ENDPOINT"):
            sink.write([METRIC])
        sink.close()


def test_partial_success(
    receiver: Receiver, sink: OtlpSink, caplog: pytest.LogCaptureFixture
) -> None:
    """All left out: rejected, with its words if they are asked for.  Some: the log says so."""

    def leaving_out(number: int) -> bytes:
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = number
        answer.partial_success.error_message = "too old"
        return answer.SerializeToString()

    two = [METRIC, replace(METRIC, id="2")]
    receiver.answer = lambda spans: (200, leaving_out(2))
    assert set(sink.write(two).rejected.values()) == {"the receiver rejected it"}
    receiver.answer = lambda spans: (200, leaving_out(1))
    assert sink.write(two) == ALL_STORED
    assert "left out 1 of 2 AI usage metrics" in caplog.text
    assert "too old" not in caplog.text
    tracker.configure(error_messages=True)
    receiver.answer = lambda spans: (200, leaving_out(2))
    assert sink.write(two).rejected == {METRIC.id: "too old", "2": "too old"}
    assert len(receiver.requests) == 3


def test_the_exporter_s_own_variables_hold(
    receiver: Receiver, sink: OtlpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers and compression are set as for any other OpenTelemetry program."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=acme")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    assert sink.write([METRIC]) == ALL_STORED
    (headers,) = receiver.headers
    assert headers["x-tenant"] == "acme"
    assert len(receiver.requests) == 1


def test_without_the_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SinkError, match=r"pip install 'ai-usage-suite\[otlp\]'"):
        OtlpSink().write([METRIC])


def test_from_a_block_to_the_receiver(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """With AI_USAGE_SINKS=otlp a call arrives through the spool, attributed to its block."""
    monkeypatch.setenv("AI_USAGE_SINKS", "otlp")
    with ai_usage_context("scan", job_id="job-1", tracker=AIUsageTracker()) as tracker:
        tracker.track_openai_completion(lambda: None)()
    assert drained()
    ((span,),) = receiver.requests
    found = values(span.attributes)
    assert found["ai_usage.operation_type"] == "scan"
    assert found["ai_usage.job_id"] == "job-1"
    begun = datetime.fromtimestamp(span.start_time_unix_nano / 1e9, UTC)
    assert datetime.now(UTC) - begun < timedelta(hours=1)

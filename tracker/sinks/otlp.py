"""Metrics as OpenTelemetry spans, one a call, sent by OTLP over HTTP.

Endpoint, headers and certificates are those of the exporter's own variables
(``OTEL_EXPORTER_OTLP_ENDPOINT`` and so on).  Trace and span ids follow from the
record's id, so a span that is sent again is the same span.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

from tracker.config import settings
from tracker.error_boundary import log
from tracker.errors import SinkError
from tracker.records.error_text import asked_for
from tracker.sinks.protocol import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import ReadableSpan
    from requests import Response

    from tracker.records.metric import Metric

#: Counted up with each change of the names below; every span carries it.
MAPPING_VERSION = "2"
#: The attributes of a span, each with the field of the metric.  The names of
#: ``gen_ai`` are those of the OpenTelemetry GenAI semantic conventions of November 2026.
MAPPING = {
    "gen_ai.provider.name": "service",
    "gen_ai.request.model": "model",
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_input_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "deployment.environment.name": "environment",
    "user.id": "user_id",
    "ai_usage.id": "id",
    "ai_usage.operation_type": "operation_type",
    "ai_usage.job_id": "job_id",
    "ai_usage.batch_id": "batch_id",
    "ai_usage.github_pr": "github_pr",
    "ai_usage.request_id": "request_id",
    "ai_usage.total_tokens": "total_tokens",
    "ai_usage.api_calls": "api_calls",
    "ai_usage.cost_usd": "cost_usd",
    "ai_usage.list_cost_usd": "list_cost_usd",
    "ai_usage.price_basis": "price_basis",
    "ai_usage.price_source": "price_source",
    "ai_usage.price_version": "price_version",
    "ai_usage.price_rule": "price_rule",
    "ai_usage.partial": "partial",
    "ai_usage.late": "late",
}
#: What the conventions call our operations, of a provider or of any; others keep their name.
OPERATIONS = {
    "completion": "chat",
    "embedding": "embeddings",
    "google completion": "generate_content",
}
#: What the conventions call our services; others keep their name.
PROVIDERS = {"google": "gcp.gemini"}
#: Names that the conventions have replaced, which receivers may still look for: the setting
#: ``otlp_former_names`` has each told beside the name that replaced it.
FORMER_NAMES = {
    "gen_ai.system": "gen_ai.provider.name",
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "gen_ai.openai.response.service_tier": "openai.response.service_tier",
    "deployment.environment": "deployment.environment.name",
}

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
#: Imported before the first write, where a fork waits for it.
LIBRARIES = (
    "requests",
    EXPORTER,
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    "opentelemetry.sdk.resources",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.sdk.util.instrumentation",
)
MAX_METADATA = 32 * 1024
#: Answers that say that something in the request is wrong, and will be next time.
INVALID = frozenset({400, 413, 422})
#: What protobuf's integers and the exporter can hold.
_INTEGERS = range(-(2**63), 2**63)


def destination(_table_name: str) -> str:
    """Return "": all records go to the one receiver, which knows no tables."""
    return ""


def from_environment(_table_name: str) -> OtlpSink:
    """Return the sink for the endpoint that the exporter's variables name."""
    return OtlpSink()


class OtlpSink:
    """Sends spans through OpenTelemetry's exporter, which is imported at the first write."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint
        self._exporter: OTLPSpanExporter | None = None
        self._answer: Response | None = None

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Send *metrics*; a receiver that refuses some is asked about each half.

        Raises SinkError if the receiver cannot be reached, or answers that it is
        asked wrongly altogether.
        """
        waiting = [list(metrics)] if metrics else []
        rejected: dict[str, str] = {}
        while waiting:
            batch = waiting.pop()
            refused = self._send(batch)
            if refused is None:
                middle = len(batch) // 2
                waiting += [batch[:middle], batch[middle:]]
            else:
                rejected.update(refused)
        return Delivery(rejected=rejected)

    def load(self) -> None:
        """Import what the first write needs, without a call over the network."""
        for name in LIBRARIES:
            importlib.import_module(name)

    def close(self) -> None:
        """Close the exporter's connections; a later write opens them again."""
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.shutdown()  # type: ignore[no-untyped-call]

    def _send(self, batch: Sequence[Metric]) -> dict[str, str] | None:
        """Send *batch* and return what was rejected; None if something in it must be found."""
        if self._exporter is None:
            self._exporter = self._connected()
        from opentelemetry.sdk.trace.export import SpanExportResult

        self._answer = None
        _here.exporting = True
        try:
            result = self._exporter.export([to_span(metric) for metric in batch])
        finally:
            _here.exporting = False
        answer = self._answer
        if result is SpanExportResult.SUCCESS:
            return _rejected(batch, answer)
        if answer is not None and answer.status_code in INVALID:
            reason = f"the receiver answers {answer.status_code}"
            if text := asked_for(answer.text[:200]):
                reason = f"{reason}: {text}"
            return {batch[0].id: reason} if len(batch) == 1 else None
        status = "cannot be reached" if answer is None else f"answers {answer.status_code}"
        raise SinkError(
            f"the OTLP receiver {self._exporter._endpoint} {status};"
            " OTEL_EXPORTER_OTLP_ENDPOINT names another"
        )

    def _connected(self) -> OTLPSpanExporter:
        try:
            import requests
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            raise SinkError(
                "the OTLP exporter is not installed; pip install 'ai-usage-suite[otlp]'"
            ) from error
        logging.getLogger(EXPORTER).addFilter(_is_of_others)
        session = requests.Session()
        session.hooks["response"].append(self._note)
        return OTLPSpanExporter(endpoint=self._endpoint, session=session)

    def _note(self, answer: Response, **_: object) -> None:
        """Keep what the receiver answered: the exporter says only whether it worked."""
        self._answer = answer


class _Here(threading.local):
    exporting = False


_here = _Here()


def _is_of_others(_record: logging.LogRecord) -> bool:
    """Whether a line in the exporter's log is about spans of the program's own.

    It has a line for each of its attempts, for as long as a receiver is down; of ours we tell once.
    """
    return not _here.exporting


def to_span(metric: Metric) -> ReadableSpan:
    """Return *metric* as a finished span."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    attributes = to_attributes(metric)
    digest = hashlib.sha256(metric.id.encode("utf-8", "replace")).digest()
    start = round(metric.timestamp.timestamp() * 1_000_000) * 1_000
    error = metric.error
    return ReadableSpan(
        name=f"{attributes['gen_ai.operation.name']} {attributes['gen_ai.request.model']}",
        context=SpanContext(
            trace_id=int.from_bytes(digest[:16], "big"),
            span_id=int.from_bytes(digest[16:24], "big"),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        ),
        resource=Resource({"service.name": str(metric.metadata.get("service", "unknown"))}),
        attributes=attributes,
        kind=SpanKind.CLIENT,
        status=Status(StatusCode.UNSET) if error is None else Status(StatusCode.ERROR, error),
        start_time=start,
        end_time=start + round((metric.latency_ms or 0.0) * 1_000_000),
        instrumentation_scope=InstrumentationScope("ai_usage", MAPPING_VERSION),
    )


def to_attributes(metric: Metric) -> dict[str, Any]:
    """Return the attributes of the span of *metric*; unknown values are left out."""
    operation = OPERATIONS.get(metric.operation, metric.operation)
    found: dict[str, Any] = {
        "gen_ai.operation.name": OPERATIONS.get(f"{metric.service} {metric.operation}", operation),
        "ai_usage.mapping": MAPPING_VERSION,
    }
    for name, source in MAPPING.items():
        value = getattr(metric, source)
        if value is not None:
            found[name] = _attribute(value)
    # Every count has its provider's own name; the conventions have names for a few.
    for prefix, given in (("counts", metric.counts), ("conditions", metric.conditions)):
        found |= {f"ai_usage.{prefix}.{name}": _attribute(value) for name, value in given.items()}
    tier = metric.conditions.get("service_tier")
    if tier is not None and metric.service == "openai":
        found["openai.response.service_tier"] = tier
    found["gen_ai.provider.name"] = PROVIDERS.get(metric.service, found["gen_ai.provider.name"])
    if metric.error is None:  # then it is the one that answered
        found["gen_ai.response.model"] = found["gen_ai.request.model"]
    else:
        name = metric.error.partition(":")[0].partition(" ")[0]
        found["error.type"] = name if name.isidentifier() else "_OTHER"
        if isinstance(status := metric.metadata.get("http_status"), int):
            found["http.response.status_code"] = status
    if metric.metadata:
        text = json.dumps(dict(metric.metadata))
        fits = len(text) <= MAX_METADATA
        found["ai_usage.metadata" if fits else "ai_usage.metadata_dropped"] = text if fits else True
    if settings.current().otlp_former_names:
        found |= {old: found[new] for old, new in FORMER_NAMES.items() if new in found}
    return found


def _attribute(value: Any) -> str | bool | int | float:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in _INTEGERS:
        return value
    if isinstance(value, str | int):
        return str(value).encode("utf-8", "replace").decode("utf-8")
    return float(value)


def _rejected(batch: Sequence[Metric], answer: Response | None) -> dict[str, str]:
    """Return what the receiver of *batch* left out.

    It tells a number only.  Where that is some and not all, asking again would
    store the others twice: the log has its message.
    """
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    if answer is None or "protobuf" not in answer.headers.get("content-type", ""):
        return {}
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    reason = asked_for(told.error_message) or "the receiver rejected it"
    if told.rejected_spans >= len(batch):
        return {metric.id: reason for metric in batch}
    if told.rejected_spans > 0:
        log(
            "The OTLP receiver left out %d of %d AI usage metrics: %s",
            told.rejected_spans,
            len(batch),
            reason,
        )
    return {}

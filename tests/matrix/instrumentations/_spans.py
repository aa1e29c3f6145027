"""OpenTelemetry's spans, in memory and as plain values: what most of the others record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def shown(span: ReadableSpan) -> dict[str, Any]:
    """Return what *span* tells, without ids and times."""
    return {
        "name": span.name,
        "kind": span.kind.name,
        "status": [span.status.status_code.name, span.status.description],
        "attributes": dict(span.attributes or {}),
        "events": [[event.name, dict(event.attributes or {})] for event in span.events],
        "has a parent": span.parent is not None,
    }


def kept() -> tuple[InMemorySpanExporter, Callable[[], list[Any]]]:
    """Return an exporter to memory, and what gives its spans and forgets them."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()

    def drain() -> list[Any]:
        spans = [shown(span) for span in exporter.get_finished_spans()]
        exporter.clear()
        return spans

    return exporter, drain


def kept_by(provider: TracerProvider) -> Callable[[], list[Any]]:
    """Have *provider* keep its spans in memory; return what gives and forgets them."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    exporter, drain = kept()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return drain

#!/usr/bin/env bash
# Which attributes of a span are left where it is given more than the limit (128 by default).
#
# Guess: the first 128: the specification has the SDK discard what is set when the limit is reached, and what is set at the start,
#   where samplers and conventions want the important ones, is safe.
# Really: the last 128. Each new key pushes out the oldest one, beginning with those that the span was started with; the log says so,
#   once for each. To set an old key again makes it the youngest. `dropped_attributes` counts what went, and names nothing. A resource
#   has no limit.
# For us: spans are made whole from a record by the sink, with one attribute for all metadata and never one a key, and are read
#   by the exporter as they are: no limit of the program's provider comes between. Who copies a metadata's keys to attributes of a
#   program's own span loses its model and tokens first.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opentelemetry-sdk==1.45.2
env -u OTEL_ATTRIBUTE_COUNT_LIMIT -u OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT "$folder/venv/bin/python" - <<'PY'
import logging
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

logging.lastResort = logging.NullHandler()
exporter = InMemorySpanExporter()
provider = TracerProvider(resource=Resource({f"r{number}": number for number in range(200)}))
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("calls")
START = {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2}
with tracer.start_as_current_span("call", attributes=START) as span:
    for number in range(125):
        span.set_attribute(f"metadata.{number}", number)
    full = dict(span.attributes)
    span.set_attribute("gen_ai.request.model", "m")
    span.set_attribute("metadata.125", 125)
    span.set_attribute("metadata.126", 126)
(told,) = exporter.get_finished_spans()
left = [name for name in START if name in told.attributes]
seen = (len(full), set(START) <= full.keys(), len(told.attributes), told.dropped_attributes, left,
        "metadata.126" in told.attributes, "metadata.0" in told.attributes, len(told.resource.attributes) >= 200)
print("opentelemetry-sdk", version("opentelemetry-sdk"), "| at the limit, and two above it:", *seen)
assert seen == (128, True, 128, 2, ["gen_ai.request.model"], True, True, True), seen
PY

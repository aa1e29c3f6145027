#!/usr/bin/env bash
# Whether protobuf's own JSON mapping reads and writes OTLP's JSON, as the messages are protobuf's.
#
# Guess: `json_format.Parse` into the generated class reads what a collector's file exporter or an SDK for the web wrote, or
#   raises ParseError; what `MessageToJson` writes is what a receiver of OTLP/JSON takes.
# Really: OTLP writes trace and span ids as hexadecimal digits, the mapping takes bytes for base64. Each hexadecimal id is
#   valid base64, so that reading raises nothing: ids come out with 24 and 12 bytes in place of 16 and 8. Writing gives
#   ids as base64, which a reader of OTLP/JSON cannot take for hexadecimal. All else (counts as text, enums, names) agrees,
#   so that a test which looks at names and attributes passes.
# For us: the sink posts protobuf, and a span's id follows from the record's: who joins both through a file of JSON lines
#   reads the ids as hexadecimal digits, with json and not with the messages.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opentelemetry-proto==1.45.2 protobuf==7.36.2
"$folder/venv/bin/python" - <<'PY'
import json
from importlib.metadata import version

from google.protobuf.json_format import MessageToJson, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
COUNT = {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}
WRITTEN = {"resourceSpans": [{"scopeSpans": [{"spans": [
    {"traceId": TRACE, "spanId": SPAN, "name": "chat", "kind": 3, "attributes": [COUNT]}]}]}]}


def span_of(request):
    return request.resource_spans[0].scope_spans[0].spans[0]


read = span_of(Parse(json.dumps(WRITTEN), ExportTraceServiceRequest()))
request = ExportTraceServiceRequest()
span = request.resource_spans.add().scope_spans.add().spans.add(name="chat", trace_id=bytes.fromhex(TRACE))
again = json.loads(MessageToJson(request))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
print("protobuf", version("protobuf"), "opentelemetry-proto", version("opentelemetry-proto"))
print("  read:", read.name, read.attributes[0].value.int_value, "ids of", len(read.trace_id), "and", len(read.span_id), "bytes")
print("  written:", again)
assert (read.name, read.attributes[0].value.int_value, len(read.trace_id), len(read.span_id)) == ("chat", 12, 24, 12)
assert read.trace_id.hex() != TRACE and again == "W47/95gDgQPSabYzgT/GDA=="
PY

#!/usr/bin/env bash
# What becomes of an amount of money that is given to a span as a Decimal.
#
# Guess: a number type stays a number on the wire, or the attribute is refused and missing.
# Really: the SDK logs that the type is invalid and then sends the text of it: the receiver gets a string
#   attribute "0.10", beside integers and floats that are numbers. Sums and ranges over it fail there.
# For us: the sink turns amounts into floats before they are attributes, and no Decimal reaches a span.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
"$folder/venv/bin/python" - <<'PY'
import gzip
import logging
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

kinds = {}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for attribute in resource.scope_spans[0].spans[0].attributes:
                kinds[attribute.key] = attribute.value.WhichOneof("value")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
provider = TracerProvider()
address = f"http://127.0.0.1:{server.server_port}/v1/traces"
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=address)))
said = []
logging.getLogger("opentelemetry").addFilter(lambda record: said.append(record.getMessage()) or False)
logging.lastResort = logging.NullHandler()
with provider.get_tracer("money").start_as_current_span("call") as span:
    span.set_attribute("whole", 1)
    span.set_attribute("float", 0.1)
    span.set_attribute("decimal", Decimal("0.10"))
provider.shutdown()
print("opentelemetry-sdk", version("opentelemetry-sdk"), kinds)
assert kinds == {"whole": "int_value", "float": "double_value", "decimal": "string_value"}, kinds
PY

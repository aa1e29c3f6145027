#!/usr/bin/env bash
# What OpenTelemetry's exporter says where the receiver took a request and refused some of its spans.
#
# Guess: the protocol has a field for it (`partial_success`: how many spans were rejected, and why), so the export is
#   told as failed, or at least logged; and `force_flush` returns False where spans did not arrive.
# Really: the exporter does not read the answer's body. With both spans rejected the result is SUCCESS and nothing is
#   logged. And `force_flush` returns True whatever became of what it flushed, also where the receiver answered 400.
# For us: our sink posts by itself and reads `partial_success`; records that a receiver rejected are counted as such,
#   and no "flushed" of an SDK counts as "stored".
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
"$folder/venv/bin/python" - <<'PY'
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

REJECTED = ExportTraceServiceResponse()
REJECTED.partial_success.rejected_spans = 2
REJECTED.partial_success.error_message = "too old"
BODY = REJECTED.SerializeToString()
statuses, results, said = [200, 400], [], []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(statuses[len(results)])
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


class Noted(OTLPSpanExporter):
    def export(self, spans):
        results.append(super().export(spans))
        return results[-1]


class Handler(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())


logging.getLogger().addHandler(Handler(logging.WARNING))
server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
provider = TracerProvider()
address = f"http://127.0.0.1:{server.server_port}/v1/traces"
provider.add_span_processor(BatchSpanProcessor(Noted(endpoint=address)))
flushed, logged = [], []
for _ in statuses:
    for _ in range(2):
        provider.get_tracer("calls").start_span("call").end()
    flushed.append(provider.force_flush())
    logged.append(len(said))
names = [result.name for result in results]
print("opentelemetry-sdk", version("opentelemetry-sdk"), "| both spans rejected, then status 400:")
print("results", names, "force_flush", flushed, "logged by then", logged)
assert (names, flushed, logged) == (["SUCCESS", "FAILURE"], [True, True], [0, 1]), said
PY

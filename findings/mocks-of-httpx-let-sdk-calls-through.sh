#!/usr/bin/env bash
# Whether a test that mocks every request of httpx mocks those of the openai and anthropic clients.
#
# Guess: yes: both clients are built on httpx, and `respx.mock` (which raises for a request that has no route) and
#   OpenTelemetry's instrumentation of httpx are what their users have for it.
# Really: both post through `httpx2`, another package with classes of its own. The route is there and matches, the plain
#   httpx call is answered by it, and the calls of both clients go out to the server, which bills them. No error, no
#   warning; the instrumentation has a span for the plain call and for no other.
# For us: nothing that is patched in httpx sees a provider's call. Capture is at the clients' own request method, tests
#   run against a server of their own, and what is read of responses is known by both packages' names.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 httpx==0.28.1 \
  respx==0.23.1 opentelemetry-sdk==1.45.2 opentelemetry-instrumentation-httpx==0.66b2
"$folder/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import anthropic
import httpx
import openai
import respx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

billed = []


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        billed.append(self.path)
        text = json.dumps({"id": "real", "content": [], "choices": []}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
words, given = [{"role": "user", "content": "x"}], {"api_key": "none", "base_url": address, "max_retries": 0}
chats, messages = openai.OpenAI(**given).chat.completions, anthropic.Anthropic(**given).messages
calls = {
    "httpx": lambda: httpx.post(f"{address}/v1/chat/completions", json={}).json()["id"],
    "openai": lambda: chats.create(model="gpt-4o-mini", messages=words).id,
    "anthropic": lambda: messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=words).id,
}
with respx.mock() as mocked:
    mocked.post(url__startswith=address).respond(json={"id": "mocked"})
    answers = {name: call() for name, call in calls.items()}
    seen_by_mock = len(mocked.calls)
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)
spanned = {}
for name, call in calls.items():
    spans.clear()
    call()
    spanned[name] = len(spans.get_finished_spans())
names = ("openai", "anthropic", "httpx", "httpx2", "respx", "opentelemetry-instrumentation-httpx")
print(*(f"{name} {version(name)}" for name in names))
print("answers with respx.mock:", answers, "| calls that the mock saw:", seen_by_mock, "| spans:", spanned)
assert answers == {"httpx": "mocked", "openai": "real", "anthropic": "real"}, answers
assert (seen_by_mock, len(billed)) == (1, 5) and spanned == {"httpx": 1, "openai": 0, "anthropic": 0}, spanned
PY

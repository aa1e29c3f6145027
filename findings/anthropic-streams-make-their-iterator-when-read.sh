#!/usr/bin/env bash
# When a stream of the anthropic client makes the iterator that it reads, beside sentry-sdk.
#
# Guess: `_iterator` is set by the constructor, as in the openai client of the same generator, so asking a stream
#   whether it has one changes nothing.
# Really: it is a cached property that is made on first use. Sentry puts its own there, for streams that it has marked
#   by then. An observer below it that only asks `hasattr(stream, "_iterator")` has it made before, unmarked: Sentry's
#   span of that stream is never sent. The stream itself is read as before, and nothing is logged.
# For us: a stream is looked at by its class and its own dict; our tap takes the iterator when it is first read.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0 openai==3.57.0 sentry-sdk==2.75.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import functools
import json
import threading
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai
import sentry_sdk
from sentry_sdk.integrations.anthropic import AnthropicIntegration
from sentry_sdk.transport import Transport

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
           "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 2}}
EVENTS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
TEXT = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS).encode()


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)

    def log_message(self, *arguments):
        pass


class Kept(Transport):
    sent = []

    def capture_envelope(self, envelope):
        self.sent.append("gen_ai.chat" in json.dumps([item.payload.json for item in envelope.items]))


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Kept, traces_sample_rate=1.0,
                default_integrations=False, integrations=[AnthropicIntegration()])
client = anthropic.Anthropic(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0)


def spans_of_a_stream():
    Kept.sent.clear()
    with sentry_sdk.start_transaction(name="t"):
        ask = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
        read = len(list(client.messages.create(**ask, stream=True)))
    sentry_sdk.flush()
    return read, any(Kept.sent)


alone = spans_of_a_stream()
request = anthropic.Anthropic.request


@functools.wraps(request)
def asking(*arguments, **options):
    answer = request(*arguments, **options)
    hasattr(answer, "_iterator")
    return answer


anthropic.Anthropic.request = asking
asked = spans_of_a_stream()
lazy = [isinstance(vars(kind).get("_iterator"), cached_property) for kind in (anthropic.Stream, openai.Stream)]
print("anthropic", anthropic.__version__, "openai", openai.__version__, "sentry-sdk", sentry_sdk.VERSION)
print("made on first use, in anthropic and in openai:", *lazy)
print("events read, and whether Sentry had a span: alone", *alone, "; when somebody asked before", *asked)
assert lazy == [True, False], lazy
assert (alone, asked) == ((3, True), (3, False)), (alone, asked)
PY

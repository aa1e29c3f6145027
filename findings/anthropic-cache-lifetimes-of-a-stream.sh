#!/usr/bin/env bash
# How the stream helper of the anthropic client adds up the tokens that were written to the cache.
#
# Guess: the final message's usage is what the last message_delta says, each part of it.
# Really: the totals are taken from message_delta, and the parts by lifetime (`cache_creation`) stay what
#   message_start said. Where a server tool made further rounds, 4,000 tokens were written to the cache
#   and the parts add up to 2,000. The same for the service tier, which is the first round's.
# For us: a price by lifetime cannot take the parts as they are: what the total has beyond them has no
#   known lifetime. Both figures are kept, and neither is derived from the other.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic

FIRST = {"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 2000,
         "cache_read_input_tokens": 0,
         "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2000}}
LAST = {"input_tokens": 30, "output_tokens": 20, "cache_creation_input_tokens": 4000,
        "cache_read_input_tokens": 2000, "server_tool_use": {"web_search_requests": 3}}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
           "stop_reason": None, "stop_sequence": None, "usage": FIRST}
EVENTS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": LAST},
    {"type": "message_stop"},
]
BODY = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS).encode()


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = anthropic.Anthropic(
    api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0
)
words = [{"role": "user", "content": "x"}]
with client.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=words) as stream:
    usage = stream.get_final_message().usage
parts = usage.cache_creation
total = parts.ephemeral_5m_input_tokens + parts.ephemeral_1h_input_tokens
print("anthropic", anthropic.__version__, "written to the cache:", usage.cache_creation_input_tokens)
print("by lifetime:", parts.to_dict(), "which is", total, "in all")
assert usage.cache_creation_input_tokens == 4000, usage
assert total == 2000, parts
PY

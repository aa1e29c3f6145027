#!/usr/bin/env bash
# Which answers of the openai and anthropic clients know the request that they came from.
#
# Guess: every model declares `_request_id: str | None = None`, so reading it gives a text or None.
# Really: a plain answer has the id of its response's header. The final message of both stream helpers
#   has no such attribute at all, nor has a model that was validated from a dump: AttributeError. A copy
#   keeps it, so two objects that are not the same may carry one id.
# For us: the id is a second key of an answer that was seen already, never the first, and is read with a
#   default; the answers of streams are told apart by the objects that the capture itself has seen.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

COUNTS = {"input_tokens": 10, "output_tokens": 2}
CHAT = {"id": "c", "created": 1, "model": "gpt-4o-mini"}
CHAT_ANSWER = CHAT | {
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
}
CHUNKS = [
    CHAT | {"object": "chat.completion.chunk", "choices": [choice]}
    for choice in (
        {"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    )
]
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
           "stop_reason": "end_turn", "stop_sequence": None, "usage": COUNTS}
EVENTS = [{"type": "message_start", "message": MESSAGE}, {"type": "message_stop"}]


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        chat = "chat" in self.path
        if asked.get("stream"):
            kind = "text/event-stream"
            events = CHUNKS if chat else EVENTS
            text = "".join(f"event: {e.get('type', 'chunk')}\ndata: {json.dumps(e)}\n\n" if not chat
                           else f"data: {json.dumps(e)}\n\n" for e in events)
            text += "data: [DONE]\n\n" if chat else ""
        else:
            kind, text = "application/json", json.dumps(CHAT_ANSWER if chat else MESSAGE)
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("x-request-id", "req-1")
        self.send_header("request-id", "req-1")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
chats = openai.OpenAI(api_key="none", base_url=f"{address}/v1", max_retries=0).chat.completions
messages = anthropic.Anthropic(api_key="none", base_url=address, max_retries=0).messages
words = [{"role": "user", "content": "x"}]


def of(answer):
    try:
        return repr(answer._request_id)
    except AttributeError:
        return "AttributeError"


seen = []
plain = chats.create(model="gpt-4o-mini", messages=words)
with chats.stream(model="gpt-4o-mini", messages=words) as stream:
    final = stream.get_final_completion()
seen.append(("openai", openai.__version__, plain, final))
plain = messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=words)
with messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=words) as stream:
    final = stream.get_final_message()
seen.append(("anthropic", anthropic.__version__, plain, final))

for name, version, plain, final in seen:
    again = type(plain).model_validate(plain.model_dump())
    got = [of(plain), of(copy.copy(plain)), of(final), of(again)]
    print(name, version, "plain, copied, of the stream helper, validated again:", *got)
    assert got == ["'req-1'", "'req-1'", "AttributeError", "AttributeError"], got
PY

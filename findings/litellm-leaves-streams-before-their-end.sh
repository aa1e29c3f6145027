#!/usr/bin/env bash
# How far litellm reads the stream of an answer that it fetches by itself, and where its threads' context is from.
#
# Guess: a stream that the program iterates to its end has been read to its end by then; and the threads of
#   `batch_completion` have the caller's context variables, as those of `acompletion` do.
# Really: behind the event that tells why Anthropic's model stopped, litellm closes the response; `message_stop`
#   is not asked for any more. And `batch_completion` starts its threads with no context at all.
# For us: a stream counts as whole once its final counts were told, not only when it was exhausted; and what
#   frameworks give to pools of threads takes the current block along.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
import contextvars
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
           "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
TEXT = {"type": "text", "text": ""}
EVENTS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": TEXT},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked.get("stream"):
            kind = "text/event-stream"
            texts = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS]
            text = "".join(texts[:-1])
        else:
            kind = "application/json"
            text = json.dumps(MESSAGE | {"content": [TEXT | {"text": "hi"}], "stop_reason": "end_turn"})
        self.send_response(200)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(text.encode())
        if kind == "text/event-stream":
            self.wfile.flush()
            seen.append("the program is done" if done.wait(20) else "message_stop is due")

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.daemon_threads = False
threading.Thread(target=server.serve_forever, daemon=True).start()
asked = {"model": "anthropic/claude-sonnet-4-5", "api_key": "none", "max_tokens": 9,
         "api_base": f"http://127.0.0.1:{server.server_port}"}
words = [{"role": "user", "content": "x"}]

seen, done = [], threading.Event()
chunks = list(litellm.completion(messages=words, stream=True, **asked))
done.set()

variable = contextvars.ContextVar("variable", default="none")
variable.set("the caller's")
contexts, post = [], litellm.llms.custom_httpx.http_handler.HTTPHandler.post


def noticed(*arguments, **named):
    contexts.append(variable.get())
    return post(*arguments, **named)


litellm.llms.custom_httpx.http_handler.HTTPHandler.post = noticed
litellm.batch_completion(messages=[words, words], **asked)

server.shutdown()
server.server_close()  # waits for its threads
print("litellm", importlib.metadata.version("litellm"), "| chunks", len(chunks), "| at the last event:", *seen)
print("context in the threads of batch_completion:", *contexts)
assert seen == ["the program is done"], seen
assert contexts == ["none", "none"], contexts
PY

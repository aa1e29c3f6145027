#!/usr/bin/env bash
# What becomes of the connection of a stream that a loop leaves by `break`, in the clients of openai and anthropic.
#
# Guess: a stream that nobody refers to any more is closed at once, as a generator or a file is, and the two clients, which come
#   from one generator, do the same.
# Really: anthropic's is closed at once. One of openai's has the generator that reads it, whose frame has the stream: only the
#   garbage collector ends the two. Until it comes, the server's answer is held open and its connection is counted as busy; with
#   the collector frozen or disabled, as some servers have it, for ever. `with stream:` gives it back.
# For us: a stream that is left early is booked when it is closed or collected, maybe after its block's end (late), and at
#   the latest at the interpreter's exit; its record is no sign that the program was still reading.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0 openai==3.57.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import gc
import importlib
import json
import threading
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
         "choices": [{"index": 0, "delta": {"content": "x"}}]}
PIECE = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        events = [("", CHUNK)] * 3 if "chat" in self.path else [("event: content_block_delta\n", PIECE)] * 3
        text = "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in events).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        # Two bytes are still to come: the answer has not ended.
        self.send_header("content-length", str(len(text) + 2))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()
        done.wait()

    def log_message(self, *arguments):
        pass


done = threading.Event()
server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"


def busy(client):
    return len(client._client._transport._pool.connections)


def left_by_a_loop(make):
    stream = make()
    for _ in stream:
        break
    return weakref.ref(stream.response)


def left_and_closed(make):
    with make() as stream:
        for _ in stream:
            break
    return weakref.ref(stream.response)


clients = {"openai": openai.OpenAI(api_key="none", base_url=address + "/v1", max_retries=0),
           "anthropic": anthropic.Anthropic(api_key="none", base_url=address, max_retries=0)}
makes = {"openai": lambda: clients["openai"].chat.completions.create(**ASKED),
         "anthropic": lambda: clients["anthropic"].messages.create(**ASKED, max_tokens=9)}
seen = {}
gc.disable()
for name, client in clients.items():
    found = []
    for leave in (left_and_closed, left_by_a_loop):
        gc.collect()
        response = leave(makes[name])
        found += [response() is not None, busy(client)]
    gc.collect()
    found += [response() is not None, busy(client)]
    print(name, importlib.import_module(name).__version__, "| alive, and connections: left in a `with` block", *found[:2],
          "; by a loop", *found[2:4], "; after the collector", *found[4:])
    seen[name] = (found[1], *found[2:])
done.set()
assert seen == {"openai": (0, True, 1, False, 0), "anthropic": (0, False, 0, False, 0)}, seen
PY

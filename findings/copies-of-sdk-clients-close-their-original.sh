#!/usr/bin/env bash
# What `with client.with_options(timeout=5) as patient:` leaves of `client`, in the clients of openai and anthropic.
#
# Guess: the copy is an object of its own, with options of its own; to close it, by its `with` block or by close(), ends what it
#   opened, and the client that it was made of goes on.
# Really: both send through one pool of connections, and that is what is closed; is_closed() tells it, of each. The next call of
#   openai's original raises RuntimeError, which is none of the SDK's errors: `except APIError` does not see it. Anthropic's waits and
#   tries again, as often as it does for a server that is down, and raises APIConnectionError, whose cause is that RuntimeError:
#   a retry by the program's own loop never ends it. A copy with an `http_client` of its own closes that alone; one that is
#   dropped without closing closes nothing.
# For us: what wraps or copies a client never closes it. With a closed client, a program's calls of anthropic are records of
#   connections that failed, and those of openai no records at all, for nothing was sent and no answer failed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0 openai==3.57.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import gc
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

ASKED = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"


def openai_client():
    return openai.OpenAI(api_key="none", base_url=address + "/v1")


def anthropic_client():
    return anthropic.Anthropic(api_key="none", base_url=address, max_retries=1)


def ask(client):
    if isinstance(client, openai.OpenAI):
        return client.chat.completions.create(**ASKED)
    return client.messages.create(**ASKED, max_tokens=9)


def asked_again(make, leave):
    client = make()
    ask(client)
    leave(client)
    try:
        ask(client)
    except RuntimeError as error:
        return type(error).__name__, client.is_closed()
    except anthropic.APIConnectionError as error:
        return f"APIConnectionError of {type(error.__cause__).__name__}", client.is_closed()
    return "answered", client.is_closed()


def in_a_block(client):
    with client.with_options(timeout=5) as copy:
        ask(copy)


def dropped(client):
    ask(client.with_options(timeout=5))
    gc.collect()


def with_its_own(client):
    pool = type(client)(api_key="none")._client
    with client.with_options(http_client=pool) as copy:
        assert copy._client is pool


seen = {}
for library, make in ((openai, openai_client), (anthropic, anthropic_client)):
    seen[library.__name__] = [asked_again(make, leave) for leave in (in_a_block, dropped, with_its_own)]
    print(library.__name__, library.__version__, "| the original after a copy in a `with` block, dropped, with a pool of its own:",
          *seen[library.__name__])
others = [("answered", False), ("answered", False)]
assert seen == {
    "openai": [("RuntimeError", True), *others],
    "anthropic": [("APIConnectionError of RuntimeError", True), *others],
}, seen
PY

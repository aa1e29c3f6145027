#!/usr/bin/env bash
# What one would guess: a program that uses openai's client (version 2, over httpx) does not mind which other libraries some
# thread of it is importing: an import is seen by others when it is over, for who imports the same module waits.
#
# What happens: the client looks for httpx2 in sys.modules before each request, to take options of that library, too. While
# another thread imports it, it is there, without its classes: the request ends in AttributeError ("partially initialized
# module 'httpx2' has no attribute 'Timeout'"). A moment later the same request is made.
#
# What it means for us: the price list (genai-prices) brings httpx2 along, and a thread of ours imports it while the first
# request is under way. It is imported in the program's own thread where a client looks for it so.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==2.54.0 httpx2==2.16.2
"$folder/venv/bin/python" - <<'PY'
import importlib
import sys
import threading
from importlib.metadata import version

import httpx
import openai

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
MESSAGE = {"role": "assistant", "content": "y"}
CHOICE = {"index": 0, "finish_reason": "stop", "message": MESSAGE}
ANSWER = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}
reached, go_on = threading.Event(), threading.Event()


class Pausing:
    """Holds the import of httpx2 up where its own modules are looked for."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("httpx2."):
            reached.set()
            go_on.wait()


def answer(request):
    return httpx.Response(200, json=ANSWER)


http = httpx.Client(transport=httpx.MockTransport(answer))
client = openai.OpenAI(api_key="none", http_client=http, max_retries=0)
assert "httpx2" not in sys.modules, "nobody needs it"
client.chat.completions.create(**CHAT)
sys.meta_path.insert(0, Pausing())
thread = threading.Thread(target=importlib.import_module, args=("httpx2",))
thread.start()
reached.wait()
try:
    client.chat.completions.create(**CHAT)
    seen = "answered"
except AttributeError as error:
    seen = str(error)
go_on.set()
thread.join()
client.chat.completions.create(**CHAT)
print("openai", version("openai"), "| while another thread imports httpx2:", seen)
assert "partially initialized module 'httpx2'" in seen, seen
PY

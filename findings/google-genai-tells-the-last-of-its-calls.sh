#!/usr/bin/env bash
# What the usage of an answer of google-genai covers where a Python function was given as a tool.
#
# Guess: one call of `generate_content` is one request, whose counts the answer has; or, as the client calls the function
#   and asks again by itself, the counts of all its requests.
# Really: it makes up to ten requests and gives the counts of the last. Here two of 120 and 210 tokens are told as 210, and a
#   model that never stops calling costs ten times 120 and tells 120. The history of the calls that it made has the
#   contents, without counts. The same by stream gives the counts of each.
# For us: a recording by hand of such an answer has the last request only, and is one record of up to ten; who needs
#   all of them turns the automatic calling off and asks by itself, in one block.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-genai==3.6.1
"$folder/venv/bin/python" - <<'PY'
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from google import genai
from google.genai import types

logging.disable()
billed, stops = [], True


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        contents = json.loads(self.rfile.read(int(self.headers["content-length"])))["contents"]
        is_done = stops and any("functionResponse" in part for content in contents for part in content["parts"])
        part = {"text": "done"} if is_done else {"functionCall": {"name": "price_of", "args": {"item": "tea"}}}
        counts = (200, 10) if is_done else (100, 20)
        billed.append(sum(counts))
        usage = {"promptTokenCount": counts[0], "candidatesTokenCount": counts[1], "totalTokenCount": sum(counts)}
        content = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
        body = json.dumps({"candidates": [content], "usageMetadata": usage})
        is_stream = "stream" in self.path
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
        self.end_headers()
        self.wfile.write((f"data: {body}\n\n" if is_stream else body).encode())

    def log_message(self, *_):
        pass


def price_of(item: str) -> int:
    """Return the price of an item."""
    return len(item)


server = HTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
client = genai.Client(api_key="none", http_options=options)
models = client.models
ask = {"model": "gemini-2.5-flash", "contents": "x", "config": types.GenerateContentConfig(tools=[price_of])}
told, seen = lambda answer: answer.usage_metadata.total_token_count, {}
seen["one"] = told(models.generate_content(**ask)), billed.copy()
billed.clear()
seen["stream"] = [told(piece) for piece in models.generate_content_stream(**ask)], billed.copy()
billed.clear()
stops = False
seen["never stops"] = told(models.generate_content(**ask)), billed.copy()
print("google-genai", version("google-genai"), "| told, billed:", seen)
assert seen == {"one": (210, [120, 210]), "stream": ([120, 210], [120, 210]), "never stops": (120, [120] * 10)}, seen
PY

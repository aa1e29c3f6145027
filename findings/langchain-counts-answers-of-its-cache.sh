#!/usr/bin/env bash
# What LangChain's usage callback says of answers that came out of LangChain's own cache.
#
# Guess: a prompt that the cache answers was not billed, so it adds nothing; and where a sum of costs stands beside
#   the tokens, it is the sum.
# Really: each hit adds the stored answer's tokens once more. A hit also says that it cost 0, and that 0 is the
#   whole cost in the sum, as the answer that was billed says nothing of costs: 48 tokens for 0, where the provider
#   gave one answer of 12 and bills it.
# For us: only what a provider answered is recorded. Sums of this callback are no check of ours where a cache is
#   set, and a recording by hand from `usage_metadata` counts hits that nobody bills.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check langchain-core==1.8.3 langchain-openai==1.7.4
"$folder/venv/bin/python" -W ignore - <<'PY'
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_openai import ChatOpenAI

COUNTS = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
billed = []


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        billed.append(COUNTS["total_tokens"])
        said = {"role": "assistant", "content": "hi"}
        text = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
                           "choices": [{"index": 0, "finish_reason": "stop", "message": said}],
                           "usage": COUNTS}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = ChatOpenAI(model="gpt-4o-mini", api_key="none", cache=InMemoryCache(),
                   base_url=f"http://127.0.0.1:{server.server_port}/v1")
with get_usage_metadata_callback() as used:
    first, *hits = [model.invoke("the same words") for _ in range(4)]
told = used.usage_metadata["gpt-4o-mini"]
print("langchain-core", importlib.metadata.version("langchain-core"), "| tokens billed:", *billed)
print("tokens by the callback:", told["total_tokens"], "| cost by the callback:", told["total_cost"])
print("costs by the answers:", [one.usage_metadata.get("total_cost") for one in (first, *hits)])
assert (billed, told["total_tokens"], told["total_cost"]) == ([12], 48, 0), (billed, told)
assert "total_cost" not in first.usage_metadata
assert [hit.usage_metadata["total_cost"] for hit in hits] == [0, 0, 0]
PY

#!/usr/bin/env bash
# When LangChain's ChatOpenAI asks the server to tell the token counts of a stream.
#
# Guess: always, or never: it has an attribute for it (`stream_usage`), and where the request goes is another matter.
# Really: with nothing else given it asks, and the sum of the chunks has `usage_metadata`. As soon as an address is given,
#   and be it OpenAI's own, by `base_url` or by OPENAI_BASE_URL in the environment, or a client of one's own for HTTP
#   (for a proxy or a time limit), it asks no more: the same program has no counts, without a word.
# For us: a stream's counts are asked for in the client's own request, whatever stands above it, and the chunk that
#   tells them is kept from who did not ask. Sums of LangChain's callbacks are no check of ours behind a gateway.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  langchain-core==1.8.3 langchain-openai==1.7.4 openai==3.57.0 httpx2==2.16.2
env -u OPENAI_BASE_URL -u OPENAI_API_BASE "$folder/venv/bin/python" -W ignore - <<'PY'
import importlib.metadata
import json
import os

import httpx2
from langchain_openai import ChatOpenAI

HOME = "https://api.openai.com/v1"
KIND = {"id": "c", "created": 1, "model": "gpt-4o-mini", "object": "chat.completion.chunk"}
WORD = KIND | {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}
TOLD = KIND | {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}
hosts = set()


def send(client, request, **_options):
    """Answer as the server does, in the place of the network."""
    hosts.add(str(request.url.copy_with(path="/v1")))
    asked = json.loads(request.content).get("stream_options", {}).get("include_usage")
    chunks = [WORD, TOLD] if asked else [WORD]
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    kind = {"content-type": "text/event-stream"}
    return httpx2.Response(200, headers=kind, text=text, request=request)


httpx2.Client.send = send


def counted(**given):
    whole = None
    for chunk in ChatOpenAI(model="gpt-4o-mini", api_key="none", **given).stream("x"):
        whole = chunk if whole is None else whole + chunk
    return (whole.usage_metadata or {}).get("total_tokens")


seen = {
    "nothing given": counted(),
    "the same address": counted(base_url=HOME),
    "a client": counted(http_client=httpx2.Client()),
    "asked for": counted(base_url=HOME, stream_usage=True),
}
os.environ["OPENAI_BASE_URL"] = HOME
seen["the same address in the environment"] = counted()
print("langchain-openai", importlib.metadata.version("langchain-openai"), "| tokens of a stream, sent to", *hosts)
for name, tokens in seen.items():
    print(f"  {name}: {tokens}")
assert list(seen.values()) == [12, None, None, 12, None], seen
assert hosts == {HOME}, hosts
PY

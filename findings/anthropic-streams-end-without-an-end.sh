#!/usr/bin/env bash
# What the clients' stream helpers give for a stream whose connection ends in good order before the answer does, as behind a
# gateway that gives up on the server after its time limit.
#
# Guess: an error. The events have an end of their own (`message_stop`), and a final message without one is not final; the
#   Responses helper of openai raises RuntimeError in this place.
# Really: anthropic's helper returns a final message: half of the words, no stop reason, and the usage of `message_start`,
#   by which all that was written is one token. Nothing is raised or logged.
# For us: the end of a connection is not the end of an answer. A stream that ends before more than its first counts were
#   told is `partial`, also where no error says so.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0 openai==3.57.0 httpx2==2.16.2
"$folder/venv/bin/python" - <<'PY'
import json
from importlib.metadata import version

import anthropic
import httpx2
import openai

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
CLAUDE = [
    {"type": "message_start", "message": MESSAGE | {"usage": {"input_tokens": 900, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "The total of the receipt is"}},
]
BEGUN = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": "in_progress"}
RESPONSE = [{"type": "response.created", "response": BEGUN}]


def client(make, events):
    lines = [f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in events]
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, text="".join(lines))
    return make(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: answer)))


ask = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
with client(anthropic.Anthropic, CLAUDE).messages.stream(**ask, max_tokens=900) as stream:
    message = stream.get_final_message()
seen = {"anthropic": (message.content[0].text, message.stop_reason, message.usage.output_tokens)}
with client(openai.OpenAI, RESPONSE).responses.stream(model="m", input="x") as stream:
    try:
        seen["responses"] = stream.get_final_response()
    except RuntimeError as error:
        seen["responses"] = type(error).__name__
print("anthropic", version("anthropic"), "openai", version("openai"), seen)
assert seen["anthropic"] == ("The total of the receipt is", None, 1) and seen["responses"] == "RuntimeError", seen
PY

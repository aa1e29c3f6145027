#!/usr/bin/env bash
# What class the openai and anthropic clients give to something of a kind that they do not know yet.
#
# Guess: an unknown output item, content block or stream event is a dict, or of some class for what is unknown; in no
#   case of a class of another kind, as the unions are told apart by `type`.
# Really: it is made an object of the first class of the union, without its fields being checked. A new kind of tool call
#   is a ResponseOutputMessage and a new block a TextBlock, so `isinstance` says yes; their own fields are None.
#   An unknown event of a stream is a RawMessageStartEvent that has no message, and one of the Responses interface a
#   ResponseAudioDeltaEvent. `type` still has what the server said, and what else it said is kept as an attribute.
# For us: kinds are read from `type` and never from classes; what is billed by the piece (searches, containers) is
#   counted so, and an event of a kind that is in no table is passed over.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 httpx2==2.16.2
"$folder/venv/bin/python" -W ignore - <<'PY'
import json

import anthropic
import httpx2
import openai
from anthropic.types import RawMessageStartEvent, TextBlock
from openai.types.responses import ResponseAudioDeltaEvent, ResponseOutputMessage

EVENT = {"type": "usage_update", "usage": {"output_tokens": 3}}
STREAM = f"event: usage_update\ndata: {json.dumps(EVENT)}\n\n"
ANSWERS = {
    "/v1/messages": {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "new_block", "pieces": 2}]},
    "/responses": {"id": "r", "object": "response", "output": [{"type": "new_call", "id": "n", "pieces": 2}]},
}


def answer(request):
    if json.loads(request.content).get("stream"):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=STREAM)
    return httpx2.Response(200, json=ANSWERS[request.url.path])


given = {"api_key": "none", "base_url": "http://provider.example", "max_retries": 0}
messages = anthropic.Anthropic(**given, http_client=httpx2.Client(transport=httpx2.MockTransport(answer))).messages
responses = openai.OpenAI(**given, http_client=httpx2.Client(transport=httpx2.MockTransport(answer))).responses
ask = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
(block,) = messages.create(**ask).content
(item,) = responses.create(model="gpt-5", input="x").output
(event,) = messages.create(**ask, stream=True)
(streamed,) = responses.create(model="gpt-5", input="x", stream=True)
print("openai", openai.__version__, "anthropic", anthropic.__version__)
for one in (block, item, event, streamed):
    print(f"  {one.type}: {type(one).__name__}, {one.to_dict()}")
assert (block.type, type(block), block.text, block.pieces) == ("new_block", TextBlock, None, 2)
assert (item.type, type(item), item.content, item.pieces) == ("new_call", ResponseOutputMessage, None, 2)
assert (event.type, type(event), event.message) == ("usage_update", RawMessageStartEvent, None)
assert (streamed.type, type(streamed), streamed.delta) == ("usage_update", ResponseAudioDeltaEvent, None)
PY

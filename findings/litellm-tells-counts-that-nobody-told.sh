#!/usr/bin/env bash
# What litellm says of an answer whose server told no token counts (`usage` may be left out, and gateways do).
#
# Guess: that the counts are not known, in the same way for a whole answer and for a stream of it: no usage, or None, and
#   no cost, as the client below says.
# Really: the whole answer has the counts 0, 0 and 0, and costs $0.0. The stream of the same words, put together by
#   `stream_chunk_builder`, has counts that litellm made itself with a tokenizer, and a cost of them. Nothing in either
#   object tells them from counts of a provider: same classes, same fields.
# For us: the capture reads what the server said, where that is nothing the counts are None and the call is not priced; a
#   recording by hand of litellm's objects takes an invented 0, or an estimate, for what was told.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2 openai==3.57.0
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import litellm
import openai

ASK = {"messages": [{"role": "user", "content": "How are you?"}]}
WHOLE = {"id": "c", "created": 1, "model": "gpt-4o-mini"}
WORDS = "I am a program, and I am well."


def choice(key, value, reason):
    return {"choices": [{"index": 0, key: value, "finish_reason": reason}]}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told = WHOLE | {"object": "chat.completion"} | choice("message", {"role": "assistant", "content": WORDS}, "stop")
        text = json.dumps(told)
        if asked.get("stream"):
            parts = choice("delta", {"content": WORDS}, None), choice("delta", {}, "stop")
            chunks = [json.dumps(WHOLE | {"object": "chat.completion.chunk"} | part) for part in parts]
            text = "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"])
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def shown(answer):
    used = answer.usage
    return [used.prompt_tokens, used.completion_tokens, used.total_tokens], litellm.completion_cost(answer)


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/v1"
there = {"model": "openai/gpt-4o-mini", "api_base": address, "api_key": "none"}
whole = litellm.completion(**there, **ASK)
chunks = list(litellm.completion(**there, **ASK, stream=True))
stream = litellm.stream_chunk_builder(chunks, messages=ASK["messages"])
client = openai.OpenAI(base_url=address, api_key="none").chat.completions.create(model="gpt-4o-mini", **ASK)
seen = {"whole": shown(whole), "streamed": shown(stream)}
print(f"litellm {version('litellm')}: counts and dollars", seen, "| openai: usage", client.usage)
print("  same words:", whole.choices[0].message.content == stream.choices[0].message.content == WORDS)
assert client.usage is None and {getattr(one, "usage", None) for one in chunks} == {None}
assert seen["whole"] == ([0, 0, 0], 0.0), seen
prompt, answer, total = seen["streamed"][0]
assert prompt > 4 and answer > 7 and total == prompt + answer and seen["streamed"][1] > 0, seen
assert type(whole.usage) is type(stream.usage)
server.shutdown()
PY

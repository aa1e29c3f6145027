#!/usr/bin/env bash
# What instructor does to the counts of answers that it asks for again.
#
# Guess: each answer keeps the counts that the server gave it, and a total over the retries, if there is one, is a
#   number of its own.
# Really: instructor adds the counts of the earlier answers into the very object that the client returned. Three
#   calls of 10 tokens are read as 10, 20 and 30 afterwards: the last one is what all cost, their sum twice that.
# For us: counts are taken in the client's own call, before anyone else has the answer in hand; and a recording by
#   hand of what `create_with_completion` returns, beside captured calls, counts each retry once more.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check instructor==1.17.0 openai==3.3.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import instructor
import openai
from pydantic import BaseModel, PositiveInt

COUNTS = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
numbers = count()


class Total(BaseModel):
    value: PositiveInt


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        value = -1 if next(numbers) < 2 else 7
        called = {"name": "Total", "arguments": json.dumps({"value": value})}
        said = {"role": "assistant", "content": None,
                "tool_calls": [{"id": "t", "type": "function", "function": called}]}
        text = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
                           "choices": [{"index": 0, "finish_reason": "tool_calls", "message": said}],
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
client = openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1")
create, given, at_once = client.chat.completions.create, [], []


def noticed(*arguments, **named):
    answer = create(*arguments, **named)
    at_once.append(answer.usage.prompt_tokens)
    given.append(answer)
    return answer


client.chat.completions.create = noticed
total, last = instructor.from_openai(client).chat.completions.create_with_completion(
    model="gpt-4o-mini", response_model=Total, max_retries=3, messages=[{"role": "user", "content": "x"}]
)
later = [answer.usage.prompt_tokens for answer in given]
print("instructor", importlib.metadata.version("instructor"), "| prompt tokens when answered:", *at_once)
print("the same answers later:", *later, "| the last is what the program gets:", last is given[-1])
assert (total.value, at_once, later, last is given[-1]) == (7, [10, 10, 10], [10, 20, 30], True)
PY

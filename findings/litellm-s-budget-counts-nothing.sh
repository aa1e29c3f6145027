#!/usr/bin/env bash
# When litellm's budget for a whole program (`litellm.max_budget`) stops a call.
#
# Guess: once the calls until then have cost more than the budget, BudgetExceededError is raised in place of the next
#   request. A last call too many, or streams whose costs are known late, would be no surprise.
# Really: never, for calls of `completion` and `acompletion`, streamed or not: the sum that the budget is compared with grows for
#   answers that are plain dicts with a key `content` only, and answers have long been objects. Each of these calls
#   costs more than the whole budget, by litellm's own `completion_cost`; all are sent, and the sum stays at 0. The check itself
#   works, as is seen when the sum is set by hand.
# For us: `budget_usd` reserves what a call may cost before it is sent and settles it by the answer's usage, and its
#   tests spend real answers of a server instead of setting a sum.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.106.12
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import litellm

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
HEAD = {"id": "c", "created": 1, "model": "gpt-4o"}
ASK = {"model": "gpt-4o", "api_key": "none", "messages": [{"role": "user", "content": "x"}]}
requests = []


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        requests.append(asked)
        part = {"role": "assistant", "content": "ok"}
        if asked.get("stream"):
            chunk = HEAD | {"object": "chat.completion.chunk"}
            first = chunk | {"choices": [{"index": 0, "delta": part, "finish_reason": "stop"}]}
            lines = [json.dumps(first), json.dumps(chunk | {"choices": [], "usage": USAGE}), "[DONE]"]
            kind, text = "text/event-stream", "".join(f"data: {line}\n\n" for line in lines)
        else:
            choices = [{"index": 0, "message": part, "finish_reason": "stop"}]
            kind = "application/json"
            text = json.dumps(HEAD | {"object": "chat.completion", "choices": choices, "usage": USAGE})
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
ASK["api_base"] = f"http://127.0.0.1:{server.server_port}"
litellm.suppress_debug_info = True
litellm.max_budget = 0.001
ended = []  # what is told behind each call: the sum would have grown by then
litellm.success_callback = [lambda kwargs, answer, start, end: ended.append(kwargs["response_cost"])]

cost = litellm.completion_cost(litellm.completion(**ASK))
for _ in range(2):
    litellm.completion(**ASK)
    asyncio.run(litellm.acompletion(**ASK))
    list(litellm.completion(**ASK, stream=True))
patience = time.monotonic() + 60
while len(ended) < 5 and time.monotonic() < patience:
    time.sleep(0.05)
counted = litellm._current_cost
sent = len(requests)
litellm._current_cost = 1.0
try:
    litellm.completion(**ASK)
    by_hand = "answered"
except litellm.BudgetExceededError as error:
    by_hand = type(error).__name__
print("litellm", version("litellm"), "| budget", litellm.max_budget, "| a call costs", cost, "| calls sent", sent)
print("  calls whose end was told:", len(ended), "| counted:", counted, "| with the sum set by hand:", by_hand)
assert cost > litellm.max_budget and sent == 7 and counted == 0 and by_hand == "BudgetExceededError"
assert len(requests) == sent
PY

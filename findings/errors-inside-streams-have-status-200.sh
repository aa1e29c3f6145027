#!/usr/bin/env bash
# Of which class an error is that a provider tells inside a stream that has begun.
#
# Guess: of the class that the same error has as an answer of its own, since its `type` is the same: `except
#   RateLimitError` and a retry "on 429 and 5xx" hold for streams as well.
# Really: anthropic's client makes the error of the response's status, which is 200: an overloaded server, a rate limit and
#   a rejected key are each a plain APIStatusError with status_code 200, no subclass, and its own retries are over. The client
#   of openai raises a plain APIError, which has no status at all. Only `type` (`code` too, for openai) tells what it was.
# For us: what failed is read from `type`, and the input that was told before the error is kept, since it may be billed.
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

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m"}
START = {"type": "message_start", "message": MESSAGE | {"usage": {"input_tokens": 900, "output_tokens": 1}}}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
         "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
SSE = {"content-type": "text/event-stream"}
requests = 0


def client_of(library, make, status, body, first):
    def answer(request):
        global requests
        requests += 1
        if status != 200:
            return httpx2.Response(status, json=body)
        name = f"event: {body['type']}\n" if "type" in body else ""
        lines = [f"event: {first.get('type')}\n" * ("type" in first), f"data: {json.dumps(first)}\n\n", name]
        return httpx2.Response(200, headers=SSE, text="".join(lines) + f"data: {json.dumps(body)}\n\n")

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return make(api_key="none", http_client=http, max_retries=2 if status == 200 else 0)


def raised(library, call):
    try:
        for _ in call():
            pass
    except library.APIError as error:
        return type(error).__name__, getattr(error, "status_code", None), error.type


ask = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
for kind, status, name in [("rate_limit_error", 429, "RateLimitError"), ("authentication_error", 401, "AuthenticationError"),
                           ("overloaded_error", 529, "OverloadedError")]:
    body = {"type": "error", "error": {"type": kind, "message": "no"}}
    alone, inside = (
        raised(anthropic, lambda: client_of(anthropic, anthropic.Anthropic, s, body, START).messages.create(**ask, max_tokens=9))
        for s in (status, 200)
    )
    print("anthropic", version("anthropic"), "alone", alone, "inside", inside)
    assert alone == (name, status, kind) and inside == ("APIStatusError", 200, kind), (alone, inside)
body = {"error": {"type": "requests", "code": "rate_limit_exceeded", "message": "no"}}
requests = 0
alone, inside = (
    raised(openai, lambda: client_of(openai, openai.OpenAI, s, body, CHUNK).chat.completions.create(**ask)) for s in (429, 200)
)
print("openai", version("openai"), "alone", alone, "inside", inside, "requests", requests)
assert alone == ("RateLimitError", 429, "requests") and inside == ("APIError", None, "requests") and requests == 2
PY

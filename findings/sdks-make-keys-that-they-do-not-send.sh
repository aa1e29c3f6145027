#!/usr/bin/env bash
# What the openai and anthropic clients send when they repeat a request whose answer did not come in time.
#
# Guess: the same request with the same idempotency key, so that a provider can tell it from a second one and bill it once:
#   each client makes such a key ("ensure the idempotency key is reused between requests"), and has an option for one.
# Really: the key is made and never sent, as the name of its header is None in both; nor is one that the caller gives as
#   `options={"idempotency_key": ...}`, which is taken without a word. A call that is given up after 10 minutes is made up
#   to three times, told apart by `x-stainless-retry-count` alone, and the program sees one answer with one usage. Only a
#   header of the caller's own (`extra_headers`) goes along, the same with each try.
# For us: an answer's usage may be the last of up to three that were billed. The tries are one record with what was told;
#   what an earlier one cost is known to nobody but the invoice, which is what `ai-usage compare` is for.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 httpx2==2.16.2
"$folder/venv/bin/python" -W ignore - <<'PY'
import anthropic
import httpx2
import openai
from anthropic.types import Message
from openai.types.chat import ChatCompletion

CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "choices": []}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
           "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 2}}
ASK = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
KEY = "idempotency-key"


def tries(make, answer, call):
    """Return the number of each try and its key, of a call whose first answer is late."""
    sent = []

    def server(request):
        sent.append(request)
        if len(sent) == 1:
            raise httpx2.ReadTimeout("late", request=request)
        return httpx2.Response(200, json=answer)

    call(make(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(server))))
    assert sent[0].content == sent[1].content
    assert all("mine" in value for request in sent for name, value in request.headers.items() if "idempotency" in name)
    return [(request.headers["x-stainless-retry-count"], request.headers.get(KEY)) for request in sent]


OPTION, HEADER = {"idempotency_key": "mine"}, {"extra_headers": {"Idempotency-Key": "mine"}}
seen = {
    "openai": tries(openai.OpenAI, CHAT, lambda c: c.chat.completions.create(**ASK)),
    "openai, option": tries(
        openai.OpenAI, CHAT, lambda c: c.post("/chat/completions", body=ASK, cast_to=ChatCompletion, options=OPTION)),
    "openai, header": tries(openai.OpenAI, CHAT, lambda c: c.chat.completions.create(**ASK, **HEADER)),
    "anthropic": tries(anthropic.Anthropic, MESSAGE, lambda c: c.messages.create(**ASK, max_tokens=9)),
    "anthropic, option": tries(
        anthropic.Anthropic, MESSAGE, lambda c: c.post("/v1/messages", body=ASK, cast_to=Message, options=OPTION)),
    "anthropic, header": tries(anthropic.Anthropic, MESSAGE, lambda c: c.messages.create(**ASK, max_tokens=9, **HEADER)),
}
print(f"openai {openai.__version__}, anthropic {anthropic.__version__}: number and key of each try")
for name, value in seen.items():
    print(f"  {name}: {value}")
for name, value in seen.items():
    key = "mine" if name.endswith("header") else None
    assert value == [("0", key), ("1", key)], (name, value)
PY

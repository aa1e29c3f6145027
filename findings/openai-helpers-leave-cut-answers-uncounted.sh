#!/usr/bin/env bash
# What the openai client's stream helpers say of the tokens of an answer that the token limit cut off.
#
# Guess: what they say of any other answer: the server told the counts at the stream's end, and they are on the final object,
#   or on the error that `create` and `parse` raise for such an answer (LengthFinishReasonError has the completion).
# Really: where a format was asked for, the chat helper raises at the chunk that says "length". The counts are in the next
#   chunk, which it never reads: the error's completion has no usage, for the same answer whose usage `parse` shows. With
#   no format given it raises nothing while it is iterated; the final completion then is that error, with its usage. The helper
#   of the Responses interface passes on `response.incomplete`, usage and all, and has no final response: RuntimeError,
#   though an answer without a stream is returned as it is. All of these are billed.
# For us: the chunks are read below the helpers, so that two of the three are counted; of the first only the client's
#   response could tell, which is closed: a partial record without counts, which no report takes for free.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 httpx2==2.16.2
"$folder/venv/bin/python" - <<'PY'
import json
from importlib.metadata import version

import httpx2
import openai
from pydantic import BaseModel


class Receipt(BaseModel):
    total: int


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
WORDS = {"index": 0, "delta": {"role": "assistant", "content": '{"tot'}, "finish_reason": None}
END = {"index": 0, "delta": {}, "finish_reason": "length"}
CHUNKS = [CHUNK | {"choices": [WORDS]}, CHUNK | {"choices": [END]}, CHUNK | {"choices": [], "usage": USAGE}]
MESSAGE = {"role": "assistant", "content": '{"tot'}
CHAT = CHUNK | {"object": "chat.completion", "usage": USAGE, "choices": [END | {"message": MESSAGE}]}
COUNTS = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
BEGUN = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "tools": []}
CUT = BEGUN | {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "usage": COUNTS}
EVENTS = [{"type": "response.created", "response": BEGUN | {"status": "in_progress"}},
          {"type": "response.incomplete", "response": CUT}]


def answer(request):
    is_chat = request.url.path.endswith("completions")
    if not json.loads(request.content).get("stream"):
        return httpx2.Response(200, json=CHAT if is_chat else CUT)
    lines = [f"data: {json.dumps(event)}\n\n" for event in (CHUNKS if is_chat else EVENTS)]
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text="".join([*lines, "data: [DONE]\n\n"]))


client = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
ask = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
seen = {}


def told(name, call):
    try:
        usage = call().usage
    except openai.LengthFinishReasonError as error:
        usage = error.completion.usage
        name += ", raised"
    except RuntimeError as error:
        assert "response.completed" in str(error), error
        usage = None
        name += ", RuntimeError"
    seen[name] = usage and usage.total_tokens


def streamed(**more):
    with client.chat.completions.stream(**ask, stream_options={"include_usage": True}, **more) as stream:
        for _ in stream:
            pass
        seen["iterated " + ("with a format" if more else "without one")] = "to its end"
        return stream.get_final_completion()


def responded():
    with client.responses.stream(model="m", input="x") as stream:
        for event in stream:
            if event.type == "response.incomplete":
                seen["event of responses"] = event.response.usage.total_tokens
        return stream.get_final_response()


told("parse", lambda: client.chat.completions.parse(**ask, response_format=Receipt))
told("stream with a format", lambda: streamed(response_format=Receipt))
told("stream without one", streamed)
told("responses, no stream", lambda: client.responses.create(model="m", input="x"))
told("responses, stream", responded)
print("openai", version("openai"), "| tokens told of an answer of 15:", seen)
assert seen == {
    "parse, raised": 15,
    "stream with a format, raised": None,
    "iterated without one": "to its end",
    "stream without one, raised": 15,
    "responses, no stream": 15,
    "event of responses": 15,
    "responses, stream, RuntimeError": None,
}, seen
PY

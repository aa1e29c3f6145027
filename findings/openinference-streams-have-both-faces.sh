#!/usr/bin/env bash
# Whether a stream is asynchronous, asked of the stream, beside openinference's instrumentation of openai.
#
# Guess: `hasattr(stream, "__aiter__")` tells `AsyncStream` from `Stream`, as it does for the client's own classes.
# Really: with the instrumentation both are proxies of one class that has the methods of both kinds, and
#   `isinstance` says that the proxy is of the class that it wraps. Only the kind of the client still tells; the methods
#   of the other kind fail when they are called.
# For us: the client decides which tap a stream gets, and the matrix iterates as its own program runs.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 opentelemetry-sdk==1.45.2 \
  openinference-instrumentation-openai==0.1.66
"$folder/venv/bin/python" -W ignore - <<'PY'
import asyncio
from importlib.metadata import version

import httpx2
import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider

CHUNK = ('data: {"id": "c", "created": 1, "model": "gpt-4o-mini", "object": "chat.completion.chunk", "choices": '
         '[{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "stream": True}
FACES = ("__next__", "__anext__", "__iter__", "__aiter__")
answer = httpx2.MockTransport(
    lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=CHUNK))
client = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=answer))


async def read_in_the_other_way(stream):
    try:
        return len([chunk async for chunk in stream])
    except Exception as error:
        return type(error).__name__


def faces():
    stream = client.chat.completions.create(**ASK)
    seen = [hasattr(stream, face) for face in FACES]
    return seen, isinstance(stream, openai.Stream), isinstance(stream, openai.AsyncStream), stream


bare, *_ = faces()
OpenAIInstrumentor().instrument(tracer_provider=TracerProvider())
proxied, is_sync, is_async, stream = faces()
other = asyncio.run(read_in_the_other_way(stream))
print("openai", openai.__version__, "openinference", version("openinference-instrumentation-openai"))
print(*FACES, "bare", bare, "instrumented", proxied, "a Stream:", is_sync, "an AsyncStream:", is_async)
print("a synchronous one, read by async for:", other)
assert bare == [True, False, True, False], bare
assert proxied == [True, True, True, True] and (is_sync, is_async) == (True, False), proxied
assert isinstance(other, str), other
PY

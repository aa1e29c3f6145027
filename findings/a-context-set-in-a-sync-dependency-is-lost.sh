#!/usr/bin/env bash
# What one would guess: a sync `yield` dependency of FastAPI and a sync generator that is streamed behave as the
# context managers and generators that they are: a ContextVar that is set before the first `yield` has its value
# in the endpoint, behind the `yield`, and in the next step, as with an async dependency or generator.
#
# What happens: Starlette runs each step in a thread, in a copy of the request's context, which it throws away.
# The endpoint, the code behind the `yield` and the next step all see the value from before. An `async def`
# dependency is seen by endpoints of both kinds.
#
# What it means for us: a block in such a function is current in its first step only. Nothing that sets a
# ContextVar can change that, so it is told, with recipes (docs/recipes.md).
#
# Needs network access to PyPI (fastapi 0.165.0, starlette 1.10.0). Exits with 1 if the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'fastapi==0.165.0' 'starlette==1.10.0'
"$folder/venv/bin/python" - <<'PROGRAM'
import asyncio
import sys
from contextvars import ContextVar
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

app, value, seen = FastAPI(), ContextVar("value", default="before"), {}


def sync_dependency():
    value.set("set")
    yield
    seen["behind the yield of a sync dependency"] = value.get()


async def async_dependency():
    value.set("set")
    yield


@app.get("/sync", dependencies=[Depends(sync_dependency)])
def of_sync():
    seen["endpoint of a sync dependency"] = value.get()


@app.get("/async", dependencies=[Depends(async_dependency)])
def of_async():
    seen["endpoint of an async dependency"] = value.get()


@app.get("/stream")
def stream():
    def steps():
        value.set("set")
        yield "1"
        seen["second step of a sync generator"] = value.get()

    return StreamingResponse(steps())


async def ask(path):
    received = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if not received:
            await asyncio.Event().wait()
        return received.pop()

    async def send(message):
        pass

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
    rest = {"http_version": "1.1", "query_string": b"", "root_path": "", "asgi": {"version": "3.0"}}
    await app({**scope, **rest}, receive, send)


for path in ("/sync", "/async", "/stream"):
    asyncio.run(ask(path))
print("CPython", sys.version.split()[0], "fastapi", version("fastapi"), "starlette", version("starlette"))
for where, found in seen.items():
    print(f"{where}: {found}")
expected = {
    "endpoint of a sync dependency": "before",
    "behind the yield of a sync dependency": "before",
    "endpoint of an async dependency": "set",
    "second step of a sync generator": "before",
}
sys.exit(0 if seen == expected else 1)
PROGRAM

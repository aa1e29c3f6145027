"""Runs in an entry's environment: every call form, and what the host, they and we saw of it.

``python -m matrix.instrumentations._program NAME MODE``, where the mode is ``theirs``,
``ours first`` or ``theirs first``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from matrix import results
from matrix.catalogue import load

if TYPE_CHECKING:
    from collections.abc import Callable

#: Ids and addresses of the server, which are others in each run.
REQUEST_ID = re.compile(r"req-[0-9a-f]{32}-\d+")
ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
#: What we may add to a request.
OURS = "stream_options"
FACES = ("__iter__", "__next__", "__aiter__", "__anext__", "__enter__", "__aenter__")


def installed(name: str, mode: str) -> Callable[[], list[Any]]:
    """Have them, and us unless the mode says otherwise, observe, in the order of the mode."""
    from tracker.instrumentation.installation import install

    if mode == "ours first":
        install()
    drain: Callable[[], list[Any]] = load("instrumentations", name).install()
    if mode == "theirs first":
        install()
    return drain


def plain(value: Any) -> Any:
    """Return *value* as JSON has it, without what the server names anew in each run."""
    text = json.dumps(value, default=repr, sort_keys=True)
    return json.loads(ADDRESS.sub("SERVER", REQUEST_ID.sub("REQUEST", text)))


def looks(answer: Any) -> dict[str, Any]:
    """Return what a program can tell of an answer without using it up."""
    import anthropic
    import openai

    classes = (openai.Stream, openai.AsyncStream, anthropic.Stream, anthropic.AsyncStream)
    response = getattr(answer, "response", None) or getattr(answer, "http_response", None)
    return {
        "class": f"{type(answer).__module__}.{type(answer).__qualname__}",
        "is": [kind.__module__ for kind in classes if isinstance(answer, kind)],
        "faces": [face for face in FACES if hasattr(answer, face)],
        "status": getattr(response, "status_code", None),
        "request id": getattr(answer, "_request_id", None),
    }


async def host(form: Any, client: Any, server: Any) -> dict[str, Any]:
    """Make a call as a program does; return all that it can see of it."""
    from capture_matrix import got

    server.behave()
    facts: dict[str, Any] = {}
    try:
        answer = await got(form.call(client))
        facts["looks"] = looks(answer)
        facts["seen"] = await form.use(answer, lambda _: None)
    except Exception as error:  # noqa: BLE001 - the host has it with us and without us
        facts["raised"] = repr(error)
    facts["asked"] = [
        [path, {key: value for key, value in body.items() if key != OURS}]
        for path, body in server.requests
    ]
    return facts


async def called(
    form: Any, client: Any, server: Any, mode: str, around: Callable[[], Any]
) -> dict[str, Any]:
    """Make the call of *form*, observed as *mode* says; return what the host and we saw."""
    from capture_matrix import wrong

    from tracker import ai_usage_context
    from tracker.testing import capture

    told = None
    if mode == "theirs":
        with around():
            seen = await host(form, client, server)
            gc.collect()
    else:
        with capture() as metrics, around():
            with ai_usage_context("matrix", job_id="j"):
                seen = await host(form, client, server)
            gc.collect()
        told = wrong(form, ("captured",), list(metrics))
    return {"host": plain(seen), "ours": told}


async def every_form(
    server: Any, name: str, mode: str, drain: Callable[[], list[Any]], *, asynchronous: bool
) -> None:
    """Tell of each form, called by one kind of client."""
    from capture_matrix import FORMS, client_of, got

    around = getattr(load("instrumentations", name), "around", nullcontext)
    clients: dict[str, Any] = {}
    for form in FORMS:
        if form.client not in clients:
            clients[form.client] = client_of(form, server, asynchronous=asynchronous)
        record = await called(form, clients[form.client], server, mode, around)
        label = f"{form.client} {form.name}{', async' if asynchronous else ''}"
        results.tell({"cell": label, "theirs": plain(drain()), **record})
    for client in clients.values():
        await got(client.close())


def main(name: str, mode: str) -> int:
    """Run every form, by both kinds of client."""
    drain = installed(name, mode)
    from capture_matrix import run
    from loopback import loopback_server

    with loopback_server() as server:
        run(every_form(server, name, mode, drain, asynchronous=False))
        asyncio.run(every_form(server, name, mode, drain, asynchronous=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

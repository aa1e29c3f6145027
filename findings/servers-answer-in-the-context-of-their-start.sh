#!/usr/bin/env bash
# Which ContextVars a coroutine sees that a loop is given from outside: by a connection, a signal, or another thread.
#
# Guess: those of the loop's main task, or none: who connects is nobody in this process; and a thread, which begins with
#   an empty context, gives none to a coroutine that it hands to the loop by `run_coroutine_threadsafe`.
# Really: each connection of a server is handled in a copy of the context that was current when the server was started (a
#   block around `start_server` is that of each request, for good), and a signal's handler in that of `add_signal_handler`.
#   What the main task sets later is seen by none. The coroutine from a thread has the thread's: a block in which
#   the loop's own task waits for the thread is not seen, one that the thread has entered is. uvloop does the same.
# For us: a block around the start of a server books all that its handlers do, and never ends for them; and calls of
#   a library that hands coroutines to a loop in the background are the block's that the calling thread is in.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cat >"$folder/seen.py" <<'PY'
import asyncio
import os
import signal
import sys
from contextvars import ContextVar

import uvloop

job = ContextVar("job", default=None)
seen = {}


async def handle(_reader, writer):
    seen.setdefault("connections", []).append(job.get())
    writer.close()


async def connect(port):
    job.set("who connects")
    reader, _ = await asyncio.open_connection("127.0.0.1", port)
    await reader.read()


async def current():
    return job.get()


async def main():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    job.set("start of the server")
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    job.set("start of the handler")
    loop.add_signal_handler(signal.SIGUSR1, lambda: (seen.update(signal=job.get()), done.set()))
    job.set("main task")
    for _ in range(2):
        await asyncio.create_task(connect(server.sockets[0].getsockname()[1]))
    os.kill(os.getpid(), signal.SIGUSR1)
    await done.wait()

    def in_thread(value):
        if value:
            job.set(value)
        return asyncio.run_coroutine_threadsafe(current(), loop).result()

    for name, value in (("a thread without one", None), ("a thread with one", "thread")):
        seen[name] = await loop.run_in_executor(None, in_thread, value)


uvloop.run(main()) if sys.argv[1] == "uvloop" else asyncio.run(main())
print(sys.argv[1], sys.version_info[:2], seen)
assert seen == {
    "connections": ["start of the server"] * 2,
    "signal": "start of the handler",
    "a thread without one": None,
    "a thread with one": "thread",
}, seen
PY
for loop in asyncio uvloop; do "$folder/venv/bin/python" "$folder/seen.py" $loop; done

#!/usr/bin/env bash
# What one would guess: a uvicorn server that SIGTERM ends shuts down gracefully and returns, so that what stands
# behind `uvicorn.run` or `await server.serve()`, `finally` clauses and `atexit` handlers run as at any end.
#
# What happens: it waits for its requests and its lifespan, puts the former handlers of the signal back, and
# raises the signal again, in `serve()`, while the event loop still runs. Where SIGTERM has no handler the
# process dies there: no `finally`, no `atexit`, and nothing that an executor or a thread has still to do.
#
# What it means for us: what coroutines recorded last was still in our queue, and neither the end of the loop nor
# the interpreter's exit ever came. We wait behind `Server.shutdown`, the last thing that runs.
#
# Needs network access to PyPI (uvicorn 0.54.0). Exits with 1 if the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'uvicorn==0.54.0'
"$folder/venv/bin/python" - <<'PROGRAM'
import subprocess
import sys
from importlib.metadata import version

SERVER = """
import atexit, os, signal, uvicorn

def said(text):
    print(text, flush=True)

atexit.register(said, "atexit")

async def app(scope, receive, send):
    while True:
        told = (await receive())["type"]
        if told == "lifespan.startup":
            signal.raise_signal(signal.SIGTERM)
        else:
            said(told)
        await send({"type": told + ".complete"})
        if told == "lifespan.shutdown":
            return
try:
    uvicorn.run(app, port=0, log_level="error")
    said("returned")
finally:
    said("finally")
"""
done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True)
print("CPython", sys.version.split()[0], "uvicorn", version("uvicorn"))
print("it said:", done.stdout.split(), "and ended with status", done.returncode, done.stderr)
sys.exit(0 if done.stdout.split() == ["lifespan.shutdown"] and done.returncode == -15 else 1)
PROGRAM

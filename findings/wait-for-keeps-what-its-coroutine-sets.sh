#!/usr/bin/env bash
# Where a ContextVar is set when a coroutine sets it that `asyncio.wait_for` waits for.
#
# Guess: in the coroutine only. `wait_for` runs it as a task of its own, which has a copy of the context, like
#   `gather` and `create_task`; so it was, and many a comment says so.
# Really: up to Python 3.11. Since 3.12 it awaits the coroutine where it stands, within `asyncio.timeout`, so that what
#   the coroutine sets is set for the caller too, and stays. The same line with a task or future given (or with
#   `shield` around it) is as before, on all versions. And a context manager that is entered by
#   `await wait_for(manager.__aenter__(), 5)` is current for its body on 3.12, and for nobody on 3.11, where the token
#   that it keeps cannot be reset by the caller: ValueError.
# For us: a program whose helper enters a block, or sets ids for the current context, under a time limit books the calls
#   behind it otherwise when Python is raised. A block that is entered in the same function as its calls is the same on both.
#
# Needs python3.11 on PATH, or its path as the first argument; a newer one likewise as the second (python3.13).
set -euo pipefail
old=${1:-python3.11} new=${2:-python3.13}
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cat >"$folder/seen.py" <<'PY'
import asyncio
import sys
from contextvars import ContextVar

job = ContextVar("job", default=None)


async def set_to(value):
    job.set(value)


class Block:
    async def __aenter__(self):
        self.token = job.set("block")

    async def __aexit__(self, *_):
        job.reset(self.token)


async def main():
    seen = {}
    for name, wait in {
        "await": lambda: set_to("inner"),
        "wait_for": lambda: asyncio.wait_for(set_to("inner"), 60),
        "wait_for of a task": lambda: asyncio.wait_for(asyncio.create_task(set_to("inner")), 60),
        "wait_for of shield": lambda: asyncio.wait_for(asyncio.shield(set_to("inner")), 60),
        "gather": lambda: asyncio.gather(set_to("inner")),
    }.items():
        job.set("outer")
        await wait()
        seen[name] = job.get()
    job.set("outer")
    block = Block()
    await asyncio.wait_for(block.__aenter__(), 60)
    seen["in the block"] = job.get()
    try:
        await block.__aexit__()
    except ValueError as error:
        seen["left"] = type(error).__name__
    return seen


seen, is_new = asyncio.run(main()), sys.version_info >= (3, 12)
print("Python", ".".join(map(str, sys.version_info[:3])), seen)
own = {name: "outer" for name in ("wait_for of a task", "wait_for of shield", "gather")}
if is_new:
    assert seen == {"await": "inner", "wait_for": "inner", **own, "in the block": "block"}, seen
else:
    assert seen == {"await": "inner", "wait_for": "outer", **own, "in the block": "outer", "left": "ValueError"}, seen
PY
"$old" "$folder/seen.py"
"$new" "$folder/seen.py"

#!/usr/bin/env bash
# Which ContextVars a coroutine sees that `asyncio.Runner.run` runs.
#
# Guess: those of the code that calls `run`, as with `asyncio.run` (which is a Runner) and with `run_until_complete` of
#   the Runner's own loop.
# Really: those that were set when the Runner was made, or its `with` entered, for good. What the caller sets later is not
#   seen, a context manager around `runner.run(...)` has no effect on what it runs, and what one coroutine sets the next one
#   has, though the caller never set it. On 3.11 to 3.14; only `run(coroutine, context=copy_context())` is like the guess.
# For us: AI calls of a coroutine that an older Runner runs inside a block are not the block's: the recipes say to enter
#   the block in the coroutine, or to hand the context over.
#
# Needs Python 3 only; other versions can be named as arguments.
set -euo pipefail
for python in "${@:-python3}"; do "$python" - <<'PY'
import asyncio
import sys
from contextvars import ContextVar, copy_context

job = ContextVar("job", default="nobody")


async def seen(then=None):
    before = job.get()
    if then:
        job.set(then)
    return before


found = {}
with asyncio.Runner() as runner:
    job.set("caller")
    found["asyncio.run"] = asyncio.run(seen())
    found["run_until_complete"] = runner.get_loop().run_until_complete(seen())
    found["run"] = runner.run(seen(then="a coroutine"))
    found["run again"] = runner.run(seen())
    found["run with a context"] = runner.run(seen(), context=copy_context())
    found["the caller"] = job.get()
print("python", sys.version.split()[0])
for name, value in found.items():
    print(f"  {name}: {value}")
assert list(found.values()) == ["caller", "caller", "nobody", "a coroutine", "caller", "caller"], found
PY
done

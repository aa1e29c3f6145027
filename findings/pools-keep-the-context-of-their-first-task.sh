#!/usr/bin/env bash
# In which context a pool of threads runs a task on Python 3.14, where threads inherit the context of who starts them
# (`-X thread_inherit_context=1`, the default of free-threaded builds).
#
# Guess: the setting does for threads what `create_task` does for tasks, so that what is submitted sees the ContextVars of
#   who submitted it; without the setting it sees none.
# Really: it is the thread that inherits, once, and a pool starts a thread when it needs one more. A task sees the context
#   of whoever's task the thread was started for, all later tasks of the thread too, long after that request is over.
#   Where there are several threads it hangs on chance whose that is; and what a task sets is there for the next one. The
#   same for `run_in_executor`; the threads of a ThreadPool have the context of who made the pool. `asyncio.to_thread`, which
#   hands the context over by itself, is right both ways.
# For us: on such an interpreter a call in a pool can be booked to somebody else's job, as long as that one's block is open,
#   and not only to nobody. Our executor and `tracker.wrap` hand the context over, and threads of ours begin in an empty one.
#
# Needs python3.14 on PATH, or its path as the first argument.
set -euo pipefail
python=${1:-python3.14}
program='
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from multiprocessing.pool import ThreadPool

job = ContextVar("job", default="nobody")


def of_two_jobs(submit):
    """Return what is current in a task of each of two jobs, which come one behind the other."""
    def seen(name):
        job.set(name)
        return submit()
    return [copy_context().run(seen, name) for name in ("first", "second")]


async def in_a_loop(send):
    async def seen(name):
        job.set(name)
        return await send(job.get)
    return [await asyncio.create_task(seen(name)) for name in ("first", "second")]


async def to_executor(function):
    return await asyncio.get_running_loop().run_in_executor(None, function)


with ThreadPoolExecutor(1) as pool, ThreadPool(1) as older:
    found = {
        "submit": of_two_jobs(lambda: pool.submit(job.get).result()),
        "what a task set": pool.submit(job.set, "left behind").result() and pool.submit(job.get).result(),
        "ThreadPool": of_two_jobs(lambda: older.apply(job.get)),
        "run_in_executor": asyncio.run(in_a_loop(to_executor)),
        "to_thread": asyncio.run(in_a_loop(asyncio.to_thread)),
    }
inherits = bool(sys.flags.thread_inherit_context)
print("python", sys.version.split()[0], "threads inherit:", inherits)
for name, value in found.items():
    print(f"  {name}: {value}")
first, right, none = ["first", "first"], ["first", "second"], ["nobody", "nobody"]
expected = [first, "left behind", none, first, right] if inherits else [none, "left behind", none, none, right]
assert list(found.values()) == expected, found
'
for inherit in 0 1; do "$python" -X thread_inherit_context=$inherit -c "$program"; done

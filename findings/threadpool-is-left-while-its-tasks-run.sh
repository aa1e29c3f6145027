#!/usr/bin/env bash
# What one would guess: `with multiprocessing.pool.ThreadPool(...) as pool:` is left when the tasks that it
# was given are over, as with concurrent.futures.ThreadPoolExecutor; or that leaving it ends them, as with
# the process pool whose interface it shares ("terminate: stops the worker processes immediately").
#
# What happens: neither. Leaving it drops the tasks that have not begun and returns; a task that runs goes
# on after the `with`, on CPython 3.11, 3.13 and 3.14 (threads cannot be terminated, and are not joined).
#
# What it means for us: a tracker that goes to such a pool with apply_async may be used when the block is
# over, although the pool's own `with` lies inside of it: refused. `pool.map` and `pool.apply` wait.
#
# Needs Python 3 only. Exits with 1 if the behaviour is another one.
set -euo pipefail
"${PYTHON:-python3}" - <<'PROGRAM'
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool


def left_while_running(pool, submit):
    """Return whether the with statement of *pool* ends before the task that it runs."""
    started, gate, left = (threading.Event() for _ in range(3))

    def task():
        started.set()
        gate.wait()

    def use():
        with pool:
            submit(task)
            started.wait()
        left.set()

    user = threading.Thread(target=use)
    user.start()
    # An executor would never get here without the gate: a limit is the only way to see that it waits.
    early = left.wait(2)
    gate.set()
    user.join()
    return early


threads, executor = ThreadPool(1), ThreadPoolExecutor(1)
early = left_while_running(threads, threads.apply_async)
waits = not left_while_running(executor, executor.submit)
print("CPython", sys.version.split()[0])
print("multiprocessing.pool.ThreadPool: left while its task runs:", early)
print("concurrent.futures.ThreadPoolExecutor: waits for its task:", waits)
sys.exit(0 if early and waits else 1)
PROGRAM

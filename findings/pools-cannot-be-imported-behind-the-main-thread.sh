#!/usr/bin/env bash
# What one would guess: a thread that goes on when the main thread has ended can import the standard
# library, and `concurrent.futures` as long as it starts no pool.
#
# What happens: importing `concurrent.futures.thread` there raises RuntimeError ("can't register atexit
# after shutdown"), on CPython 3.11, 3.13 and 3.14: the module registers with `threading`, which has
# finished; an exit handler has the same.
#
# What it means for us: a program may use the package first in such a thread. What patches pools of
# threads imports them when a framework comes that has some, and not when the package begins.
#
# Needs Python 3 only. Exits with 1 if the behaviour is another one.
set -euo pipefail
"${PYTHON:-python3}" - <<'PROGRAM'
import os
import sys
import threading


def work():
    threading.main_thread().join()
    told = "it was imported"
    try:
        import concurrent.futures.thread
    except RuntimeError as error:
        told = str(error)
    as_told = "after shutdown" in told
    print(f"Python {sys.version.split()[0]}: {told}", flush=True)
    os._exit(0 if as_told else 1)


threading.Thread(target=work).start()
PROGRAM

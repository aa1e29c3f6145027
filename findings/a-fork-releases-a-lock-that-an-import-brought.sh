#!/usr/bin/env bash
# What one would guess: what a module registers for forks (os.register_at_fork) while a fork is on its way holds for the next
# fork: each fork calls the hooks of one list, before and behind it.
#
# What happens: the list is copied for each of the two. A hook for before the fork that waits for another thread, as one does
# that must not fork in the midst of an import, sees that thread import logging, or concurrent.futures.thread: the lock of
# that module is then released behind the fork, and was not taken before it. "RuntimeError: cannot release un-acquired lock",
# and "release unlocked lock", on the program's standard error; on CPython 3.11, 3.13 and 3.14 alike.
#
# What it means for us: a fork waits for a thread of ours that imports. The pools, which boto3
# brings along, are imported in the program's own thread, with the first tracker, and logging with the package.
#
# Needs Python 3 only. Exits with 1 if the behaviour is another one.
set -euo pipefail
"${PYTHON:-python3}" -W ignore - <<'PROGRAM'
import os
import sys
import threading

told = []
sys.unraisablehook = lambda found: told.append(str(found.exc_value))
begun, imported = threading.Event(), threading.Event()


def work():
    begun.wait()
    import concurrent.futures.thread  # and logging, which it imports

    imported.set()


def wait_for_the_thread():
    if not begun.is_set():
        begun.set()
        imported.wait()


assert sys.modules.keys().isdisjoint({"logging", "concurrent.futures.thread"})
os.register_at_fork(before=wait_for_the_thread)
threading.Thread(target=work).start()
for _ in range(2):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
print(f"Python {sys.version.split()[0]} | told of two forks:", told)
assert told == ["cannot release un-acquired lock", "release unlocked lock"], told
PROGRAM

#!/usr/bin/env bash
# What one would guess: `with condition:` is as safe from an interrupt (Ctrl-C, a signal's handler that raises) as `with lock:`:
# either the block is entered, and left, or the lock is not taken. And a `wait` that is interrupted raises KeyboardInterrupt.
#
# What happens: Python looks for signals where a function of its own begins and where a call of one in C has returned. Until 3.13
# a lock is entered without either. A condition's own `__enter__` is a function of Python's that calls the lock's: an interrupt
# behind that call leaves the lock taken for ever, by a thread that does not know it. On 3.14 `with lock:` is such a call, too:
# of 5,000 interrupts of a loop over `with lock: pass`, by a timer, none left it taken on 3.11 and 3.13, and 3,000 on 3.14. One
# that comes while `wait` has just given up the lock is a RuntimeError ("cannot release un-acquired lock") in its place: whoever
# catches Exception has swallowed a Ctrl-C.
#
# What it means for us: what a program's thread shares with ours is held by its lock, and the condition is only told; who waits
# for the writer waits for a lock of its own.
#
# Needs Python 3 only. Exits with 1 if the behaviour is another one.
set -euo pipefail
"${PYTHON:-python3}" -W ignore - <<'PROGRAM'
import signal
import sys
import threading


def interrupted_at(chance, work):
    """Run *work* with a Ctrl-C at its *chance*-th opportunity; return what it raised, None where there are not so many."""
    seen = 0

    def count(frame, event, told):
        nonlocal seen
        if frame.f_code is work.__code__ and event == "call":
            return
        if event in ("call", "c_return") and told is not sys.setprofile:
            seen += 1
            if seen == chance:
                signal.raise_signal(signal.SIGINT)

    sys.setprofile(count)
    try:
        work()
    except BaseException as error:
        return type(error).__name__
    finally:
        sys.setprofile(None)
    return None


def tried(make, use):
    """Return what was raised, and how often the lock was left taken, over all opportunities."""
    raised, taken, chance = [], 0, 0
    while True:
        chance += 1
        lock = threading.RLock()
        shared = make(lock)

        def work():
            use(shared)

        error = interrupted_at(chance, work)
        if error is None:
            return sorted(set(raised)), taken
        raised.append(error)
        other = threading.Thread(target=lambda: free.append(lock.acquire(blocking=False)))
        free = []
        other.start()
        other.join()
        taken += not free[0]


def enter(shared):
    with shared:
        pass


def wait(shared):
    with lock_of(shared):
        shared.wait(0.001)


def lock_of(shared):
    return shared._lock


results = {
    "with lock": tried(lambda lock: lock, enter),
    "with condition": tried(threading.Condition, enter),
    "wait": tried(threading.Condition, wait),
}
print(f"Python {sys.version.split()[0]} | raised, and how often the lock stayed taken:", results)
entering = int(sys.version_info >= (3, 14))
assert results["with lock"] == (["KeyboardInterrupt"], entering), results
# Behind the lock's entering, and before its leaving.
assert results["with condition"] == (["KeyboardInterrupt"], 2), results
assert results["wait"] == (["KeyboardInterrupt", "RuntimeError"], entering), results
PROGRAM

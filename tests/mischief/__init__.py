"""A machine at its worst, as often as a seed says: what a test may not lean on.

Sockets deliver a few bytes at a time, both ways; threads and processes begin late, and who waited
for an event, a condition or a queue goes on late; garbage is looked for in any thread; what is
ready is told in any order; and threads change places after every few instructions, or hardly ever.

Nothing here is forbidden to a machine.  A test that fails has taken for granted what comes first,
how much is read at once, or how long something takes; or what it tests has.

``pytest --mischief SEED`` begins it (``make busy`` does), and programs of Python that a test
starts are in it, too, unless they are started without ``PYTHONPATH``.
"""

from __future__ import annotations

import functools
import gc
import os
import queue
import random
import selectors
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CHILDREN = Path(__file__).with_name("children")
#: The seed, for programs that a test starts.
VARIABLE = "AI_USAGE_TEST_MISCHIEF"
#: Seconds between the changes of threads: Python's own are 0.005.
INTERVALS = (1e-6, 0.05, 0.005)
LONGEST_DELAY = 0.03
#: Of so many chances to be late, one is taken; of so many to look for garbage, too.
ONE_LATE, ONE_SEARCH = 10, 100
#: Bytes that are read or written at once; the last one stands for all of them.
PIECES = (1, 2, 5, 17, 64, 300, 1500, 1 << 16)
#: Nobody sends a megabyte in pieces of one byte: after so many pieces the rest goes at once.
MOST_PIECES = 12

_sleep = time.sleep


class Dice:
    """What a seed decides, in one process: a fork throws others."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._seed = seed

    def again(self) -> None:
        """Throw others than the process that this one was made from."""
        self._random.seed(f"{self._seed}, process {os.getpid()}")

    def late(self) -> None:
        """Come later than was to be expected, or look for garbage first; mostly neither."""
        if self._random.randrange(ONE_LATE) == 0:
            _sleep(LONGEST_DELAY * self._random.random() ** 3)
        if self._random.randrange(ONE_SEARCH) == 0:
            gc.collect()

    def piece(self) -> int:
        """Return how many bytes go at once."""
        return self._random.choice(PIECES)

    def mixed(self, things: list[Any]) -> list[Any]:
        """Return *things* in any order."""
        return self._random.sample(things, len(things))


def begin(seed: str) -> None:
    """Make this process and the programs that it starts suffer, to its end; once."""
    if hasattr(threading.Thread.start, "__wrapped__"):
        return
    if os.environ.get(VARIABLE) != seed:
        os.environ[VARIABLE] = seed
        others = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(CHILDREN), others)))
    dice = Dice(f"{seed} {' '.join(sys.argv)}")
    sys.setswitchinterval(random.Random(seed).choice(INTERVALS))
    _deliver_pieces(dice)
    _be_late(dice)
    os.register_at_fork(
        after_in_child=lambda: (dice.again(), dice.late()), after_in_parent=dice.late
    )


def _deliver_pieces(dice: Dice) -> None:
    """Have streams of sockets give and take fewer bytes than they are asked to."""
    whole: Any = socket.socket
    recv, recv_into, send, sendall = whole.recv, whole.recv_into, whole.send, whole.sendall

    def is_stream(line: socket.socket, flags: int) -> bool:
        return bool(line.type & socket.SOCK_STREAM) and not flags

    def some_recv(self: socket.socket, size: int, flags: int = 0) -> Any:
        return recv(self, min(size, dice.piece()) if is_stream(self, flags) else size, flags)

    def some_recv_into(self: socket.socket, into: Any, size: int = 0, flags: int = 0) -> Any:
        if is_stream(self, flags):
            size = min(size or memoryview(into).nbytes, dice.piece())
        return recv_into(self, into, size, flags)

    def some_send(self: socket.socket, content: Any, flags: int = 0) -> Any:
        few = memoryview(content).cast("B")
        return send(self, few[: dice.piece()] if is_stream(self, flags) else few, flags)

    def sendall_in_pieces(self: socket.socket, content: Any, flags: int = 0) -> None:
        rest = memoryview(content).cast("B")
        for _ in range(MOST_PIECES if is_stream(self, flags) else 0):
            size = dice.piece()
            sendall(self, rest[:size], flags)
            rest = rest[size:]
            if not rest:
                return
            dice.late()
        sendall(self, rest, flags)

    whole.recv, whole.recv_into = some_recv, some_recv_into
    whole.send, whole.sendall = some_send, sendall_in_pieces


def _be_late(dice: Dice) -> None:
    """Have threads, processes and who waits go on late, and tell what is ready in any order."""
    for owner, name in (
        (threading.Thread, "start"),
        (threading.Event, "set"),
        (threading.Event, "wait"),
        (threading.Condition, "wait"),
        (queue.Queue, "get"),
        (queue.Queue, "put"),
        (subprocess.Popen, "__init__"),
        (subprocess.Popen, "wait"),
    ):
        setattr(owner, name, _late(getattr(owner, name), dice))
    for name in ("EpollSelector", "PollSelector", "SelectSelector"):
        owner = getattr(selectors, name, None)
        if owner is not None:
            owner.select = _mixed(owner.select, dice)


def _late(function: Callable[..., Any], dice: Dice) -> Callable[..., Any]:
    @functools.wraps(function)
    def late(*args: Any, **kwargs: Any) -> Any:
        dice.late()
        result = function(*args, **kwargs)
        dice.late()
        return result

    return late


def _mixed(function: Callable[..., Any], dice: Dice) -> Callable[..., Any]:
    @functools.wraps(function)
    def mixed(*args: Any, **kwargs: Any) -> Any:
        return dice.mixed(function(*args, **kwargs))

    return mixed

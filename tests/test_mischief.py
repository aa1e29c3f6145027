"""What a bad machine is made of: pieces, delays and standstills that lose nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mischief import CHILDREN, VARIABLE
from tests.mischief.standstill import below, standing_still

ROOT = Path(__file__).resolve().parents[1]
#: Sends as much as no pipe holds, says how often something came, and what of our own is left.
PROGRAM = """
import os, queue, socket, sys, threading
sent = os.urandom(100_000)
ours, its = socket.socketpair()
def work():
    its.sendall(sent)
    its.close()
    done.put("done")
done = queue.Queue()
sender = threading.Thread(target=work)
sender.start()
parts = []
while part := ours.recv(len(sent)):
    parts.append(part)
sender.join()
assert b"".join(parts) == sent
assert done.get() == "done"
first, second = socket.socketpair(type=socket.SOCK_DGRAM)
first.send(bytes(2000))
assert len(second.recv(2000)) == 2000
first.send(bytes(2000))
assert len(second.recv(2000, socket.MSG_PEEK)) == 2000
print(min(map(len, parts)) < 1500, "tests" in sys.modules, sys.getswitchinterval() in (1e-6, 0.05))
"""


def run(**variables: str) -> str:
    """Return what the program prints."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_everything_arrives_in_pieces() -> None:
    """Of streams alone: a message is a whole, and who looks ahead sees as much as there is."""
    assert run(**{VARIABLE: "4", "PYTHONPATH": str(CHILDREN)}) == "True False True"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells who started whom")
def test_what_a_program_started_stands_still_and_goes_on() -> None:
    """It comes to its end, and nothing is left stopped."""
    with standing_still("1"):
        program = [sys.executable, "-c", "input()"]
        with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
            assert process.pid in below(os.getpid())
            process.communicate(b"\n")
    assert process.returncode == 0

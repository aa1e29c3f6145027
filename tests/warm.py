"""Runs ``python -m codemods...`` as a process of its own that need not import the package again.

To start Python and to import the tools takes ten times as long as most runs of a test.  One
process of each test process has them imported, and becomes each command by a fork: it has its
own folder, variables, arguments, files, status and end, as a process from the shell has.
What is said of start-up itself (import order, module path, signals, a terminal) is tested with
processes from the start.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
#: Run as ``__main__`` anew each time, as ``python -m`` does.
COMMANDS = ("codemods.lint", "codemods.merge", "codemods.migrate", "codemods.status")
_LENGTH = struct.Struct("!I")


def run_command(
    command: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    given: bytes = b"",
    timeout: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run *command* as ``subprocess.run`` would, with *given* on standard input."""
    if command[:2] != [sys.executable, "-m"] or command[2] not in COMMANDS:
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
            timeout=timeout,
        )
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        stdin.write(given)
        stdin.seek(0)
        said = {"command": command[2:], "cwd": str(cwd), "environment": dict(environment)}
        files = [file.fileno() for file in (stdin, stdout, stderr)]
        try:
            status = _asked(json.dumps(said).encode(), files, timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired(command, timeout or 0) from None
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(command, status, stdout.read(), stderr.read())


def run_text(
    command: list[str], cwd: Path, environment: Mapping[str, str], timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run *command*, and return what it printed as text."""
    done = run_command(command, cwd, environment, timeout=timeout)
    said = (done.stdout.decode(), done.stderr.decode())
    return subprocess.CompletedProcess(command, done.returncode, *said)


def _asked(said: bytes, files: list[int], timeout: float | None) -> int:
    server, line = _server()
    line.settimeout(timeout)
    try:
        socket.send_fds(line, [_LENGTH.pack(len(said))], files)
        line.sendall(said)
        answer = _received(line, _LENGTH.size)
    except (OSError, EOFError):  # it may still be at work: that ends, and the next has a new one
        _server.cache_clear()
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        raise
    return struct.unpack("!i", answer)[0]


@functools.cache
def _server() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the process that has everything imported; it ends when this one does."""
    ours, its = socket.socketpair()
    program = f"from tests.warm import serve; serve({its.fileno()})"
    with its:
        server = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
            start_new_session=True,
        )
    atexit.register(_end, server, ours)
    return server, ours


def _end(server: subprocess.Popen[bytes], ours: socket.socket) -> None:
    ours.close()
    server.wait()


def _received(line: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = line.recv(length - len(content))
        if not part:
            raise EOFError
        content += part
    return content


# -- in the process that forks ----------------------------------------------------------


def serve(number: int) -> None:
    """Become each command that the socket *number* tells, until nobody is there to tell."""
    import codemods

    for module in pkgutil.walk_packages(codemods.__path__, "codemods."):
        if not module.name.startswith(("codemods.server", "codemods.runner.cluster")):
            importlib.import_module(module.name)
    for name in COMMANDS:
        del sys.modules[name]
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as line:
        while True:
            length, files, _flags, _address = socket.recv_fds(line, _LENGTH.size, 3)
            if not length:
                return
            said = json.loads(_received(line, _LENGTH.unpack(length)[0]))
            child = os.fork()
            if child == 0:
                break
            for file in files:
                os.close(file)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            line.sendall(struct.pack("!i", status))
    _become(said, files)


def _become(said: Mapping[str, object], files: list[int]) -> None:
    """Be the process of the command *said*, and end as it ends."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    os.chdir(str(said["cwd"]))
    os.environ.clear()
    os.environ |= {**dict(said["environment"]), "PYTHONSAFEPATH": "1"}  # type: ignore[call-overload]
    name, *arguments = list(said["command"])  # type: ignore[call-overload]
    sys.argv = [name, *arguments]
    sys.orig_argv = [sys.executable, "-m", name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)

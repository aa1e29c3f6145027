"""Runs ``python -m codemods...`` as a process of its own that need not import the package again.

Or a program of ``-c`` that puts something in its way first, or the language server.

To start Python and to import the tools takes ten times as long as most runs of a test.  One
process of each test process has them imported, and becomes each command by a fork, several at
once if need be: it has its own folder, variables, arguments, files, status and end, as a process
from the shell has.  What is said of start-up itself (import order, module path, the hash seed) is
tested with processes from the start.
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
import threading
import types
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
#: Run as ``__main__`` anew each time, as ``python -m`` does.
COMMANDS = ("codemods.lint", "codemods.merge", "codemods.migrate", "codemods.status")
_LENGTH = struct.Struct("!I")
_NUMBER = struct.Struct("!i")
_SENDING = threading.Lock()


@dataclass(frozen=True)
class Running:
    """A command that was started: the process, and the pipe on which its end is told."""

    pid: int
    _told: socket.socket

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status; raises TimeoutError."""
        self._told.settimeout(timeout)
        with self._told:
            return int(_NUMBER.unpack(_received(self._told, _NUMBER.size))[0])

    def kill(self) -> None:
        """End it, and what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def started(
    command: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    files: tuple[int, int, int],
    also: str = "",
) -> Running:
    """Start *command*, one of ``COMMANDS`` or a program of ``-c``; it has a copy of *files*.

    *also* is what it needs beside what most do: ``server``.
    """
    said = {"command": command[1:], "cwd": str(cwd), "environment": dict(environment)}
    content = json.dumps(said).encode()
    ours, its = socket.socketpair()
    with its, _SENDING:
        line = _server(also)
        socket.send_fds(line, [_LENGTH.pack(len(content))], [*files, its.fileno()])
        line.sendall(content)
    return Running(_NUMBER.unpack(_received(ours, _NUMBER.size))[0], ours)


def run_command(
    command: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    given: bytes = b"",
    timeout: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run *command* as ``subprocess.run`` would, with *given* on standard input."""
    if command[0] != sys.executable or not (command[1] == "-c" or command[2] in COMMANDS):
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
        files = (stdin.fileno(), stdout.fileno(), stderr.fileno())
        running = started(command, cwd, environment, files)
        try:
            status = running.wait(timeout)
        except TimeoutError:
            running.kill()
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


@functools.cache
def _server(also: str) -> socket.socket:
    """Start the process that has everything imported; it ends when this one does."""
    ours, its = socket.socketpair()
    program = f"from tests.warm import serve; serve({its.fileno()}, {also!r})"
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
    return ours


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


def serve(number: int, also: str) -> None:
    """Become each command that the socket *number* tells, until nobody is there to tell.

    What only some need is imported where the name of its part is *also* given.
    """
    import codemods

    seldom = {f"codemods.{name}" for name in ("server", "runner.cluster") if name != also}
    for module in pkgutil.walk_packages(codemods.__path__, "codemods."):
        if not module.name.startswith(tuple(seldom)) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in COMMANDS:
        del sys.modules[name]
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as line:
        while True:
            length, files, _flags, _address = socket.recv_fds(line, _LENGTH.size, 4)
            _reaped(os.WNOHANG if length else 0)
            if not length:
                return
            said = json.loads(_received(line, _LENGTH.unpack(length)[0]))
            if os.fork() == 0:
                break
            for file in files:
                os.close(file)
    _waited_for(files.pop())
    _become(said, files)


def _reaped(how: int) -> None:
    """Take note of the end of those who wait for a command: of all, or of some with *how*."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def _waited_for(told: int) -> None:
    """Return in a process of its own, whose number and status the socket *told* is told."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.write(told, _NUMBER.pack(os.getpid()))
        os.close(told)
        return
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):  # nobody waits any more
        os.write(told, _NUMBER.pack(status))
    os._exit(0)


def _become(said: Mapping[str, object], files: list[int]) -> None:
    """Be the process of the command *said*, and end as it ends."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    _opened_again()
    os.chdir(str(said["cwd"]))
    os.environ.clear()
    os.environ |= {**dict(said["environment"]), "PYTHONSAFEPATH": "1"}  # type: ignore[call-overload]
    how, name, *arguments = list(said["command"])  # type: ignore[call-overload]
    sys.orig_argv = [sys.executable, how, name, *arguments]
    try:
        if how == "-m":
            sys.argv = [name, *arguments]
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            sys.argv = [how, *arguments]
            sys.modules["__main__"] = main = types.ModuleType("__main__")
            exec(compile(name, "<string>", "exec"), vars(main))
    except SystemExit as ended:
        _leave(ended.code)
        raise
    _leave(None)


def _leave(status: object) -> None:
    """End with *status* as the interpreter does: threads, functions of ``atexit``, streams.

    It would take each module apart after that, which copies the memory of all of them and costs
    more than most commands.  Returns where it must have its say: of a status that is a message,
    or a stream that cannot be written.
    """
    if not isinstance(status, int | None):
        return
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit((status or 0) & 0xFF)


def _opened_again() -> None:
    """Have streams that know what kind of file each is now."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        known = getattr(sys, name)
        stream = open(  # noqa: SIM115 - to the end of the process
            number,
            mode,
            buffering=1 if name == "stderr" else -1,
            encoding=known.encoding,
            errors=known.errors,
            closefd=False,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)

"""Running other programs from several threads, so that all of them can be ended at once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Stopped(Exception):
    """No program is started any more: the campaign is to end."""


class TookTooLong(Exception):
    """A program had not ended when its time was over."""


class Processes:
    """The programs that a campaign runs, each in a session of its own.

    There no program can ask at the terminal, and all that it started ends with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self, command: Sequence[str], env: Mapping[str, str], seconds: float, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Return what *command* printed, and how it ended, when it was *given* that to read.

        Raises Stopped, TookTooLong, and OSError where it cannot be started.
        """
        process = self._started(command, env)
        with process:
            try:
                out, err = process.communicate(given, timeout=seconds)
            except subprocess.TimeoutExpired:
                raise TookTooLong from None
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)
        if self._stopped:
            raise Stopped
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def stop(self) -> None:
        """End all programs that run, and let none be started any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _end(process)

    def _started(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
            return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill *process*, if it was not seen to end, and what it started."""
    if process.returncode is not None:  # another one may have its number by now
        return
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

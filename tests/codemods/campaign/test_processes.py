"""Programs of a campaign: what they print is had, and none of them outlasts its time or an end."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from codemods.campaign.processes import Processes, Stopped, TookTooLong

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = (sys.executable, "-I", "-S", "-c")
#: Starts another process, which has the pipes too, says so, and waits for ever as that one does.
FAMILY = "import os, signal, sys; os.fork() and open(sys.argv[1], 'w').close(); signal.pause()"


def test_a_program_is_given_and_prints() -> None:
    """Standard input, both outputs, and the status."""
    echo = "import sys; print(sys.stdin.read(), end=''); print('x', file=sys.stderr); sys.exit(3)"
    done = Processes().run((*PYTHON, echo), os.environ, 60, b"given")
    assert (done.stdout, done.stderr, done.returncode) == (b"given", b"x\n", 3)


def test_a_program_that_cannot_be_started() -> None:
    """The reason is the system's, and others can be started after it."""
    processes = Processes()
    with pytest.raises(FileNotFoundError):
        processes.run(("/no/such/program",), os.environ, 60)
    assert processes.run((*PYTHON, ""), os.environ, 60).returncode == 0


def test_a_program_that_takes_too_long_is_ended() -> None:
    """It would never end by itself."""
    with pytest.raises(TookTooLong):
        Processes().run((*PYTHON, "import signal; signal.pause()"), os.environ, 0)


def test_all_programs_end_at_once(tmp_path: Path) -> None:
    """What runs is ended, with what it started, and nothing is started afterwards."""
    processes = Processes()
    started = tmp_path / "started"
    os.mkfifo(started)
    ended: list[BaseException] = []

    def work() -> None:
        try:
            processes.run((*PYTHON, FAMILY, str(started)), os.environ, 60)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)
        finally:
            os.close(os.open(started, os.O_RDWR))  # whatever happened, nobody waits

    thread = threading.Thread(target=work)
    thread.start()
    started.read_bytes()  # until the program has opened and closed it
    processes.stop()
    thread.join()
    assert [type(error) for error in ended] == [Stopped]
    with pytest.raises(Stopped):
        processes.run((*PYTHON, ""), os.environ, 60)

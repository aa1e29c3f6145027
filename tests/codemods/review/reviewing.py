"""Projects to review, and ways to answer: through click's runner, and at a real terminal."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from codemods import migrate
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
PROJECT = "[tool.other]\nline-length   =  100  # as it was\n"


def function(name: str, job: str) -> str:
    """Return a function with one site that is rewritten."""
    return f"""

def {name}(client, text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="{job}")
    return client.chat.completions.create(model="m", messages=[text])
"""


def written(name: str, job: str, operation: str = "") -> str:
    """Return what becomes of it."""
    return f"""

def {name}(client, text):
    with ai_usage_context("{operation or name}", job_id="{job}"):
        return client.chat.completions.create(model="m", messages=[text])
"""


CONTEXT = "from tracker.ai_usage_context import ai_usage_context\n"
BOTH = CONTEXT + IMPORT
TWO = IMPORT + function("scan_receipt", "scan-1") + function("read_invoice", "read-1")
ONE = IMPORT + function("total_up", "total-1")
FILES = {"app/first.py": TWO, "app/second.py": ONE, "pyproject.toml": PROJECT}

STEPS = """\
from tracker.ai_usage_context import ai_usage_context


def read_lines(text, ask):
    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
        return ask(text, tracker)
"""
READER = """\
from steps import read_lines
from tracker.ai_usage_context import ai_usage_context


def read_receipt(text, ask):
    with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
        ask(text, tracker)
        return read_lines(text, ask)
"""
SHARING = {"steps.py": STEPS, "reader.py": READER}


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write *files* below *folder*, which becomes a project, and return it."""
    for name, text in {"pyproject.toml": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def texts(folder: Path, names: Mapping[str, str]) -> dict[str, str]:
    """Return what the files called *names* hold now."""
    return {name: (folder / name).read_bytes().decode() for name in names}


class _Answers(io.StringIO):
    """Lines of input, with something that is done when the first is read."""

    def __init__(self, text: str, meanwhile: Callable[[], object]) -> None:
        super().__init__(text)
        self._meanwhile = meanwhile

    def readline(self, size: int | None = -1, /) -> str:
        """Return the next line."""
        if not self.tell():
            self._meanwhile()
        return super().readline(-1 if size is None else size)


class Reviewed:
    """A run that was answered through click's runner: its exit status, and what it said.

    *meanwhile* is done when the first question is answered.
    """

    def __init__(
        self,
        folder: Path,
        answers: str,
        *options: str,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        with contextlib.chdir(folder), CliRunner().isolation(input=answers) as streams:
            sys.stdin = _Answers(answers, meanwhile)
            self.status = migrate.main(["--interactive", *options, "."])
            self.said = streams[0].getvalue().decode() + streams[1].getvalue().decode()

    @property
    def asked(self) -> int:
        """How often a rewrite was asked about."""
        return self.said.count("[y,n,a,d,e,q,?]? ")


def _at_a_terminal() -> None:
    # A suite that runs in the background of a shell ignores Ctrl-C, and so would its children.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The command in a pseudo-terminal of its own, which is its controlling one."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        command = [sys.executable, "-m", "codemods.migrate", "--interactive", *options, "."]
        around = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**around, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_at_a_terminal,
        )
        os.close(slave)
        # What is read at once may end within a character, or between the two of a line's end.
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._shown = ""

    @property
    def said(self) -> str:
        """What was shown until now."""
        return self._shown.replace("\r\n", "\n")

    def until_asked(self, wanted: str = "?]? ") -> str:
        """Return what is shown up to the next question, which ends with *wanted*."""
        start = len(self.said)
        while not self.said[start:].endswith(wanted):
            assert self._more(), self.said
        return self.said[start:]

    def type(self, keys: str) -> None:
        """Type *keys*."""
        os.write(self._master, keys.encode())

    def ended(self) -> int:
        """Return the exit status, once all is shown."""
        with contextlib.suppress(OSError):  # how a terminal says that nobody is there any more
            while self._more():
                pass
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        """End what may still run."""
        self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._master)

    def _more(self) -> bool:
        assert select.select([self._master], [], [], PATIENCE)[0], self.said
        read = os.read(self._master, 65536)
        self._shown += self._text.decode(read)
        return bool(read)


@contextlib.contextmanager
def terminal(folder: Path, *options: str, **environment: str) -> Iterator[Terminal]:
    """Give the command at a terminal, and end it."""
    process = Terminal(folder, *options, **environment)
    try:
        yield process
    finally:
        process.close()

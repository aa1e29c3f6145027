"""The commands as processes: what they import, and how they end when their output cannot go on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANY = """
import sys
from codemods import migrate
from codemods.model.outcome import Failed, RunReport
def pipeline(options, config, files, progress):
    list(files)
    failed = tuple(Failed(f"{n}.py", "read", "x" * 8000, "y") for n in range(1000))
    return RunReport(failed, 1, False)
sys.exit(migrate.main(sys.argv[1:], pipeline))
"""
SLOW = """
import signal, sys, time
from codemods import migrate
# A shell starts what it puts into the background with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
def pipeline(options, config, files, progress):
    print("ready", flush=True)
    while True:  # a signal right before a sleep is noticed only behind it
        time.sleep(0.1)
sys.exit(migrate.main(sys.argv[1:], pipeline))
"""
IMPORTED = """
import sys
from codemods import migrate
from codemods.model.outcome import RunReport
def pipeline(options, config, files, progress):
    return RunReport((), len(list(files)), False)
status = migrate.main(sys.argv[1:], pipeline)
print([name for name in ("libcst", "tomllib", "tracker") if name in sys.modules])
"""

LEAVING = """
import sys
from codemods import migrate
from codemods.model.outcome import RunReport
class Circle:
    def __init__(self):
        self.own = self
    def __del__(self):
        print("taken apart")
def pipeline(options, config, files, progress):
    return RunReport((), len(list(files)), False)
status = migrate.main(sys.argv[1:], pipeline)
Circle()
sys.exit(status)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with one Python file."""
    (tmp_path / "a.py").write_text("pass\n")
    return tmp_path


def start(program: str, folder: Path, **streams: int) -> subprocess.Popen[bytes]:
    """Start *program* on *folder*, in it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, "."]
    return subprocess.Popen(command, cwd=folder, env=environment, **streams)  # type: ignore[call-overload,no-any-return]


def test_closed_pipe(project: Path) -> None:
    """When the reader goes away the command ends quietly."""
    process = start(MANY, project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    # The interpreter does not notice in every case that a long write was cut short.
    assert process.wait() in (141, 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_full_disk(project: Path) -> None:
    """When the output cannot be written the command says so and ends with 2."""
    with Path("/dev/full").open("wb") as full:
        process = start(MANY, project, stdout=full.fileno(), stderr=subprocess.PIPE)
        _, error = process.communicate()
    assert b"No space left" in error
    assert b"Traceback" not in error
    assert process.returncode == 2


def test_interrupt(project: Path) -> None:
    """SIGINT ends the command with 130, without a traceback."""
    process = start(SLOW, project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130
    assert b"Interrupted" in error
    assert b"Traceback" not in error


def test_imports(project: Path) -> None:
    """A run with nothing to do imports neither LibCST nor the TOML reader."""
    process = start(IMPORTED, project, stdout=subprocess.PIPE)
    out, _ = process.communicate()
    assert out.splitlines()[-1] == b"[]"


def test_removed_folder(tmp_path: Path) -> None:
    """A start folder that was removed is an error, not a traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    process = start("import os\nos.rmdir(os.getcwd())\n" + MANY, gone, stderr=subprocess.PIPE)
    _, error = process.communicate()
    assert process.returncode == 2
    assert b"Traceback" not in error


def test_closed_pipe_is_noticed(project: Path) -> None:
    """A reader that is gone before the report begins makes the status 141."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start(MANY, project, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, error = process.communicate()
    assert (process.returncode, error) == (141, b"")


def test_what_is_left_at_the_end_is_not_taken_apart(project: Path) -> None:
    """The trees of a large run are many objects in circles, and the process ends anyway."""
    process = start(LEAVING, project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    assert (b"taken apart" in output, errors, process.returncode) == (False, b"", 0)

"""Repositories for campaigns: folders of this machine, and a server on the loopback interface."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
ESCAPING = LEGACY.replace("return client.scan(number)", "return tracker")
#: A shell starts what it puts into the background with SIGINT ignored.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from codemods import migrate
sys.exit(migrate.main(sys.argv[1:]))
"""
#: Who the tests are to git; what the machine's user has configured does not count.
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Anna",
    "GIT_AUTHOR_EMAIL": "anna@example.com",
    "GIT_COMMITTER_NAME": "Ben",
    "GIT_COMMITTER_EMAIL": "ben@example.com",
}


def git(folder: Path, *arguments: str) -> str:
    """Return what git prints in *folder*."""
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    env = os.environ | ENVIRONMENT
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
    return done.stdout.decode()


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a repository of *files* with one commit; return its folder."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    git(folder, "init", "--quiet")
    git(folder, "add", "--force", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=first")
    return folder


def started(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start migrate in *folder*."""
    env = os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT), "HOME": str(folder)} | variables
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe)


def version(file: Path) -> tuple[int, int]:
    """Return what tells a file from one that was written anew in its place."""
    status = file.stat()
    return status.st_ino, status.st_mtime_ns


def arguments_of_all() -> bytes:
    """Return the command lines of all processes."""
    if not Path("/proc/self/cmdline").exists():
        return subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout
    lines = b""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            lines += place.read_bytes() + b"\n"
    return lines


class Server(ThreadingHTTPServer):
    """Serves files to whoever knows the password, when it is ``open``; ``asked`` says it was."""

    daemon_threads = True

    def __init__(self, folder: Path, login: str) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
        self.expected = f"Basic {base64.b64encode(login.encode()).decode()}"
        self.asked = threading.Event()
        self.open = threading.Event()


class _Files(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Answer when the server is open."""
        self.server.asked.set()
        self.server.open.wait()
        if self.headers.get("Authorization") == self.server.expected:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="repositories"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path, login: str) -> Iterator[Server]:
    """Serve *folder* to whoever has *login*, ``name:password``, from when the server is opened."""
    with Server(folder, login) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.open.set()
            server.shutdown()
            thread.join()

"""The two DynamoDB servers that the tests run against, each a process of its own.

Moto's takes 26 items in one request and never leaves any unprocessed; dynalite
is as strict as the service.  Tables of both are in memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).resolve().parent
DYNALITE = TESTS / "dynalite"
KINDS = ("moto", "dynalite")
#: What boto3 asks for; the servers take anything.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def share_models() -> None:
    """Have all of boto3's sessions in this process read what it knows of the services once.

    Each would read it anew for its first client, which takes longer than most tests of one.
    """
    import botocore.session

    botocore.session.create_loader = cache(botocore.session.create_loader)


def command(kind: str) -> list[str]:
    """Return what starts the server; it prints its port and ends with its standard input."""
    if kind == "moto":
        return [sys.executable, str(TESTS / "moto_server.py")]
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None:
        raise RuntimeError("dynalite needs node (20 or newer): run `make dynalite` once")
    if not (DYNALITE / "node_modules" / "dynalite").is_dir():
        raise RuntimeError("dynalite is not installed: run `make dynalite` once")
    return [node, str(DYNALITE / "server.js")]


@contextmanager
def dynamo_server(kind: str) -> Iterator[int]:
    """Run the server *kind* for the time of the block; gives its port on 127.0.0.1."""
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command(kind),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=quiet,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(f"the server {kind} did not start: {' '.join(command(kind))}")
            yield int(port)
        finally:
            process.stdin.close()
            process.wait(timeout=PATIENCE)

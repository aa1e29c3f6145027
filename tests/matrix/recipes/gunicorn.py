"""gunicorn: two workers that were forked from a master which has loaded the application."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

REQUIREMENTS = ("gunicorn",)
HEADING = "gunicorn"
APPLICATION = """
import openai
from matrix.frameworks._case import MODEL
from matrix.recipes import sections
from tracker import ai_usage_context

client = openai.OpenAI()
asking = lambda text: {"model": MODEL, "messages": [{"role": "user", "content": text}]}
exec(sections()["gunicorn"], globals())
"""
JOBS = ["one", "two", "three", "four"]


def run(names: dict[str, Any]) -> list[str]:
    """Ask it four times, end it, and read what its workers have stored."""
    assert callable(names["gunicorn_app"])
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "usage.jsonl"
        (Path(folder) / "served.py").write_text(APPLICATION, encoding="utf-8")
        variables = {"AI_USAGE_SINKS": "jsonl", "AI_USAGE_LOG_FILE": str(log)}
        options = ["--preload", "--workers", "2", "--bind", "127.0.0.1:0", "--chdir", folder]
        command = [sys.executable, "-m", "gunicorn", *options, "served:gunicorn_app"]
        server = subprocess.Popen(
            command, env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True
        )
        assert server.stderr is not None
        told = next(line for line in server.stderr if "Listening at: " in line)
        address = told.partition("Listening at: ")[2].split()[0]
        try:
            for job in JOBS:
                with urllib.request.urlopen(f"{address}/?{job}", timeout=60) as answer:
                    assert answer.read() == b"done"
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)
        found = [json.loads(line)["job_id"] for line in log.read_text().splitlines()]
    assert sorted(found) == sorted(JOBS), found
    return []

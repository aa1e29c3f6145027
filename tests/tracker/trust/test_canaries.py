"""Prompts, completions and keys: through every error path, store, log and report."""

from __future__ import annotations

import gzip
import json
import logging
import sqlite3
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parent))

from canaries import COMPLETION, KEY, KEYS, MARKS, PLACES, PROMPT, ask, failures
from delivered import asked, drained
from dynamo_servers import CREDENTIALS, dynamo_server
from many_cases import each_of

import tracker
from tests.patience import PATIENCE
from tracker import AIUsageTracker, ai_usage_context
from tracker.cli.main import cli
from tracker.cli.reports.render import FORMATS
from tracker.cli.reports.rows import DIMENSIONS
from tracker.delivery import writer
from tracker.records.sanitize import sanitize
from tracker.sinks.dynamodb.table import create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUMBER = len(failures())


class _Receiver(BaseHTTPRequestHandler):
    """An OTLP receiver that keeps what it is sent, unread."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Keep the bytes."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.bodies.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


@contextmanager
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """Run the receiver; gives its address, and what it was sent."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        server.bodies = bodies = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[], dict[str, bytes]]]:
    """Every store at once, one of them down; gives a function that returns all that is kept."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody: stays in the spool
    monkeypatch.setenv("AI_USAGE_LOG_FILE", str(tmp_path / "usage.jsonl"))
    caplog.set_level(logging.DEBUG, "tracker")
    with receiver() as (url, bodies):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))
        tracker.configure(sinks="sqlite,jsonl,otlp,dynamodb")

        def kept() -> dict[str, bytes]:
            writer.flush(PATIENCE)
            asked()
            reports = _reports(tmp_path / "usage.db")
            writer.restart()
            files = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
            assert {"usage.db", "usage.jsonl", "spool.db"} <= files.keys()
            assert bodies
            assert all(reports.values())
            sent = {"otlp": b"".join(bodies), "log": caplog.text.encode()}
            return files | sent | reports

        yield kept


def _reports(database: Path) -> dict[str, bytes]:
    """Return what the commands print of *database* and the spool."""
    commands = [["report", "--by", by, "--format", form] for by in DIMENSIONS for form in FORMATS]
    commands += [["unpriced"], ["unpriced", "--format", "csv"], ["spool", "status"]]
    where = ["--database", str(database)]
    made = {}
    for words in commands:
        done = CliRunner().invoke(cli, words + (where if words[0] != "spool" else []))
        made[" ".join(words)] = done.output.encode()
    return made


def found(kept: dict[str, bytes], *marks: str) -> list[tuple[str, str]]:
    """Return where one of *marks* is kept."""
    return [(name, mark) for name, data in kept.items() for mark in marks if mark.encode() in data]


@pytest.mark.parametrize("place", PLACES)
def test_what_a_failure_quotes_is_nowhere(
    place: str, stores: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    """T25 T26: completions in a program's exceptions, and prompts and keys that a server echoes."""
    for fail in failures():
        with pytest.raises((Exception, SystemExit)):
            PLACES[place](fail)
    kept = stores()
    assert found(kept, *MARKS) == []
    with closing(sqlite3.connect(tmp_path / "usage.db")) as file:
        rows = file.execute("SELECT error, metadata FROM usage_metrics").fetchall()
    told = "".join(map(str, rows))
    assert len(rows) >= NUMBER
    assert "ValueError at " in told


def test_what_a_store_of_the_program_s_says_is_nowhere(
    stores: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    """T25: a client or tracker of the application's that fails is named, not quoted."""

    class Client:
        def put_ai_usage_metric(self, metric: Any) -> None:
            raise RuntimeError(f"{PROMPT} {COMPLETION} {KEY}")

    class Tracker(AIUsageTracker):
        def flush_metrics(self) -> None:
            super().flush_metrics()
            raise RuntimeError(f"{PROMPT} {COMPLETION} {KEY}")

    log = tmp_path / "log.jsonl"
    AIUsageTracker(
        dynamo_client=Client(), track_to_file=True, log_file=str(log)
    ).track_openai_completion(lambda: ask(COMPLETION))()
    with ai_usage_context("op", tracker=Tracker()):
        ask(COMPLETION)
    kept = stores()
    assert found(kept, *MARKS) == []
    assert log.read_text()
    assert b"RuntimeError at " in kept["log"]


def test_messages_can_be_asked_for(stores: Callable[[], dict[str, bytes]]) -> None:
    """T25: a deployment that wants the texts of exceptions has them, without keys."""
    tracker.configure(error_messages=True)
    with pytest.raises(ValueError, match=COMPLETION):
        PLACES["block"](lambda: int(f"{COMPLETION} {KEY}"))
    kept = stores()
    assert found({"usage.jsonl": kept["usage.jsonl"]}, COMPLETION)
    assert found(kept, KEY, KEY[8:30]) == []


def forms_of(key: str) -> dict[str, Any]:
    """Return *key* wherever a program may put it."""
    headers = {"Authorization": f"Bearer {key}"}
    return {
        "bare": key,
        "text": f"before {key}, after",
        "nested": [{"deep": ({"deeper": key},)}],
        f"named {key}": 1,
        "assigned": f"SERVICE_KEY={key}",
        "shell": f"export SERVICE_TOKEN='{key}'",
        "line": f"Authorization: Bearer {key}",
        "json": json.dumps({"client_secret": key}),
        "address": f"https://anna:{key.split()[0]}@host/path?x=1",
        "signed": f"https://host/path?X-Amz-Signature={key.split()[0]}&x=1",
        "api_key": key,
        "password": key[:9],
        "headers": headers,
        "request": {"headers": headers, "url": "https://host"},
    }


def parts_of(key: str) -> tuple[str, ...]:
    """Return what of *key* may be nowhere: all of it, and its end."""
    body = key.split("\n")[1] if "\n" in key else key
    return body, body[-12:]


@each_of("provider", KEYS)
def test_no_form_of_a_key_stays(provider: str) -> None:
    """T27: of no provider, wherever it stands; two keys stay two."""
    key = KEYS[provider]
    text = json.dumps(sanitize(forms_of(key)))
    assert [part for part in parts_of(key) if part in text] == []
    assert sanitize(f"with {key}.") != sanitize(f"with {key[:-1]}Z.")
    for fields in ({"text": f"before {key}, after"}, {"bare": key}):
        assert sanitize(fields) != fields


def test_no_key_is_kept(stores: Callable[[], dict[str, bytes]]) -> None:
    """T27: what a program gives a context comes without keys to every store, log and report."""
    for key in KEYS.values():
        with ai_usage_context("op", job_id=key, user_id=f"anna {key}", **forms_of(key)):
            ask()
    assert found(stores(), *(part for key in KEYS.values() for part in parts_of(key))) == []


def test_nothing_of_it_reaches_dynamodb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """T25 T26 T27: the same for the table of a DynamoDB server."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with dynamo_server("moto") as port:
        url = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        direct = boto3.session.Session().client("dynamodb", endpoint_url=url)
        create(direct, "AIUsageMetrics-development")
        tracker.configure(sinks="dynamodb")
        for fail in failures():
            with pytest.raises((Exception, SystemExit)):
                PLACES["counted dict"](fail)
        for key in KEYS.values():
            with ai_usage_context("op", job_id=key, note=f"with {key}", api_key=key):
                ask(COMPLETION)
        assert drained()
        writer.restart()
        pages = direct.get_paginator("scan").paginate(TableName="AIUsageMetrics-development")
        items = [item for page in pages for item in page["Items"]]
        direct.close()
    assert len(items) >= NUMBER + len(KEYS)
    kept = {"table": json.dumps(items).encode(), "log": caplog.text.encode()}
    assert found(kept, *MARKS, *(part for key in KEYS.values() for part in parts_of(key))) == []

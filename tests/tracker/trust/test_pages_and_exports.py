"""The page of usage and exports as somebody would use them who means harm."""

from __future__ import annotations

import base64
import csv
import gzip
import http.client
import io
import json
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports.html.data import pack
from tracker.cli.reports.html.page import page
from tracker.cli.reports.html.server import DATA, Live, server_of
from tracker.cli.reports.rows import EVERYTHING
from tracker.cli.reports.sources.source import SqliteSource
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METRIC = Metric(
    id="1",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=datetime(2026, 11, 20, 12, tzinfo=UTC),
    user_id="anna",
    environment="development",
    cost_usd=Decimal("0.5"),
)
EVIL = "</script><script>done()</script>@STYLE@@DATA@"


def stored(folder: Path, *metrics: Metric) -> Path:
    """Return a database with *metrics*."""
    with closing(SqliteSink(folder / "usage.db")) as sink:
        sink.write(metrics)
    return folder / "usage.db"


def ai_usage(*arguments: object) -> Any:
    """Run ``ai-usage``."""
    return CliRunner().invoke(cli, list(map(str, arguments)))


def calls(packed: bytes) -> int:
    """Return how many calls the data of a page are of."""
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    return sum(data["cells"]["calls"])


def test_names_are_no_markup() -> None:
    """T52: nothing of a record can end the element that it is in, or be a place to fill."""
    pytest.importorskip("bokeh", reason="extra html")
    assert pack({EVIL: EVIL}).isascii()
    assert set(pack({EVIL: EVIL})) & set("<>&@\"'") == set()
    text = page(pack({EVIL: EVIL}))
    assert text.count("<script") == 3
    assert text.count("</script>") == 3
    assert "@STYLE@" not in text


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """T53: whatever a name begins with, in an export and a report."""
    starts = ("=", "+", "-", "@", "\t", "\r")
    metrics = [replace(METRIC, id=str(n), job_id=f"{sign}1+2") for n, sign in enumerate(starts)]
    database = stored(tmp_path, *metrics)
    for arguments, column in ((["export"], "job_id"), (["report", "--by", "job"], "job")):
        result = ai_usage(*arguments, "--database", database, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(result.stdout_bytes.decode(), newline="")))
        assert len(rows) == len(starts)
        assert {row[column][:1] for row in rows} == {"'"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A database with one call, and the port where it is shown."""
    pytest.importorskip("bokeh", reason="extra html")
    database = stored(tmp_path, METRIC)
    with server_of(Live(SqliteSource(database), EVERYTHING), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield database, server.server_port
        server.shutdown()
        thread.join()


def answer(port: int, method: str = "GET", path: str = "/", **headers: str) -> tuple[Any, bytes]:
    """Return what the server answers to a request."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()


def test_the_served_page_may_ask_its_server_and_nobody(served: tuple[Path, int]) -> None:
    """T52: its policy is in its head and in its text, and no other page may have it inside."""
    response, body = answer(served[1])
    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "connect-src 'self'" in policy
    assert policy.encode() in body.replace(b"&#x27;", b"'")
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert b"connect-src 'none'" in page("").encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/", DATA])
def test_others_are_answered_nothing(
    headers: dict[str, str], path: str, served: tuple[Path, int]
) -> None:
    """T52: names that lead here, and pages of other origins."""
    port = served[1]
    given = {name: value.replace("{port}", str(port)) for name, value in headers.items()}
    response, body = answer(port, path=path, **given)
    assert (response.status, len(body) < 100) == (403, True)


def test_nothing_can_be_changed_or_found(served: tuple[Path, int]) -> None:
    """T52: there are GET and HEAD, of two paths; by localhost too."""
    _, port = served
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert answer(port, method)[0].status == 501
    for path in ("/../etc/passwd", "/data/", "/?x", "/usage.db"):
        assert answer(port, path=path)[0].status == 404
    response, body = answer(port, "HEAD", Host=f"localhost:{port}")
    assert (response.status, body) == (200, b"")
    assert int(response.headers["Content-Length"]) > 1_000_000


def test_data_are_made_when_something_was_stored(served: tuple[Path, int]) -> None:
    """Who has them is told that they are the same; a store that went away ends nothing."""
    database, port = served
    first, packed = answer(port, path=DATA)
    tag = first.headers["ETag"]
    assert calls(packed) == 1
    assert answer(port, path=DATA, **{"If-None-Match": tag})[0].status == 304
    stored(database.parent, replace(METRIC, id="2"))
    newer, packed = answer(port, path=DATA, **{"If-None-Match": tag})
    assert (newer.status, calls(packed)) == (200, 2)
    database.rename(database.with_name("moved.db"))
    assert answer(port, path=DATA)[0].status == 503
    database.with_name("moved.db").rename(database)
    assert answer(port, path=DATA)[0].status == 200


def test_serve_says_what_is_wrong(served: tuple[Path, int], tmp_path: Path) -> None:
    """No store, and a port that is taken."""
    database, port = served
    missing = ai_usage("serve", "--database", tmp_path / "none", "--port", 0)
    assert (missing.exit_code, "there is no database" in missing.stderr) == (2, True)
    taken = ai_usage("serve", "--database", database, "--port", port)
    assert (taken.exit_code, f"port {port}" in taken.stderr) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"data": ' * 50_000,
        "usage_date_utc,model,cost_usd\n2026-11-02,m,1E+999999999\n",
        "usage_date_utc,model,cost_usd\n" + "9" * 300_000 + ",m,1\n",
        '{"data": [{"start_time": 1e300, "results": []}]}',
        "\x00",
    ],
    ids=lambda text: text[:12],
)
def test_no_invoice_ends_in_anything_but_a_sentence(text: str, tmp_path: Path) -> None:
    """T53: deep, long or absurd, it is an error that names the file."""
    database, place = stored(tmp_path, METRIC), tmp_path / "invoice"
    place.write_text(text, encoding="utf-8")
    result = ai_usage("compare", "--database", database, "--invoice", place)
    assert (result.exit_code, str(place) in result.stderr) == (2, True), result.output

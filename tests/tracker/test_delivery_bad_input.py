"""Whatever a program puts into a context, or a provider into an answer: one whole row."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import METRIC
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from many_cases import each_of

import tracker
from tests.patience import PATIENCE
from tracker import ai_usage_context
from tracker.delivery import destinations, sender, writer
from tracker.delivery.spool.codec import decode, encode
from tracker.records.sanitize import MAX_KNOWN_TEXT, clean, sanitize, scrub, short
from tracker.sinks.jsonl import JsonlSink
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-proj-abcdefghijklmnop123456"


class Raising(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, _key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 3


class Silent(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Wide(list[Any]):
    """A list that nobody should print whole."""

    def __repr__(self) -> str:
        return "Wide(...)"


def recursive() -> dict[str, Any]:
    """Return a dict that contains itself, and a list that doubles at each level."""
    knot: dict[str, Any] = {}
    knot["self"] = knot
    wide: list[Any] = ["x"]
    for _ in range(40):
        wide = Wide([wide, wide])
    knot["wide"] = wide
    return knot


HOSTILE: list[Any] = [
    math.nan,
    math.inf,
    10**5000,
    -(2**64),
    "\udc80\x00",
    "x" * 10_000_000,
    range(10**12),
    recursive(),
    Raising(),
    object(),
    b"\xff" * 1000,
    {1, "a"},
    {(1, 2): Silent()},
    Decimal("NaN"),
    Decimal("1E+999999"),
    lambda: None,
    KEY,
]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.decimals()
    | st.integers(0, len(HOSTILE) - 1).map(lambda index: HOSTILE[index]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


def record(path: str, folder: Path, **fields: Any) -> list[tuple[Any, ...]]:
    """Record one call with *fields*, by way of *path*; return the rows that arrive in SQLite."""
    database = folder / "usage.db"
    database.unlink(missing_ok=True)
    away = folder / "usage.db"
    if path == "spool":
        away.mkdir()
    ids = {name: fields.pop(name) for name in ("response",) if name in fields}
    with ai_usage_context("op", **fields) as used:
        used.track_openai_completion(lambda: ids.get("response"))()
    assert writer.flush(PATIENCE)
    if path == "spool":
        away.rmdir()
        ((key, states),) = sender.file().counts().items()
        assert sum(states.values()) == 1  # pending, or just on its way once more
        (found,) = destinations.named("unused")
        assert found.key == key
        while sender.file().counts()[key].keys() & {"pending", "leased"}:
            sender.drain(found)
    writer.restart()
    (folder / "spool.db").unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as file:
        return file.execute("SELECT metadata, job_id, model, input_tokens FROM ai_usage").fetchall()


@pytest.mark.parametrize("path", ["store", "spool"])
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(fields=st.dictionaries(st.sampled_from(["a", "job_id", "user_id", "github_pr"]), anything))
def test_any_field_gives_one_whole_row(path: str, tmp_path: Path, fields: dict[str, Any]) -> None:
    """Through the store and through the spool: bounded, plain JSON, and no key in it."""
    (row,) = record(path, tmp_path, **fields)
    text = row[0]
    json.loads(text)
    assert len(text) < 1_000_000
    assert KEY not in text
    assert row[1] is None or KEY not in row[1]


@pytest.mark.parametrize("path", ["store", "spool"])
@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_hostile_answers_give_one_whole_row(index: int, path: str, tmp_path: Path) -> None:
    """As a model's name, as a token count, and as a request's id."""
    value = HOSTILE[index]
    request = f"{path} {index} {value}" if isinstance(value, str) else value
    usage = SimpleNamespace(prompt_tokens=value, completion_tokens=value, total_tokens=value)
    response = SimpleNamespace(model=value, usage=usage, _request_id=request)
    (row,) = record(path, tmp_path, response=response, a=value)
    assert len(row[2]) < 3_000
    assert row[3] is None


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_an_error_of_any_kind_passes_and_is_recorded(index: int, quiet_environment: Path) -> None:
    """The program gets its own exception; the record has a text of it, without keys."""
    value = HOSTILE[index]
    error = ValueError(value) if isinstance(value, str) else Silent(value)

    def fail() -> None:
        raise error

    with pytest.raises(type(error)), ai_usage_context("op") as used:
        used.track_openai_completion(fail)()
    assert writer.flush(PATIENCE)
    with closing(sqlite3.connect(quiet_environment)) as file:
        ((text, metadata),) = file.execute("SELECT error, metadata FROM ai_usage").fetchall()
    assert 0 < len(text) <= 600
    assert KEY not in text + metadata


@each_of(
    "secret",
    [
        KEY,
        "sk-ant-api03-abc_DEF-123456",
        "AKIAABCDEFGHIJKLMNOP",
        "AIzaSyA1234567890abcdefghijk",
        "ghp_0123456789abcdefghij0123",
        "xoxb-1234567890-abcdef",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc-def",
        "Bearer abc.def",
        "api_key=0123456789abcdef",
        'x-api-key: "0123456789abcdef"',
        "API key provided: 0123456789abcdef",
        "postgres://anna:hunter22@db/x",
        "Authorization: Basic dXNlcjpwYXNz",
    ],
)
def test_error_texts_lose_keys(secret: str) -> None:
    """Of all providers, in headers and in addresses, wherever they stand; the rest stays."""
    for text in (secret, f"before {secret} after", f"({secret})", f"x\n{secret}\ny"):
        found = scrub(text)
        for part in ("hunter22", "dXNlcjpwYXNz", "0123456789abcdef", "abc.def", secret[-12:]):
            assert part not in found
    assert scrub(f"status 401: {secret}").startswith("status 401: ")


def test_ordinary_texts_stay() -> None:
    """What only looks a little like a key is nobody's secret."""
    for text in ("max_tokens=5", "task-force", "the key is in the ignition", "risk-averse people"):
        assert scrub(text) == text
        assert sanitize(text) == text


class Text(str):
    """A text that is nobody's exact str: it goes the long way."""

    __slots__ = ()


texts = st.lists(
    st.text(st.characters(codec=None))
    | st.sampled_from([KEY, "\x00", "\udc80", "ä", "Bearer abc.def", "x" * MAX_KNOWN_TEXT])
    | st.just("x" * 3_000),
    max_size=4,
).map("".join)


@given(texts)
def test_known_texts_are_stored_as_new_ones_are(text: str) -> None:
    """What is remembered of a text, or seen at a glance, changes nothing in what is stored."""
    stored = short(Text(text))
    assert [short(text), short(text), sanitize(text)] == [stored] * 3
    assert sanitize([Text(text)]) == sanitize([text]) == [stored]
    assert type(short(Text(text))) is type(short(text)) is str
    assert clean(text) == text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def test_known_texts_are_few_and_no_keys() -> None:
    """A program that never repeats itself fills no memory, and no key is kept in it."""
    for number in range(3 * tracker.records.sanitize.MAX_KNOWN):
        short(f"request {number}")
    short(KEY)
    assert len(tracker.records.sanitize._known) <= tracker.records.sanitize.MAX_KNOWN
    assert KEY not in tracker.records.sanitize._known


def test_one_row_that_a_store_cannot_hold_is_rejected_alone(tmp_path: Path) -> None:
    """Its neighbours are stored, in the database and in the log file."""
    bad = [
        replace(METRIC, id="2", input_tokens=2**70),
        replace(METRIC, id="3", model="\udc80"),
        replace(METRIC, id="4", metadata={"x": object()}),
        replace(METRIC, id="5", user_id=object()),  # type: ignore[arg-type]
    ]
    sink = SqliteSink(tmp_path / "usage.db")
    delivered = sink.write([*bad, METRIC])
    assert delivered.rejected.keys() == {"2", "3", "4", "5"}
    with closing(sqlite3.connect(sink.path)) as file:
        assert file.execute("SELECT id FROM ai_usage").fetchall() == [("1",)]
    sink.close()


def test_a_torn_line_of_the_log_is_ended(tmp_path: Path) -> None:
    """Of a process that was killed while it wrote: only that line is lost."""
    path = tmp_path / "usage.jsonl"
    sink = JsonlSink(path)
    sink.write([METRIC])
    path.write_bytes(path.read_bytes() + b'{"id": "to')
    sink.write([METRIC])
    first, torn, last = path.read_text().splitlines()
    assert json.loads(first) == json.loads(last)
    assert torn == '{"id": "to'


def test_a_full_disk_cuts_no_line_off_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines that were not written whole are to be tried again."""
    sink = JsonlSink(tmp_path / "usage.jsonl")
    sink.write([METRIC])
    size = (tmp_path / "usage.jsonl").stat().st_size
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[: size + 5]))
    delivered = sink.write([METRIC, replace(METRIC, id="2")])
    assert delivered.retry == {"2"}


def test_the_spool_s_form_is_exact() -> None:
    """What goes in comes out; unknown fields of a newer version are left out."""
    assert decode(encode(METRIC), "1") == METRIC
    newer = json.dumps({**json.loads(encode(METRIC)), "invented_later": 1})
    assert decode(newer, "1") == METRIC


def test_wrong_settings_are_told_where_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """By ``configure``, or when the first tracker is made; texts are read as the variables are."""
    for wrong in ({"flush_timeout": math.nan}, {"queue_size": 0}, {"sinks": "x"}, {"nothing": 1}):
        with pytest.raises(tracker.ConfigurationError):
            tracker.configure(**wrong)
    assert tracker.configure(sinks="sqlite, jsonl").sinks == ("sqlite", "jsonl")
    writer.restart()
    monkeypatch.setenv("AI_USAGE_QUEUE_SIZE", "many")
    with pytest.raises(tracker.ConfigurationError, match="AI_USAGE_QUEUE_SIZE"):
        tracker.AIUsageTracker()
    monkeypatch.delenv("AI_USAGE_QUEUE_SIZE")

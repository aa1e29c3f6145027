"""The DynamoDB store and its report, through boto3 on moto's server and on dynalite."""

from __future__ import annotations

import json
import sqlite3
import sys
import uuid
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import Mock

import boto3
import pytest
from click.testing import CliRunner
from delivered import asked, drained, spooled
from dynamo_servers import CREDENTIALS, KINDS, dynamo_server, share_models
from fault_proxy import FaultProxy, fault_proxy

from tests.chaos import dynamo as chaos
from tests.patience import PATIENCE, until
from tracker import AIUsageTracker, Metric, ai_usage_context, flush
from tracker.cli.main import cli
from tracker.cli.reports import repricing
from tracker.cli.reports.columns import is_of_metadata
from tracker.cli.reports.query import usage_by
from tracker.cli.reports.rows import DIMENSIONS, Selection
from tracker.cli.reports.sources.dynamodb import ATTEMPTS, usage_by_in_dynamodb
from tracker.delivery import patience, writer
from tracker.delivery.attempt import attempt
from tracker.delivery.destinations import Destination
from tracker.errors import SinkError
from tracker.sinks.dynamodb import table as table_module
from tracker.sinks.dynamodb.item import item_size, shard_of, to_item
from tracker.sinks.dynamodb.sink import DynamoSink, _chunks, _Record, from_environment
from tracker.sinks.dynamodb.table import INDEXES, PROJECTED, connect, create, describe
from tracker.sinks.protocol import ALL_STORED, Sink
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
METRIC = Metric(
    id="1",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=NOW,
    user_id="anna",
    environment="development",
    operation_type="scan",
    job_id="job-1",
    input_tokens=10,
    output_tokens=5,
    total_tokens=15,
    cost_usd=Decimal("0.000045"),
    list_cost_usd=Decimal("0.00009"),
    price_basis="batch",
    latency_ms=12.5,
    metadata={"stage": "ocr", "pages": [1, 2.5, True, None]},
)


class Place(NamedTuple):
    """A table on a server: a client past the proxy, and the proxy that boto3 is sent to."""

    table: str
    direct: Any
    proxy: FaultProxy

    def items(self) -> dict[str, dict[str, Any]]:
        """Return what the table has by id; each once."""
        pages = self.direct.get_paginator("scan").paginate(TableName=self.table)
        items = [item for page in pages for item in page["Items"]]
        found = {item["id"]["S"]: item for item in items}
        assert len(found) == len(items)
        return found


@pytest.fixture(scope="session", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, Any]]:
    """Each of the two servers, once a run: its port, and a client for it."""
    share_models()
    access, secret, region = CREDENTIALS.values()
    with dynamo_server(request.param) as port:
        direct = boto3.session.Session(access, secret, region_name=region).client(
            "dynamodb", endpoint_url=f"http://127.0.0.1:{port}"
        )
        yield port, direct
        direct.close()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What boto3 finds: nothing of this machine's; a server may take as long as it takes."""
    for name in ("CONNECT_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(table_module, name, PATIENCE)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(server: tuple[int, Any], aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A new table, with a well-behaved proxy before it."""
    port, direct = server
    with fault_proxy(port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        table = f"Usage{uuid.uuid4().hex}"
        create(direct, table)
        yield Place(table, direct, proxy)
        writer.restart()
        direct.delete_table(TableName=table)


@pytest.fixture
def sink(place: Place) -> Iterator[DynamoSink]:
    """The sink as the settings make it."""
    sink = from_environment(place.table)
    sink._patience = PATIENCE
    yield sink
    sink.close()


def metrics(number: int) -> list[Metric]:
    """Return different metrics."""
    return [
        replace(METRIC, id=f"id-{n}", timestamp=NOW + timedelta(minutes=n)) for n in range(number)
    ]


def ids(number: int) -> set[str]:
    """Return their ids."""
    return {metric.id for metric in metrics(number)}


def ai_usage(*arguments: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(cli, arguments)


def test_metrics_are_kept(place: Place, sink: DynamoSink) -> None:
    """More than one request's worth; a second time changes nothing; costs are exact."""
    assert isinstance(sink, Sink)
    assert sink.write([]) == ALL_STORED
    assert sink.write(metrics(60)) == ALL_STORED
    before = place.items()
    assert sink.write(metrics(60)) == ALL_STORED
    assert place.items() == before
    assert before.keys() == ids(60)
    item = before["id-0"]
    assert item["PK"] == {"S": "AI_USAGE#openai#gpt-4o-mini"}
    assert item["SK"] == {"S": "USAGE#2026-11-20T08:30:00.000000+00:00#id-0"}
    assert Decimal(item["costUSD"]["N"]) == Decimal("0.000045")
    assert item["metadata"]["M"]["pages"]["L"][2:] == [{"BOOL": True}, {"NULL": True}]
    assert place.proxy.operations == ["BatchWriteItem"] * 6


def test_a_key_comes_once_in_a_request(place: Place, sink: DynamoSink) -> None:
    """Dynalite and the service refuse a request that names a key twice."""
    assert sink.write([*metrics(3), *metrics(3)]) == ALL_STORED
    assert place.items().keys() == ids(3)


@pytest.mark.parametrize(
    "faults",
    [
        ["throttle"] * 3,
        ["error", "throttle"],
        ["unprocessed"] * 5,
        ["drop", "drop"],
        ["cut", "unprocessed", "drop", "throttle"],
    ],
    ids=lambda faults: "-".join(faults),
)
def test_faults_lose_and_double_nothing(place: Place, faults: list[str]) -> None:
    """What the table does not take, or may not have taken, is sent again in the same write."""
    waits: list[float] = []
    sink = DynamoSink(place.table, patience=PATIENCE, sleep=waits.append)
    place.proxy.meet(faults)
    assert sink.write(metrics(40)) == ALL_STORED
    assert place.items().keys() == ids(40)
    # A connection that was cut may be found dead once more, by the attempt that takes it up again.
    broken = sum(fault in ("cut", "drop") for fault in faults)
    assert len(faults) <= len(waits) <= len(faults) + broken
    assert all(0 <= wait <= 1 for wait in waits)
    sink.close()


def test_patience_ends(place: Place) -> None:
    """A table that stays throttled gets what is left another time; what it took is not named."""
    sink = DynamoSink(place.table, patience=0, sleep=lambda _: None)
    place.proxy.meet(["unprocessed"])
    result = sink.write(metrics(20))
    assert len(result.retry) == 10
    assert place.items().keys() == ids(20) - result.retry
    assert sink.write([m for m in metrics(20) if m.id in result.retry]) == ALL_STORED
    assert place.items().keys() == ids(20)
    sink.close()


def test_a_table_that_cannot_be_reached(place: Place, sink: DynamoSink) -> None:
    """The error names it; later the same metrics arrive."""
    place.proxy.down()
    with pytest.raises(SinkError, match=place.table):
        sink.write(metrics(2))
    place.proxy.up()
    assert sink.write(metrics(2)) == ALL_STORED
    assert place.items().keys() == ids(2)


def test_one_bad_item_is_rejected_alone(place: Place, sink: DynamoSink) -> None:
    """Its neighbours in the request are stored, and the reason is the table's."""
    bad = replace(METRIC, id="x" * 2_000)
    result = sink.write([*metrics(10), bad, replace(METRIC, id="last")])
    assert result.retry == frozenset()
    assert list(result.rejected) == [bad.id]
    assert "ValidationException" in result.rejected[bad.id]
    assert place.items().keys() == ids(10) | {"last"}


def test_credentials_that_may_only_write(place: Place, sink: DynamoSink) -> None:
    """They need no more than BatchWriteItem, also where an item is bad; without it, it is said."""
    place.proxy.denied = {"DescribeTable"}
    bad = replace(METRIC, id="x" * 2_000)
    assert list(sink.write([*metrics(3), bad]).rejected) == [bad.id]
    assert place.items().keys() == ids(3)
    place.proxy.denied = {"BatchWriteItem"}
    with pytest.raises(SinkError, match="need dynamodb:BatchWriteItem"):
        sink.write(metrics(3))


def test_bad_metadata_goes_and_the_call_stays(place: Place, sink: DynamoSink) -> None:
    """Where the table refuses the metadata, the rest is stored, with the reason."""
    place.proxy.refuses = lambda item: item.get("metadata") == {"M": {"bad": {"S": "x"}}}
    bad = replace(METRIC, id="bad", metadata={"bad": "x"})
    assert sink.write([*metrics(12), bad, replace(METRIC, id="last")]) == ALL_STORED
    items = place.items()
    assert items.keys() == ids(12) | {"bad", "last"}
    assert "metadata" not in items["bad"]
    assert "ValidationException" in items["bad"]["metadataDropped"]["S"]
    assert all("metadata" in items[name] for name in (*ids(12), "last"))


def test_large_items(place: Place, sink: DynamoSink) -> None:
    """Over 400 KB metadata is left out; without metadata the item is rejected."""
    large = replace(METRIC, id="large", metadata={"text": "x" * 450_000})
    wide = replace(METRIC, id="wide", metadata={"text": "ä" * 150_000})
    huge = replace(METRIC, id="huge", job_id="x" * 450_000)
    result = sink.write([large, wide, huge])
    assert result.rejected == {"huge": "larger than 400 KB"}
    items = place.items()
    assert items.keys() == {"large", "wide"}
    assert "400 KB" in items["large"]["metadataDropped"]["S"]
    assert "metadata" in items["wide"]


def test_requests_are_bounded() -> None:
    """At most 25 items and 15 MB of JSON in a request, in order and whole."""
    records = [_Record(str(n), {}, wire) for n, wire in enumerate([1] * 60 + [4_000_000] * 8)]
    chunks = list(_chunks(records))
    assert [record for chunk in chunks for record in chunk] == records
    assert max(len(chunk) for chunk in chunks) == 25
    assert max(sum(record.wire for record in chunk) for chunk in chunks) < 16 * 1024 * 1024
    assert [len(chunk) for chunk in chunks] == [25, 25, 13, 3, 2]


def test_hostile_values_are_stored(place: Place, sink: DynamoSink) -> None:
    """Numbers that DynamoDB cannot hold become texts; long names and empty ids are kept apart."""
    hostile = [
        replace(METRIC, id="a", model="x" * 5_000, job_id="", user_id="ü" * 2_000),
        replace(METRIC, id="b", model="x" * 5_001, batch_id="\udc80"),
        replace(
            METRIC, id="c", metadata={"n": [10**50, 1e300, 1e-300, 10**37, float("nan"), -0.0]}
        ),
        replace(METRIC, id="d", cost_usd=Decimal(1) / Decimal(3) * Decimal("1e-30")),
        replace(METRIC, id="e", cost_usd=None, list_cost_usd=None, error="boom", github_pr=7),
    ]
    assert sink.write(hostile) == ALL_STORED
    items = place.items()
    assert items.keys() == set("abcde")
    assert items["a"]["PK"] != items["b"]["PK"]
    assert items["a"]["model"]["S"] == "x" * 5_000
    kinds = [next(iter(value)) for value in items["c"]["metadata"]["M"]["n"]["L"]]
    assert kinds == ["S", "S", "S", "N", "S", "N"]
    assert "byCost" not in items["e"]
    assert "costUSD" not in items["e"]


def test_sizes_are_never_below_what_dynamodb_counts() -> None:
    """Names and texts count their bytes, and numbers the most that they can need."""
    item = to_item(replace(METRIC, metadata={"ä": "ö" * 100, "list": [1, "x"], "flag": True}))
    texts = sum(len(v["S"].encode()) + len(name) for name, v in item.items() if "S" in v)
    assert item_size(item) > texts + 200
    assert item_size({"a": {"S": "xyz"}}) == 4


def test_a_missing_table(place: Place) -> None:
    """The error says which command makes it."""
    sink = from_environment("Elsewhere")
    with pytest.raises(SinkError, match="ai-usage table create --table Elsewhere"):
        sink.write(metrics(1))
    sink.close()


def test_a_table_of_somebody_else(place: Place) -> None:
    """Its keys are not ours: no metric is blamed for that."""
    place.direct.create_table(
        TableName="Other" + place.table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    sink = from_environment("Other" + place.table)
    place.direct.get_waiter("table_exists").wait(TableName="Other" + place.table)
    with pytest.raises(SinkError, match="has the keys pk and not PK, SK"):
        sink.write(metrics(3))
    sink.close()
    result = ai_usage("table", "create", "--table", "Other" + place.table)
    assert result.exit_code == 2
    assert "has the keys pk" in result.stderr


def test_another_environment_s_metrics_are_refused(aws: None) -> None:
    """A metric of production must not reach staging's table; nothing is asked for it."""
    sink = DynamoSink("AIUsageMetrics-staging")
    result = sink.write([replace(METRIC, environment="production")])
    assert "does not match environment 'production'" in result.rejected["1"]
    sink.close()


def test_no_credentials(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where boto3 looks; there is no other place."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    sink = DynamoSink("Usage")
    with pytest.raises(SinkError, match="AWS_DEFAULT_REGION"):
        sink.write(metrics(1))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with pytest.raises(SinkError, match="boto3 finds them in its own chain"):
        sink.write(metrics(1))
    sink.close()


def test_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SinkError, match=r"pip install 'ai-usage-suite\[dynamodb\]'"):
        DynamoSink("Usage").write(metrics(1))


def test_the_table_is_made_once(place: Place) -> None:
    """It is on demand and has all indexes; a second time nothing is done; show tells it all."""
    name = "Made" + place.table
    missing = ai_usage("table", "show", "--table", name)
    assert (missing.exit_code, "table create" in missing.stdout) == (1, True)
    made = ai_usage("table", "create", "--table", name)
    assert made.exit_code == 0, made.output
    assert f"Made the table {name} in eu-central-1, on demand" in made.stdout
    again = ai_usage("table", "create", "--table", name)
    assert (again.exit_code, "there already" in again.stdout) == (0, True)
    shown = ai_usage("table", "show", "--table", name)
    assert shown.exit_code == 0
    for word in ("ACTIVE", "on demand", "PK, SK", *INDEXES):
        assert word in shown.stdout
    assert "missing" not in shown.stdout


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_missing_indexes_are_added(place: Place) -> None:
    """A table of an older version gets what it lacks, and says so."""
    place.direct.update_table(
        TableName=place.table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-cost"}}]
    )
    shown = ai_usage("table", "show", "--table", place.table)
    assert (shown.exit_code, "by-cost" in shown.stdout.partition("missing")[2]) == (1, True)
    made = ai_usage("table", "create", "--table", place.table)
    assert "added: by-cost" in made.stdout
    found = describe(place.direct, place.table)
    assert found is not None
    assert found.missing == ()


def test_the_table_s_name_follows_the_environment(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that contradicts it is refused before anything is asked."""
    refused = ai_usage("table", "create", "--table", "Usage-staging", "--environment", "production")
    assert refused.exit_code == 2
    assert "does not match environment 'production'" in refused.stderr
    monkeypatch.setenv("ENVIRONMENT", "prod")
    assert ai_usage("table", "show").exit_code == 2


def test_indexes_carry_what_the_report_needs() -> None:
    """Within DynamoDB's limits: 20 attributes an index, 100 a table; no metadata."""
    assert "metadata" not in PROJECTED
    assert len(PROJECTED) <= 20
    assert len(PROJECTED) * len(INDEXES) <= 100


def test_every_index_finds_its_records(place: Place, sink: DynamoSink) -> None:
    """By job, batch, user and cost; the dearest calls of a month come first."""
    several = [
        replace(METRIC, id=f"i{n}", job_id=f"job-{n % 2}", batch_id="b", cost_usd=Decimal(n))
        for n in range(6)
    ]
    sink.write(several)

    def found(index: str, attribute: str, key: str) -> list[str]:
        answer = place.direct.query(
            TableName=place.table,
            IndexName=index,
            KeyConditionExpression=f"{attribute} = :key",
            ExpressionAttributeValues={":key": {"S": key}},
            ScanIndexForward=False,
        )
        return [item["SK"]["S"].rpartition("#")[2] for item in answer["Items"]]

    assert found("by-job", "byJob", "JOB#job-1") == ["i5", "i3", "i1"]
    assert len(found("by-batch", "byBatch", "BATCH#b")) == 6
    for metric in several:
        shard = shard_of(metric.id)
        assert metric.id in found("by-user", "byUser", f"USER#anna#{shard}")
        assert metric.id in found("by-date", "byDate", f"DATE#2026-11-20#{shard}")
        same = [m.id for m in reversed(several) if shard_of(m.id) == shard]
        assert found("by-cost", "byCost", f"COST#2026-11#{shard}") == same


def varied(number: int) -> list[Metric]:
    """Return recent metrics of many kinds, some of them unknown in every respect."""
    now = datetime.now(UTC)
    return [
        replace(
            METRIC,
            id=f"v{n}",
            timestamp=now - timedelta(hours=5 * n),
            model=("gpt-4o", "gpt-4o-mini", "x")[n % 3],
            operation_type=None if n % 5 == 0 else "scan",
            job_id=None if n % 4 == 0 else f"job-{n % 3}",
            batch_id="b" if n % 7 == 0 else None,
            user_id=f"user-{n % 2}",
            environment="staging" if n % 6 == 0 else "development",
            input_tokens=None if n % 3 == 0 else n,
            cost_usd=None if n % 3 == 2 else Decimal(n) / Decimal(7),
            error="boom" if n % 9 == 0 else None,
            cached_input_tokens=None if n % 2 else n,
            metadata={"service": f"s-{n % 2}", "stage": {"n": n % 3}, "api_host": None},
        )
        for n in range(number)
    ]


def test_the_report_is_that_of_sqlite(place: Place, sink: DynamoSink, tmp_path: Path) -> None:
    """The same metrics give the same rows in the same order, by whatever they are summed, also by
    metadata, which only the table itself has."""
    several = varied(50)
    database = tmp_path / "same.db"
    with closing(SqliteSink(database)) as file:
        file.write(several)
    sink.write(several)
    now = datetime.now(UTC)
    selections = (
        Selection(),
        Selection(now - timedelta(days=2), environment="development"),
        Selection(now - timedelta(days=3), now - timedelta(days=1)),
        Selection(until=now - timedelta(days=1)),
        Selection(where=(("model", "gpt-4o"), ("job", None))),
        Selection(now - timedelta(days=2), where=(("service", "s-1"),)),
    )
    with_index = [one for one in DIMENSIONS if not is_of_metadata(one)]
    asked = ((*DIMENSIONS, "metadata.stage"), with_index, ("week", "user", "error"))
    with closing(connect(attempts=ATTEMPTS)) as client:
        for dimensions in asked:
            for selection in selections:
                expected = usage_by(database, *dimensions, selection=selection)
                found = usage_by_in_dynamodb(
                    place.table, *dimensions, selection=selection, client=client
                )
                assert found == expected, (dimensions, selection)
        assert found


def test_days_are_queried_and_not_scanned(place: Place, sink: DynamoSink) -> None:
    """With --days only the partitions of those days are read, by the index of dates."""
    sink.write(varied(10))
    place.proxy.operations.clear()
    arguments = ("report", "--source", "dynamodb", "--table", place.table)
    result = ai_usage(*arguments, "--days", "2", "--by", "user", "--format", "json")
    assert result.exit_code == 0
    assert sum(row["calls"] for row in json.loads(result.stdout)) == 10
    assert Counter(place.proxy.operations) == {"Query": 4 * 8}
    place.proxy.operations.clear()
    assert ai_usage(*arguments).exit_code == 0
    assert set(place.proxy.operations) == {"Scan"}


def test_pages_and_exports_read_the_table(place: Place, sink: DynamoSink) -> None:
    """They need what the index does not carry: metadata, and counts of every kind."""
    several = [replace(one, counts={"input.image": 2}) for one in varied(6)]
    sink.write(several)
    arguments = ("--source", "dynamodb", "--table", place.table, "--days", "2")
    exported = ai_usage("export", *arguments, "--format", "jsonl")
    found = {row["id"]: row for row in map(json.loads, exported.stdout.splitlines())}
    assert found.keys() == {one.id for one in several}
    for one in several:
        row = found[one.id]
        assert (row["metadata"], row["counts"]) == (one.metadata, one.counts)
        assert (row["latency_ms"], row["partial"]) == (one.latency_ms, one.partial)
        assert datetime.fromisoformat(row["timestamp"]) == one.timestamp
    page = ai_usage("report", *arguments, "--format", "html")
    assert (page.exit_code, "<!DOCTYPE html>" in page.stdout) == (0, True)
    assert set(place.proxy.operations) >= {"Scan"}


def test_the_report_says_what_is_wrong(place: Place) -> None:
    """Nothing recorded is status 1; a missing table and options that do not belong are 2."""
    empty = ai_usage("report", "--source", "dynamodb", "--table", place.table)
    assert (empty.exit_code, place.table in empty.stderr) == (1, True)
    missing = ai_usage("report", "--source", "dynamodb")
    assert missing.exit_code == 2
    assert "ai-usage table create --table AIUsageMetrics-development" in missing.stderr
    assert ai_usage("report", "--table", "x").exit_code == 2
    assert ai_usage("report", "--source", "dynamodb", "--database", "x").exit_code == 2


def calls(database: Path) -> int:
    """Count the rows of the SQLite file."""
    with closing(sqlite3.connect(database)) as file:
        (count,) = file.execute("SELECT count(*) FROM usage_metrics").fetchone()
    return int(count)


def test_fan_out_with_a_table_that_is_down(
    place: Place, quiet_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has each record at once, the table when it is back."""
    monkeypatch.setenv("AI_USAGE_SINKS", "sqlite,dynamodb")
    monkeypatch.setattr(patience, "LONGEST_PAUSE_SECONDS", 0.0)
    tracker = AIUsageTracker(table_name=place.table)
    place.proxy.down()
    for metric in metrics(30):
        tracker._store_metric(metric)
    spooled()
    asked()
    assert calls(quiet_environment) == 30
    assert place.items() == {}
    place.proxy.up()
    assert drained()
    assert place.items().keys() == ids(30)
    assert calls(quiet_environment) == 30


def test_fan_out_with_a_file_that_is_broken(
    place: Place, quiet_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has each record although the file takes none."""
    quiet_environment.mkdir()
    monkeypatch.setenv("AI_USAGE_SINKS", "sqlite,dynamodb")
    tracker = AIUsageTracker(table_name=place.table)
    for metric in metrics(30):
        tracker._store_metric(metric)
    spooled()

    def has_arrived() -> bool:
        asked()
        return place.items().keys() == ids(30)

    assert until(has_arrived)


@pytest.mark.lengthy
@pytest.mark.parametrize("kind", KINDS)
def test_the_chaos_run_in_short(kind: str) -> None:
    """A few cycles of `make chaos-dynamo`: each accepted record is in the table once."""
    account = chaos.run(kind, 6, seed=1)
    assert account.is_right
    assert account.accepted
    assert sum(account.faults[fault] for fault in chaos.FAULTS)


def test_the_chaos_run_can_fail() -> None:
    """A record that is missing, one that is there twice, and a stranger are each seen."""
    right = chaos.Account(accepted={"a", "b"}, found=Counter("ab"))
    assert right.is_right
    assert not replace(right, found=Counter("a")).is_right
    assert not replace(right, found=Counter("aab")).is_right
    assert not replace(right, found=Counter("abc")).is_right


def book(client: Any, table: str, kind: type[AIUsageTracker] = AIUsageTracker) -> None:
    """Record one call by a tracker that was given boto3's *client*, and have it delivered."""
    tracker = kind(client, table, validate_table_environment=False)
    with ai_usage_context("scan", tracker=tracker):
        tracker.track_github_claude_review(7)
    assert flush(PATIENCE)


def test_a_client_of_boto3_s_that_is_passed_in(place: Place) -> None:
    """It gets each record, also the second client for the table, which another endpoint names."""
    proxied = boto3.client("dynamodb")
    book(proxied, place.table)
    assert place.proxy.operations.count("PutItem") == 1
    book(place.direct, place.table)
    assert place.proxy.operations.count("PutItem") == 1
    assert len(place.items()) == 2
    proxied.close()


def test_items_of_the_original(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come out of the spool with the keys of its indexes, and whole milliseconds."""
    from tracker.original.ai_usage_tracker import AIUsageTracker as OriginalTracker

    monkeypatch.setattr("tracker.original.client.class_for", lambda client: None)
    book(place.direct, place.table, OriginalTracker)
    (item,) = place.items().values()
    assert item["GSI1PK"] == {"S": "AI_USAGE#anthropic"}
    assert item["GSI3PK"] == {"S": "USER#github-actions"}
    assert "byDate" not in item


def test_a_newer_client_takes_over(place: Place) -> None:
    """Where a program makes a client anew, that one is used: the old one's session may be over."""
    older, newer = boto3.client("dynamodb"), boto3.client("dynamodb")
    asked = Mock(side_effect=older.put_item)
    older.put_item = asked
    book(older, place.table)
    book(newer, place.table)
    assert asked.call_count == 1
    assert len(place.items()) == 2
    older.close()
    newer.close()


def lacking(**changes: Any) -> Metric:
    """Return a call of a model without a price."""
    blank: dict[str, Any] = {"cost_usd": None, "list_cost_usd": None, "price_basis": "unpriced"}
    return replace(METRIC, **(blank | {"model": "mine", "metadata": {}} | changes))


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """A file with prices of one's own."""
    file = tmp_path / "prices.toml"
    file.write_text('[[price]]\nprovider = "openai"\nmodel = "mine"\ninput = 1\noutput = 1\n')
    return str(file)


def test_reprice_changes_what_has_no_price(place: Place, sink: DynamoSink, prices: str) -> None:
    """With its place in the index by cost, as if it had been stored so; a second time, nothing."""
    lean = replace(METRIC, id="x" * 30, model="mine", cost_usd=None, list_cost_usd=None)
    failed = lacking(id="failed", error="APIStatusError: 500", input_tokens=None)
    batch = lacking(id="batch", metadata={"is_batch": True})
    sink.write([METRIC, lacking(id="a"), lacking(id="b", model="unheard"), failed, batch])
    place.proxy.refuses = lambda item: "metadata" in item
    sink.write([replace(lean, metadata={"is_batch": True})])
    place.proxy.refuses = lambda item: False
    before = place.items()
    named = ("--source", "dynamodb", "--table", place.table)
    listed = ai_usage("unpriced", *named, "--format", "json")
    assert {row["model"]: row["calls"] for row in json.loads(listed.stdout)} == {
        "mine": 3,
        "unheard": 1,
    }
    result = ai_usage("reprice", *named, "--prices", prices)
    # What has lost its metadata may be a batch's: nobody knows.
    assert result.stdout == "2 calls priced, 2 still without a price\n", result.output
    after = place.items()
    cost = Decimal(after["a"].pop("costUSD")["N"])
    assert cost == Decimal("0.000015")
    assert after["a"]["byCost"]["S"].startswith("COST#2026-11#")
    assert after["a"]["priceBasis"] == {"S": "standard"}
    assert Decimal(after["batch"]["costUSD"]["N"]) == cost / 2
    assert {name: after[name] for name in ("1", "b", "failed", lean.id)} == {
        name: before[name] for name in ("1", "b", "failed", lean.id)
    }
    again = ai_usage("reprice", *named, "--prices", prices)
    assert again.stdout == "0 calls priced, 2 still without a price\n"


def test_reprice_leaves_what_was_priced_meanwhile(
    place: Place, sink: DynamoSink, prices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item is changed on the condition that it still has no price, and is there."""
    sink.write([lacking(id="a"), lacking(id="gone")])
    find = repricing.new_price

    def late(row: Any) -> Any:
        if row["id"] == "a":
            sink.write([lacking(id="a", cost_usd=Decimal(7))])
        else:
            key = {name: place.items()["gone"][name] for name in ("PK", "SK")}
            place.direct.delete_item(TableName=place.table, Key=key)
        return find(row)

    monkeypatch.setattr(repricing, "new_price", late)
    result = ai_usage("reprice", "--source", "dynamodb", "--table", place.table, "--prices", prices)
    assert result.stdout == "0 calls priced, 2 still without a price\n", result.output
    (item,) = place.items().values()
    assert item["costUSD"] == {"N": "7"}


def test_what_is_sent_again_keeps_its_new_price(
    place: Place, sink: DynamoSink, prices: str
) -> None:
    """The spool sends a record again whose answer was lost; all that it lacks is a price."""
    sent = [METRIC, lacking(id="a"), lacking(id="b", model="unheard"), lacking(id="new")]
    sink.write(sent[:3])
    ai_usage("reprice", "--source", "dynamodb", "--table", place.table, "--prices", prices)
    before = place.items()
    assert "costUSD" in before["a"]
    destination = Destination("table", sink, durable=False)
    place.proxy.operations.clear()
    outcome = attempt(destination, sent, again={metric.id for metric in sent})
    assert [metric.id for metric in outcome.taken] == [metric.id for metric in sent]
    after = place.items()
    assert {name: item for name, item in after.items() if name != "new"} == before
    assert "costUSD" not in after["new"]
    assert place.proxy.operations.count("PutItem") == 3


def test_what_was_never_sent_goes_in_batches(place: Place, sink: DynamoSink) -> None:
    """Also what has no price: one by one, it would take many times as long."""
    sink.write([lacking(id=f"{number}") for number in range(30)])
    assert place.proxy.operations == ["BatchWriteItem"] * 2
    assert len(place.items()) == 30


def test_credentials_for_batches_only_store_what_is_sent_again(
    place: Place, sink: DynamoSink
) -> None:
    """No record is lost for the sake of a price."""
    place.proxy.denied = {"PutItem"}
    again = [lacking(id="a"), METRIC]
    assert not sink.write_again(again, {"a", METRIC.id}).retry
    assert place.items().keys() == {"a", METRIC.id}


def test_an_answer_that_is_lost_while_it_is_repriced(place: Place, prices: str) -> None:
    """The same write asks again, and finds that the record has a price by now."""
    named = ("--source", "dynamodb", "--table", place.table, "--prices", prices)
    place.proxy.choose = iter(["drop", "pass", "pass"]).__next__
    slow = DynamoSink(
        place.table, patience=PATIENCE, sleep=lambda _seconds: ai_usage("reprice", *named)
    )
    assert not slow.write([lacking(id="a")]).retry
    slow.close()
    (item,) = place.items().values()
    assert "costUSD" in item


def test_reprice_says_what_is_wrong_with_a_table(place: Place, sink: DynamoSink) -> None:
    """One that is not there, and credentials that may not change it."""
    missing = ai_usage("reprice", "--source", "dynamodb", "--table", "none-of-these")
    assert (missing.exit_code, "none-of-these" in missing.stderr) == (2, True)
    sink.write([lacking(id="a", model="gpt-4o-mini")])
    place.proxy.denied = {"UpdateItem"}
    denied = ai_usage("reprice", "--source", "dynamodb", "--table", place.table)
    assert denied.exit_code == 2
    assert "UpdateItem" in denied.stderr
    into = ai_usage("reprice", "--source", "dynamodb", "--table", place.table, "--into", "x")
    assert (into.exit_code, "--into does not belong" in into.stderr) == (2, True)

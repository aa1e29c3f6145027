"""DynamoDB servers that misbehave while a program records: every accepted record arrives once.

The real way is gone: tracker, writer, spool, sender, boto3; then a proxy that
throttles, leaves items unprocessed, loses answers, and is down for a while; then
moto's server, and dynalite.  Records are also handed over twice.  In the end the
table is read past the proxy.

    python -m tests.chaos.dynamo [CYCLES] [--seed N]
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import boto3

from tests.delivered import asked, drained, spooled
from tests.dynamo_servers import CREDENTIALS, KINDS, dynamo_server
from tests.fault_proxy import FAULTS, FaultProxy, fault_proxy
from tracker import AIUsageTracker, Metric
from tracker.config import settings
from tracker.delivery import destinations, patience, sender, writer
from tracker.sinks.dynamodb.sink import DynamoSink
from tracker.sinks.dynamodb.table import create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_dynamodb import DynamoDBClient

MOST_RECORDS = 60
#: Cycles on one table: moto needs more time for each item the more there are.
ROUND = 50
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Account:
    """What was accepted, what the table has, and which faults were met on the way."""

    cycles: int = 0
    accepted: set[str] = field(default_factory=set)
    found: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Records that were accepted and are not in the table."""
        return len(self.accepted - self.found.keys())

    @property
    def twice(self) -> int:
        """Records that the table has more than once."""
        return sum(count > 1 for count in self.found.values())

    @property
    def is_right(self) -> bool:
        """Whether each accepted record is in the table once, and nothing else is."""
        return not self.twice and not self.rejected and self.found.keys() == self.accepted


def main(cycles: int, seed: int) -> int:
    """Run *cycles* on both servers and print what became of the records; 1 if one is wrong."""
    logging.getLogger("tracker").addHandler(logging.NullHandler())
    met = (*FAULTS, "down")
    columns = ("server", "cycles", "accepted", "arrived", "missing", "twice", "rejected", *met)
    print("  ".join(f"{name:>11}" for name in columns))
    accounts = []
    for kind in KINDS:
        account = run(kind, cycles, seed)
        arrived = len(account.accepted & account.found.keys())
        values = [kind, account.cycles, len(account.accepted), arrived]
        values += [account.missing, account.twice, account.rejected]
        values += [account.faults[name] for name in met]
        print("  ".join(f"{value:>11}" for value in values), flush=True)
        accounts.append(account)
    return 0 if all(account.is_right for account in accounts) else 1


def run(kind: str, cycles: int, seed: int) -> Account:
    """Record against the server *kind* for *cycles*, and count what its table has."""
    rng = random.Random(f"{kind} {seed}")
    account = Account(cycles)
    for first in range(0, cycles, ROUND):
        _round(kind, range(first, min(first + ROUND, cycles)), rng, account)
    return account


def _round(kind: str, cycles: range, rng: random.Random, account: Account) -> None:
    """Run *cycles* on a new server, and add to *account* what they accepted and its table has."""
    with _program(kind) as (proxy, tracker, direct):
        proxy.choose = lambda: rng.choice((*FAULTS, "pass", "pass", "pass"))
        for cycle in cycles:
            _cycle(str(cycle), proxy, tracker, rng, account)
        account.faults.update(proxy.counts)
        rows = sender.file().counts().get(f"dynamodb:{tracker.table_name}", {})
        account.rejected += rows.get("rejected", 0)
        for page in direct.get_paginator("scan").paginate(TableName=tracker.table_name):
            account.found.update(item["id"]["S"] for item in page["Items"])


def _cycle(
    name: str, proxy: FaultProxy, tracker: AIUsageTracker, rng: random.Random, account: Account
) -> None:
    is_down = rng.random() < 0.1
    if is_down:
        proxy.down()
    for number in range(rng.randint(1, MOST_RECORDS)):
        metric = _metric(f"{name}-{number}", rng)
        for _ in range(1 if rng.random() < 0.95 else 2):
            tracker._store_metric(metric)
        account.accepted.add(metric.id)
    if is_down:
        spooled()
        asked()
        proxy.up()
    drained()


def _metric(name: str, rng: random.Random) -> Metric:
    return Metric(
        id=name,
        service="openai",
        model=rng.choice(("gpt-4o-mini", "gpt-4o", "text-embedding-3-small")),
        operation="completion",
        timestamp=NOW + timedelta(seconds=rng.randrange(10 * 86_400)),
        user_id=rng.choice(("anna", "ben")),
        environment="development",
        job_id=rng.choice((None, "job-1", "job-2")),
        input_tokens=rng.randrange(1_000),
        cost_usd=rng.choice((None, Decimal(rng.randrange(10**9)) / 10**12)),
        latency_ms=rng.random() * 1_000,
        metadata={"text": "x" * rng.choice((0, 10, 500))},
    )


@contextmanager
def _program(kind: str) -> Iterator[tuple[FaultProxy, AIUsageTracker, DynamoDBClient]]:
    """Set a program up whose only store is a table behind the proxy; no pauses are made."""
    with (
        tempfile.TemporaryDirectory() as folder,
        dynamo_server(kind) as port,
        fault_proxy(port) as proxy,
        mock.patch.dict(os.environ, CREDENTIALS),
        mock.patch.object(patience, "LONGEST_PAUSE_SECONDS", 0.0),
    ):
        direct = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}")
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        os.environ["ENVIRONMENT"] = "development"
        os.environ["AI_USAGE_SINKS"] = "dynamodb"
        os.environ["AI_USAGE_SPOOL"] = str(Path(folder) / "spool.db")
        writer.restart()
        tracker = AIUsageTracker()
        table = tracker.table_name
        create(direct, table)
        # Impatient, so that rows also go back to the spool.
        sink = DynamoSink(table, patience=0.02, sleep=lambda _seconds: None)
        destinations.known(f"dynamodb:{table}", lambda: sink, durable=False)
        try:
            yield proxy, tracker, direct
        finally:
            writer.restart()
            direct.close()
    settings.reset()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.dynamo", description=__doc__)
    parser.add_argument("cycles", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    status = main(options.cycles, options.seed)
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)

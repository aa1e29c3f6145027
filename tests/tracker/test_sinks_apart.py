"""Which trackers write to one sink, and which to several: each sink's own module says it."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import Store

import tracker
from tests.patience import PATIENCE
from tracker.delivery import destinations, writer
from tracker.sinks import registry
from tracker.sinks.registry import Known

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APART = "destination"


@dataclass
class Foreign:
    """A sink's module that is registered under the name "acme", and the sinks that it made."""

    module: ModuleType
    made: dict[str, Store] = field(default_factory=dict)

    def make(self, table_name: str) -> Store:
        """Return a sink for *table_name*."""
        assert table_name not in self.made
        self.made[table_name] = Store()
        return self.made[table_name]


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Foreign:
    """A sink of a third party, which the settings name."""
    name = f"acme_{request.node.name}"
    found = Foreign(ModuleType(name))
    found.module.__dict__["from_environment"] = found.make
    monkeypatch.setitem(sys.modules, name, found.module)
    monkeypatch.setitem(registry.KNOWN, "acme", Known(f"{name}:from_environment", durable=True))
    tracker.configure(sinks="acme")
    return found


def record(*tables: str) -> None:
    """Record one call by a tracker of each of *tables*, and wait until it is stored."""
    for name in tables:
        used = tracker.AIUsageTracker(table_name=name, validate_table_environment=False)
        used.track_openai_completion(lambda: None)()
    assert writer.flush(PATIENCE)


def test_tables_have_sinks_of_their_own(foreign: Foreign) -> None:
    """A sink that says nothing is made once for each table, with it, and gets what is meant."""
    record("one", "two", "one")
    assert {name: len(store.ids) for name, store in foreign.made.items()} == {"one": 2, "two": 1}
    assert {found.key for found in destinations.all_known()} == {"acme:one", "acme:two"}


@pytest.mark.parametrize(
    ("apart", "keys", "made"),
    [
        (lambda _table: "", {"acme"}, {"one": 3}),
        (lambda table: table[:1], {"acme:o", "acme:t"}, {"one": 2, "two": 1}),
    ],
)
def test_a_sink_says_itself_what_tells_it_apart(
    foreign: Foreign, apart: Callable[[str], str], keys: set[str], made: dict[str, int]
) -> None:
    """What ``destination`` of its module returns has one sink, and is the key in the spool."""
    foreign.module.__dict__[APART] = apart
    record("one", "two", "one")
    assert {found.key for found in destinations.all_known()} == keys
    assert {name: len(store.ids) for name, store in foreign.made.items()} == made


def test_a_destination_that_cannot_be_told_disturbs_nobody(foreign: Foreign) -> None:
    """A sink whose module fails to say it has no records; the program goes on."""

    def wrong(table_name: str) -> Any:
        raise LookupError(table_name)

    foreign.module.__dict__[APART] = wrong
    record("one")
    assert foreign.made == {}


def test_our_own_sinks_say_it_the_same_way(
    quiet_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are as they always were: rows that wait in a spool find their sink."""
    keys = {
        "sqlite": f"sqlite:{quiet_environment}",
        "jsonl": "jsonl",
        "dynamodb": "dynamodb:t",
        "otlp": "otlp",
    }
    assert {name: registry.key_of(name, "t") for name in keys} == keys
    record("one")
    late = quiet_environment.with_name("late.db")
    monkeypatch.setenv("AI_USAGE_DATABASE", str(late))
    record("one")
    with closing(sqlite3.connect(late)) as file:
        assert file.execute("SELECT count(*) FROM ai_usage").fetchone() == (1,)

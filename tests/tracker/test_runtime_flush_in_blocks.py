"""``flush_metrics()`` inside a block: when it returns, what was recorded can be read."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from runtime_calls import CHAT

import tracker
from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import openai


def reply() -> SimpleNamespace:
    """Return a fake completion."""
    usage = SimpleNamespace(prompt_tokens=100, completion_tokens=50, total_tokens=150)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


def rows(database: Path) -> list[str | None]:
    """Return the jobs in the embedded store, as another program reads them."""
    with closing(sqlite3.connect(database)) as file:
        return [job for (job,) in file.execute("SELECT job_id FROM ai_usage ORDER BY rowid")]


def lines(log: Path) -> list[str | None]:
    """Return the jobs in a log file."""
    return [json.loads(line)["job_id"] for line in log.read_text().splitlines()]


def test_a_client_of_the_program_s_own_has_it() -> None:
    """The double is asked at the flush, and not again when the block ends."""
    dynamo = Mock(spec=["put_ai_usage_metric"])
    own = AIUsageTracker(dynamo_client=dynamo)
    with ai_usage_context("op", tracker=own, job_id="j"):
        own.track_openai_completion(reply)()
        dynamo.put_ai_usage_metric.assert_not_called()
        own.flush_metrics()
        dynamo.put_ai_usage_metric.assert_called_once()
        assert own.pending_metrics == []
        own.flush_metrics()
    dynamo.put_ai_usage_metric.assert_called_once()
    assert tracker.stats() == tracker.Stats(captured=1, stored=1)


def test_a_fake_table_has_it() -> None:
    """A class of the program with ``put_item`` can be read back at once."""

    class Table:
        def __init__(self) -> None:
            self.items: list[Any] = []

        def put_item(self, **arguments: Any) -> None:
            self.items.append(arguments["Item"])

    table = Table()
    own = AIUsageTracker(dynamo_client=table)
    with ai_usage_context("op", tracker=own, job_id="j"):
        own.track_openai_completion(reply)()
        own.flush_metrics()
        assert [item["jobId"] for item in table.items] == [{"S": "j"}]
    assert len(table.items) == 1


def test_the_embedded_store_has_it(client: openai.OpenAI, quiet_environment: Path) -> None:
    """A captured call is in the file when the flush returns, and once when the block ends."""
    with ai_usage_context("op", job_id="j") as used:
        client.chat.completions.create(**CHAT)
        used.flush_metrics()
        assert rows(quiet_environment) == ["j"]
        client.chat.completions.create(**CHAT)
    assert rows(quiet_environment) == ["j", "j"]
    assert tracker.stats() == tracker.Stats(captured=2, stored=2)


def test_the_log_file_has_it(tmp_path: Path) -> None:
    """Beside the store."""
    log = tmp_path / "usage.jsonl"
    own = AIUsageTracker(track_to_file=True, log_file=str(log))
    with ai_usage_context("op", tracker=own, job_id="j"):
        own.track_openai_completion(reply)()
        own.flush_metrics()
        assert lines(log) == ["j"]
    assert lines(log) == ["j"]


def test_blocks_around_are_stored_too(quiet_environment: Path) -> None:
    """Everything that the tracker recorded before, in whichever of its open blocks."""
    own = AIUsageTracker()
    with ai_usage_context("outer", tracker=own, job_id="outer"):
        own.track_openai_completion(reply)()
        with ai_usage_context("other"), ai_usage_context("inner", tracker=own, job_id="inner"):
            own.track_openai_completion(reply)()
            own.flush_metrics()
            assert sorted(rows(quiet_environment), key=str) == ["inner", "outer"]
    assert sorted(rows(quiet_environment), key=str) == ["inner", "outer"]


def test_blocks_of_other_trackers_keep_theirs(quiet_environment: Path) -> None:
    """What another tracker has pending is stored when its own block ends."""
    with ai_usage_context("other", job_id="other") as other:
        other.track_openai_completion(reply)()
        with ai_usage_context("op", tracker=AIUsageTracker(), job_id="j") as used:
            used.track_openai_completion(reply)()
            used.flush_metrics()
            assert rows(quiet_environment) == ["j"]
            assert len(other.pending_metrics) == 1
    assert sorted(rows(quiet_environment), key=str) == ["j", "other"]


def with_block(used: AIUsageTracker) -> None:
    """Record and flush in a plain block."""
    with ai_usage_context("op", tracker=used, job_id="j"):
        used.track_openai_completion(reply)()
        used.flush_metrics()


def without_block(used: AIUsageTracker) -> None:
    """Record and flush outside of all blocks."""
    used.set_tracking_context(job_id="j")
    used.track_openai_completion(reply)()
    used.flush_metrics()


@pytest.mark.parametrize("work", [with_block, without_block])
def test_in_an_event_loop(work: Callable[[AIUsageTracker], None], quiet_environment: Path) -> None:
    """A flush that a program asks for waits for the disk there too, as it always did."""

    async def main() -> None:
        work(AIUsageTracker())
        assert rows(quiet_environment) == ["j"]

    asyncio.run(main())
    assert rows(quiet_environment) == ["j"]


def test_a_subclass_that_flushes_its_own_way(quiet_environment: Path) -> None:
    """Its call of the class's flush stores as well."""

    class Resilient(AIUsageTracker):
        def flush_metrics(self) -> None:
            super().flush_metrics()

    with ai_usage_context("op", tracker=Resilient(), job_id="j") as used:
        used.track_openai_completion(reply)()
        used.flush_metrics()
        assert rows(quiet_environment) == ["j"]
    assert rows(quiet_environment) == ["j"]

"""Every count that an answer tells, from the client to each store and back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from loopback import chat_events, message_events, response_object
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context
from tracker.delivery.spool.codec import decode, encode
from tracker.records.metric import Usage
from tracker.sinks import jsonl
from tracker.sinks.dynamodb.item import to_item
from tracker.sinks.otlp import to_attributes
from tracker.sinks.sqlite.sink import ADDED, COLUMNS, SCHEMA, SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import openai
    from loopback import LoopbackServer

    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

DETAILED = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 30, "audio_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 7, "audio_tokens": 3},
    "cost": 0.00123,
    "cost_details": {"upstream_inference_cost": None, "note": "a text"},
}
COUNTS = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details.cached_tokens": 20,
    "prompt_tokens_details.cache_write_tokens": 30,
    "prompt_tokens_details.audio_tokens": 5,
    "completion_tokens_details.reasoning_tokens": 7,
    "completion_tokens_details.audio_tokens": 3,
    "cost": 0.00123,
}
LIFETIMES = {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 40}
THINKING = {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_creation_input_tokens": 70,
    "cache_creation": LIFETIMES,
    "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 1},
    "output_tokens_details": {"thinking_tokens": 12},
    "service_tier": "priority",
    "inference_geo": "us",
}
SEARCHES = [
    {"type": "web_search_call", "id": f"ws_{n}", "status": "completed", "action": action}
    for n, action in enumerate([{"type": "search"}, {"type": "search"}, {"type": "open_page"}])
]


def chat_answer(usage: dict[str, Any]) -> dict[str, Any]:
    """Return a finished chat completion of the flex tier."""
    head = {"id": "c", "created": 1, "model": "gpt-4o-mini", "object": "chat.completion"}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}
    return head | {"choices": [choice], "usage": usage, "service_tier": "flex"}


@pytest.fixture
def claude(server: LoopbackServer) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client."""
    with anthropic.Anthropic(base_url=server.root_url, api_key="no", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("form", ["plain", "raw", "observed"])
def test_chat(form: str, client: openai.OpenAI, server: LoopbackServer, metrics: Any) -> None:
    """Details, the server's own cost and the tier as served, however the answer is reached."""
    server.answers = {"/chat/completions": chat_answer(DETAILED)}
    with ai_usage_context("op"):
        if form == "raw":
            client.chat.completions.with_raw_response.create(**CHAT).parse()
        elif form == "observed":
            AIUsageTracker().track_openai_completion(lambda: chat_answer(DETAILED))()
        else:
            client.chat.completions.create(**CHAT)
    (metric,) = metrics
    assert metric.counts == COUNTS
    # The bytes of a raw answer are read by the same rules.
    assert metric.conditions == {"service_tier": "flex"}


def test_an_answer_that_the_program_changes(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Libraries add up tokens in the answer itself: what the call told is kept, all of it."""
    server.answers = {"/chat/completions": chat_answer(DETAILED)}
    with ai_usage_context("op"):
        answer = client.chat.completions.create(**CHAT)
        assert answer.usage is not None
        answer.usage.prompt_tokens += 1000
        assert answer.usage.prompt_tokens_details is not None
        answer.usage.prompt_tokens_details.cached_tokens = 1000
    assert metrics[0].input_tokens == 100
    assert metrics[0].counts == COUNTS


def test_a_chat_stream(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The chunk that we asked for tells everything."""
    told = [event for _, event in chat_events("gpt-4o-mini", usage=True)]
    assert told[-1]["choices"] == []
    with ai_usage_context("op"):
        list(client.chat.completions.create(**CHAT, stream=True))
    assert metrics[0].counts == told[-1]["usage"]


def test_tools_of_the_responses_interface(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Searches are counted, beside what the answer says of tools; looks at pages apart."""
    made = response_object("gpt-4o-mini")
    made |= {"output": [*SEARCHES, *made["output"]], "service_tier": "priority"}
    made["tool_usage"] = {"web_search": {"num_requests": 2}}
    server.answers = {"/responses": made}
    with ai_usage_context("op"):
        client.responses.create(model="gpt-4o-mini", input="x")
    counts = metrics[0].counts
    assert counts["output.web_search_call.search"] == 2
    assert counts["output.web_search_call.open_page"] == 1
    assert counts["tool_usage.web_search.num_requests"] == 2
    assert counts["input_tokens_details.cached_tokens"] == 0
    assert metrics[0].conditions == {"service_tier": "priority"}


@pytest.mark.parametrize("stream", [False, True])
def test_messages(
    stream: bool, claude: anthropic.Anthropic, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Lifetimes, tools, thinking, geography; of a stream, what its parts tell together."""
    begun = THINKING | {"output_tokens": 1, "output_tokens_details": None, "server_tool_use": None}
    events = [event for _, event in message_events("claude-sonnet-4-5")]
    events[0]["message"]["usage"] = begun
    events[-2]["usage"] = {
        name: THINKING[name] for name in ("output_tokens", "output_tokens_details")
    } | {"server_tool_use": THINKING["server_tool_use"]}
    server.answers = {"/v1/messages": events[0]["message"] | {"usage": THINKING}}
    if stream:
        server.events = {"/v1/messages": [(event["type"], event) for event in events]}
    with ai_usage_context("op"):
        if stream:
            list(claude.messages.create(**MESSAGE, stream=True))
        else:
            claude.messages.create(**MESSAGE)
    (metric,) = metrics
    assert metric.counts["cache_creation.ephemeral_1h_input_tokens"] == 40
    assert metric.counts["server_tool_use.web_search_requests"] == 3
    assert metric.counts["output_tokens_details.thinking_tokens"] == 12
    assert metric.conditions == {"service_tier": "priority", "inference_geo": "us"}
    assert (metric.input_tokens, metric.output_tokens) == (80, 20)
    assert metric.reasoning_tokens == 12


@pytest.fixture
def metric(client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics) -> Metric:
    """Return one of a call with many counts."""
    server.answers = {"/chat/completions": chat_answer(DETAILED)}
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    return replace(metrics[0], price_rule="a rule")


def test_every_store_has_them(metric: Metric, tmp_path: Path) -> None:
    """SQLite, lines of JSON, DynamoDB, OpenTelemetry, and the spool, which gives them back."""
    assert metric.counts == COUNTS
    file = tmp_path / "new.db"
    SqliteSink(file).write([metric])
    with closing(sqlite3.connect(file)) as opened:
        row = opened.execute("SELECT counts, conditions, price_rule FROM ai_usage").fetchone()
    assert (json.loads(row[0]), json.loads(row[1])) == (COUNTS, {"service_tier": "flex"})
    assert row[2] == "a rule"
    line = json.loads(json.dumps(jsonl.to_row(metric)))
    assert (line["counts"], line["price_rule"]) == (COUNTS, "a rule")
    item = to_item(metric)
    assert item["counts"]["M"]["prompt_tokens_details.audio_tokens"] == {"N": "5"}
    assert item["conditions"] == {"M": {"service_tier": {"S": "flex"}}}
    attributes = to_attributes(metric)
    assert attributes["ai_usage.counts.cost"] == 0.00123
    assert attributes["openai.response.service_tier"] == "flex"
    assert decode(encode(metric), metric.id) == metric


@pytest.mark.parametrize("counts", [{"n": "a text"}, {"n": True}, [1]])
def test_a_spool_is_not_believed(metric: Metric, counts: Any) -> None:
    """A row whose counts are no numbers is none of ours."""
    spooled = json.loads(encode(metric)) | {"counts": counts}
    with pytest.raises(ValueError, match="counts"):
        decode(json.dumps(spooled), metric.id)


def test_a_database_of_an_earlier_version(metric: Metric, tmp_path: Path) -> None:
    """It gets the columns when it is written to; its rows stay, and an older program goes on."""
    file = tmp_path / "old.db"
    old = SCHEMA
    for name, kind in ADDED.items():
        old = old.replace(f",\n    {name} {kind}", "")
    with closing(sqlite3.connect(file)) as made:
        made.executescript(old)
        known = [name for name in COLUMNS if name not in ADDED]
        marks = ", ".join("?" * len(known))
        earlier = f"INSERT INTO usage_metrics ({', '.join(known)}) VALUES ({marks})"
        values = [getattr(metric, name, None) or 0 for name in known]
        values[0], values[1], values[-1] = "old", metric.timestamp.isoformat(), "{}"
        made.execute(earlier, values)
        made.commit()
    sinks = [SqliteSink(file), SqliteSink(file)]
    for number, sink in enumerate(sinks):
        sink.write([replace(metric, id=f"new-{number}")])
        sink.close()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute(earlier, ["older", *values[1:]])
        rows = dict(opened.execute("SELECT id, counts FROM ai_usage").fetchall())
    assert rows["old"] is rows["older"] is None
    assert json.loads(rows["new-0"]) == json.loads(rows["new-1"]) == COUNTS


def test_thinking_is_reasoning() -> None:
    """Anthropic's thinking tokens are the reasoning tokens of a record."""
    from tracker.instrumentation.providers.usage import usage_of

    assert usage_of({"usage": THINKING}) == Usage(80, 20, 100, None, 70, 12)

"""Results of the providers' batch APIs: each line one record, however often it is imported."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from loopback import CHAT_USAGE, INPUT_TOKENS, OUTPUT_TOKENS
from many_cases import each_of

from tracker import AIUsageTracker, ConfigurationError, ai_usage_context, record_batch_results
from tracker.delivery.writer import finish
from tracker.records.batch_results import BatchImport

if TYPE_CHECKING:
    from pathlib import Path

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

REQUEST: Any = {"custom_id": "first", "params": {"model": "m", "max_tokens": 9, "messages": []}}
OPENAI_BATCH = {"id": "batch_1", "created_at": 1_795_000_000, "completed_at": 1_795_000_600}


def result(custom_id: str, body: dict[str, Any] | None) -> str:
    """Return a line of an output file of OpenAI's; without *body* one of its error file."""
    response = {"status_code": 200 if body else 400, "request_id": f"r-{custom_id}", "body": body}
    return json.dumps({"id": "x", "custom_id": custom_id, "response": response, "error": None})


CHAT_BODY = {"model": "gpt-4o-mini", "object": "chat.completion", "usage": CHAT_USAGE}
OUTPUT_FILE = "\n".join([result("a", CHAT_BODY), result("b", CHAT_BODY), result("c", None), ""])


@pytest.fixture
def claude(server: LoopbackServer) -> anthropic.Anthropic:
    """The real client."""
    return anthropic.Anthropic(base_url=server.root_url, api_key="x")


def test_creating_a_batch_and_counting_tokens_are_not_billed(
    claude: anthropic.Anthropic, metrics: CapturedMetrics
) -> None:
    """No record is made of either, and none of asking for the batch."""
    with ai_usage_context("op"):
        batch = claude.messages.batches.create(requests=[REQUEST])
        claude.messages.batches.retrieve(batch.id)
        claude.messages.count_tokens(model="m", messages=[])
        claude.beta.messages.count_tokens(model="m", messages=[])
    assert len(metrics) == 0


def test_results_of_a_message_batch(claude: anthropic.Anthropic, metrics: CapturedMetrics) -> None:
    """Succeeded lines are records at batch prices; a replay of one adds nothing."""
    with ai_usage_context("import", job_id="j") as tracker:
        batch = claude.messages.batches.retrieve("msgbatch-1")
        lines = list(claude.messages.batches.results(batch.id))
        counts = record_batch_results(lines, batch)
        done: Any = lines[0].result
        tracker.track_anthropic_completion(lambda: done.message)()
    assert counts == BatchImport(recorded=2, failed=1, unreadable=0)
    assert [(m.input_tokens, m.output_tokens, m.job_id) for m in metrics] == [
        (INPUT_TOKENS, OUTPUT_TOKENS, "j")
    ] * 2
    first = metrics[0]
    assert (first.service, first.operation, first.batch_id) == (
        "anthropic",
        "completion",
        "msgbatch-1",
    )
    assert first.price_basis in ("batch", "batch_assumed")
    assert first.timestamp == batch.ended_at
    assert first.metadata["custom_id"] == "first"


@pytest.mark.parametrize("form", ["text", "bytes", "lines", "objects"])
def test_an_output_file_of_openai(form: str, metrics: CapturedMetrics) -> None:
    """Text, bytes, lines and JSON objects say the same; outside a block it needs no more."""
    texts = OUTPUT_FILE.splitlines(keepends=True)
    lines: Any = {
        "text": OUTPUT_FILE,
        "bytes": OUTPUT_FILE.encode(),
        "lines": texts,
        "objects": [json.loads(text) for text in texts],
    }[form]
    assert record_batch_results(lines, OPENAI_BATCH) == (2, 1, 0)
    assert [(m.service, m.input_tokens, m.output_tokens, m.request_id) for m in metrics] == [
        ("openai", INPUT_TOKENS, OUTPUT_TOKENS, "r-a"),
        ("openai", INPUT_TOKENS, OUTPUT_TOKENS, "r-b"),
    ]
    assert {m.price_basis for m in metrics} == {"batch"}
    assert metrics[0].list_cost_usd == (metrics[0].cost_usd or 0) * 2


@pytest.mark.parametrize("form", ["text", "bytes", "lines", "lines of the client"])
@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_an_answer_with_a_sign_that_ends_lines_of_str(
    sign: str, form: str, metrics: CapturedMetrics
) -> None:
    """JSON may have it in a text: each result is a record, of parts that `iter_lines` gives too."""
    said = CHAT_BODY | {"choices": [{"message": {"content": f"one{sign}{{two{sign}3{sign}}}"}}]}
    lines = [result("a", said), result("b", None), result("c", said)]
    text = "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in lines) + "\n"
    assert len(text.splitlines()) == 9
    given: dict[str, Any] = {
        "text": text,
        "bytes": text.encode(),
        "lines": text.split("\n"),
        "lines of the client": iter(text.splitlines()),
    }
    assert record_batch_results(given[form], OPENAI_BATCH) == (2, 1, 0)
    assert [m.request_id for m in metrics] == ["r-a", "r-c"]


def test_the_end_of_a_torn_line_hides_no_other(metrics: CapturedMetrics) -> None:
    """What is no result is counted part by part, and those around it are recorded."""
    whole = result("a", CHAT_BODY)
    torn = [whole, whole[:40], "and more", whole, whole[40:], whole[:9]]
    assert record_batch_results(torn, OPENAI_BATCH) == (2, 0, 4)


def test_embeddings_in_a_batch(metrics: CapturedMetrics) -> None:
    """They are booked as what they are."""
    body = {"object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 4}}
    record_batch_results([result("a", body)], OPENAI_BATCH)
    assert [(m.operation, m.input_tokens) for m in metrics] == [("embedding", 4)]


def test_the_same_results_again_change_nothing(quiet_environment: Path) -> None:
    """By another tracker and at another time too: a line's id is the batch's and its own."""
    for _ in range(2):
        record_batch_results(OUTPUT_FILE, OPENAI_BATCH, tracker=AIUsageTracker())
    record_batch_results(OUTPUT_FILE, OPENAI_BATCH | {"id": "batch_2"})
    finish()
    with closing(sqlite3.connect(quiet_environment)) as database:
        rows = database.execute("SELECT batch_id, COUNT(*) FROM usage_metrics GROUP BY 1")
        assert sorted(rows) == [("batch_1", 2), ("batch_2", 2)]


def test_what_is_no_result_is_counted(metrics: CapturedMetrics) -> None:
    """A torn line, another file's line, and nonsense."""
    lines = ['{"custom_id": "a", "resp', '{"custom_id": 3}', "[]", "null", '{"custom_id": "a"}', ""]
    assert record_batch_results(lines, OPENAI_BATCH) == (0, 0, 5)
    assert len(metrics) == 0


@each_of(
    "batch", ["batch_1", {"id": "batch_1"}, {"created_at": 5}, {"id": "b", "ended_at": "soon"}]
)
def test_a_batch_without_identity_is_refused(batch: object) -> None:
    """Without its id or a time of its own a second import would be told from the first."""
    with pytest.raises(ConfigurationError, match="its id and its time"):
        record_batch_results(OUTPUT_FILE, batch)

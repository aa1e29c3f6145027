"""The wrapper on a raw response's bytes: however they arrive, they pass unchanged, and counted."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import INPUT_TOKENS, OUTPUT_TOKENS, chat_events, message_events, response_events
from many_cases import each_of

from tracker import AIUsageTracker
from tracker.instrumentation.streaming.accumulator import Accumulator
from tracker.instrumentation.streaming.body_readers import EventReader, JsonReader
from tracker.records.pending_record import opened
from tracker.testing import capture

if TYPE_CHECKING:
    from loopback import Event

    from tracker.records.metric import Metric

EVENTS = {
    "chat": (chat_events("gpt-4o-mini", usage=True), b"data: [DONE]"),
    "responses": (response_events("gpt-4o-mini"), b""),
    "messages": (message_events("claude-3-5-haiku-20241022"), b": a comment"),
}


def written(events: list[Event], end: bytes, newline: bytes) -> list[bytes]:
    """Return each event as a server writes it, then *end*."""
    texts = []
    for name, event in events:
        lines = [f"event: {name}".encode()] if name else []
        texts.append(newline.join([*lines, b"data: " + json.dumps(event).encode(), b"", b""]))
    return texts + ([end + newline * 2] if end else [])


def parts(body: bytes, cuts: list[int]) -> list[bytes]:
    """Return *body* cut at the places *cuts*, taken modulo its length."""
    places = sorted({0, len(body), *(cut % len(body) for cut in cuts)})
    return [body[a:b] for a, b in pairwise(places)]


def passed(arriving: list[bytes], *, swallow: bool, whole: bool) -> tuple[bytes, list[Metric]]:
    """Return what the program gets of what arrives, and the records."""
    with capture() as metrics:
        tracker = AIUsageTracker()
        node = tracker.node()
        record = opened(tracker, node, node.state)
        accumulator = Accumulator(record, "openai", "completion", "asked", swallow_usage=swallow)
        reader = EventReader(accumulator)
        got = [piece for data in arriving for piece in reader.feed(data)]
        got += reader.end()
        accumulator.finish(partial=not whole)
    return b"".join(got), list(metrics)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("kind", EVENTS)
@given(cuts=st.lists(st.integers(min_value=0, max_value=5000), max_size=12))
def test_bytes_pass_however_they_are_cut(kind: str, newline: bytes, cuts: list[int]) -> None:
    """The same bytes come out, and the usage is exact."""
    body = b"".join(written(*EVENTS[kind], newline))
    got, metrics = passed(parts(body, cuts), swallow=False, whole=True)
    assert got == body
    assert [(m.input_tokens, m.output_tokens, m.partial) for m in metrics] == [
        (INPUT_TOKENS, OUTPUT_TOKENS, False)
    ]


@given(cuts=st.lists(st.integers(min_value=0, max_value=5000), max_size=12))
def test_only_the_event_that_we_asked_for_is_cut_out(cuts: list[int]) -> None:
    """All other bytes are those of a stream that was not asked for its usage."""
    body = b"".join(written(*EVENTS["chat"], b"\n"))
    got, metrics = passed(parts(body, cuts), swallow=True, whole=True)
    assert got == b"".join(written(chat_events("gpt-4o-mini", usage=False), b"data: [DONE]", b"\n"))
    assert metrics[0].input_tokens == INPUT_TOKENS


@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(min_value=0), max_size=6))
def test_nonsense_passes_too(body: bytes, cuts: list[int]) -> None:
    """Whatever a server sends, the program gets it, and one record is made."""
    arriving = parts(body, cuts) if body else []
    got, metrics = passed(arriving, swallow=True, whole=True)
    assert got == body
    assert len(metrics) == 1


def test_words_of_a_completion_are_not_taken_for_usage() -> None:
    """A text that looks like an event's fields, or its end, stays a text."""
    text = 'data: [DONE]\n\nevent: message_stop\n"usage": {"prompt_tokens": 9}, "error": {}'
    event = {"model": "m", "choices": [{"delta": {"content": text}}]}
    body = b"".join(written([(None, event)], b"", b"\n"))
    got, metrics = passed([body], swallow=True, whole=False)
    assert got == body
    assert [(m.model, m.input_tokens, m.error, m.partial) for m in metrics] == [
        ("m", None, None, True)
    ]


@each_of("body", [b"", b"{", b"[]", b"3", b'"text"', b'{"usage": 3}', b"\xff"])
def test_a_body_that_is_no_answer(body: bytes) -> None:
    """It passes, and the tokens are unknown."""
    with capture() as metrics:
        tracker = AIUsageTracker()
        node = tracker.node()
        accumulator = Accumulator(
            opened(tracker, node, node.state), "openai", "completion", "asked"
        )
        reader = JsonReader(accumulator)
        assert list(reader.feed(body)) == [body]
        reader.end()
        accumulator.finish(partial=False)
    assert [(m.model, m.total_tokens) for m in metrics] == [("asked", None)]

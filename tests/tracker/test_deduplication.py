"""Which responses are known to be booked: sorted in late, and looked up at any time."""

from __future__ import annotations

import gc
import pickle
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

import openai
import pytest
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context
from tracker.context.state import BLANK
from tracker.delivery import writer
from tracker.instrumentation import deduplication
from tracker.instrumentation.providers import endpoints
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from tracker.testing import CapturedMetrics


class Response:
    """An answer that takes a weak reference."""


@pytest.fixture(autouse=True)
def _tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_newest", deque()), ("_by_identity", {}), ("_older_by_request", {})):
        monkeypatch.setattr(deduplication, name, value)
    monkeypatch.setattr(deduplication, "_by_request", defaultdict(dict))
    for name in ("NEWEST", "GONE", "REQUEST_IDS", "_most"):
        monkeypatch.setattr(deduplication, name, 4)


def record() -> PendingRecord:
    """Return a record that belongs to nobody."""
    home: Any = None
    return opened(home, home, BLANK)


def test_a_response_that_is_kept_is_known_for_ever() -> None:
    """Also when thousands came after it, and their request ids took the place of its own."""
    kept = [(Response(), record()) for _ in range(50)]
    for number, (response, one) in enumerate(kept):
        deduplication.remember(response, one, "openai", f"req_{number}")
    assert [deduplication.find(response, "openai", None) for response, _ in kept] == [
        one for _, one in kept
    ]


def test_responses_with_one_request_id_are_told_apart() -> None:
    """Servers of tests repeat it; of a copy, nothing else is known, and the last one has it."""
    first, second, copy = Response(), Response(), Response()
    of_first, of_second = record(), record()
    deduplication.remember(first, of_first, "openai", "req")
    deduplication.remember(second, of_second, "openai", "req")
    assert deduplication.find(first, "openai", "req") is of_first
    assert deduplication.find(second, "openai", "req") is of_second
    assert deduplication.find(copy, "openai", "req") is of_second
    assert deduplication.find(copy, "anthropic", "req") is None


def test_a_new_object_in_the_place_of_one_that_is_gone_is_not_known() -> None:
    """Its number says nothing, whether the other was sorted in while it lived or not."""
    for is_sorted in (True, False):
        response = Response()
        deduplication.remember(response, record(), "openai", None)
        if is_sorted:
            assert deduplication.find(response, "openai", None) is not None
        del response
        gc.collect()
        others = [Response() for _ in range(100)]
        assert not any(deduplication.find(other, "openai", None) for other in others)


def test_what_is_gone_is_thrown_away() -> None:
    """The tables grow with the responses that a program keeps, and with nothing else."""
    for number in range(100):
        deduplication.remember(Response(), record(), "openai", None)
        response = Response()
        deduplication.remember(response, record(), "openai", str(number))
        deduplication.find(response, "openai", None)
    assert len(deduplication._by_identity) <= 10
    assert len(deduplication._newest) < 4


def test_a_dict_is_known_by_its_request_id() -> None:
    """It takes no weak reference."""
    answer: dict[str, object] = {"id": "x"}
    one = record()
    deduplication.remember(answer, one, "openai", "req")
    assert deduplication.find(answer, "openai", "req") is one
    assert deduplication.find(answer, "openai", None) is None


def test_a_finaliser_that_looks_one_up_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was put down is lost where two sort in at the same time in one thread."""
    responses = [Response() for _ in range(3)]
    records = [record() for _ in responses]
    for response, one in zip(responses, records, strict=True):
        deduplication.remember(response, one, "openai", None)

    class Interrupted(dict[int, Any]):
        def __setitem__(self, key: int, value: Any) -> None:
            is_first = not self
            super().__setitem__(key, value)
            if is_first:
                assert deduplication.find(responses[2], "openai", None) is records[2]

    monkeypatch.setattr(deduplication, "_by_identity", Interrupted())
    found = [deduplication.find(response, "openai", None) for response in responses]
    assert found == records


def test_replays_of_many_kept_answers_add_nothing(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A migrated program asks first and hands all answers to its tracker in the end, or copies."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        answers = [client.chat.completions.create(**CHAT) for _ in range(12)]
        for answer in answers:
            tracker.track_openai_completion(lambda answer=answer: answer)()
        copy = pickle.loads(pickle.dumps(answers[-1]))
        tracker.track_openai_completion(lambda: copy)()
    assert len(metrics) == 12


class Routed(openai.OpenAI):
    """A program's own client, which says where it sends its requests."""

    where = ""

    @property
    def base_url(self) -> Any:
        """Another address than the SDK keeps."""
        return openai.OpenAI.base_url.fget(self) if not self.where else self.where  # type: ignore[attr-defined]

    @base_url.setter
    def base_url(self, url: Any) -> None:
        openai.OpenAI.base_url.fset(self, url)  # type: ignore[attr-defined]


def test_the_address_of_a_client_is_what_it_says_it_is() -> None:
    """Whoever changes it, or has a class of its own for it, is asked."""
    client, routed = openai.OpenAI(api_key="x"), Routed(api_key="x")
    for one in (client, routed, client, routed):
        assert str(endpoints.base_url_of(one)).startswith("https://api.openai.com")
    assert openai.OpenAI in endpoints.KEEPING
    assert Routed not in endpoints.KEEPING
    routed.where = "https://elsewhere.example/v1"
    client.base_url = "https://other.example/v1"
    assert endpoints.base_url_of(routed) == routed.where
    assert client.__dict__[endpoints.KEPT] == client.base_url
    assert endpoints.base_url_of(object()) is None


def test_the_writer_sorts_in_what_was_put_down() -> None:
    """The program pays for that only where so many answers come that the writer has no turn."""
    responses = [Response() for _ in range(3)]
    for response in responses:
        deduplication.remember(response, record(), "openai", None)
    assert len(deduplication._newest) == len(responses)
    for tidy in writer._afterwards:
        tidy()
    assert not deduplication._newest
    assert all(deduplication.find(response, "openai", None) for response in responses)

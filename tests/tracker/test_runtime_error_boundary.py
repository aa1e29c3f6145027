"""The boundary: our mistakes stay ours, and are counted; tests see them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from many_cases import each_of
from pydantic import BaseModel, ValidationError
from runtime_calls import CHAT

import tracker
from tracker import ai_usage_context, error_boundary
from tracker.error_boundary import boundary, tolerated
from tracker.records import error_text

if TYPE_CHECKING:
    import openai

    from tracker.testing import CapturedMetrics


def test_internal_errors_are_held_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted each time and logged once a minute."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with boundary("here"):
                raise KeyError("mistake")
    assert error_boundary.counts() == {"here": 3}
    assert len(caplog.messages) == 1
    assert "KeyError" in caplog.messages[0]


def test_internal_errors_are_loud_when_strict() -> None:
    """``AI_USAGE_STRICT=1`` re-raises them."""
    with pytest.raises(KeyError), boundary("here"):
        raise KeyError("mistake")


def test_foreign_errors_are_never_raised() -> None:
    """A store that fails does not stop the program, strict or not."""
    with tolerated("store", "No store"):
        raise OSError("full")
    assert error_boundary.counts() == {"store": 1}


@each_of("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_not_an_error_passes(kind: type[BaseException]) -> None:
    """Interrupts are the program's."""
    with pytest.raises(kind), tolerated("store", "No store"):
        raise kind


@pytest.mark.parametrize("broken", ["opened", "kept"])
def test_a_mistake_in_capture_leaves_the_call_alone(
    broken: str,
    client: openai.OpenAI,
    metrics: CapturedMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program gets its response, and the count tells of the trouble."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    module = "tracker.instrumentation.physical_call"
    with patch(f"{module}.{broken}", side_effect=ZeroDivisionError), ai_usage_context("op"):
        assert client.chat.completions.create(**CHAT).model == "gpt-4o-mini"
    assert error_boundary.counts() == {"capture": 1}
    assert len(metrics) == 0


class Receipt(BaseModel):
    """What a program expects a model to answer."""

    total: int
    shop: str


@pytest.mark.parametrize("answer", ['{"total": "much, says Anna", "shop": "x"}', "Dear Anna,"])
def test_a_failed_validation_does_not_tell_the_text(answer: str) -> None:
    """Pydantic's message quotes the completion that it could not read; what is kept does not."""
    with pytest.raises(ValidationError) as raised:
        Receipt.model_validate_json(answer)
    assert "Anna" in str(raised.value)
    assert error_text.described(raised.value).startswith(f"ValidationError at {__name__}.")
    tracker.configure(error_messages=True)
    text = error_text.described(raised.value)
    assert text.startswith("ValidationError: 1 in Receipt (")
    assert "Anna" not in text

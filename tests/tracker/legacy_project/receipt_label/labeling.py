"""A program of the original layout, as it was before it knew contexts."""

from __future__ import annotations

from typing import Any

from receipt_label.utils.ai_usage_context import ai_usage_context
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


def label(client: Any, text: str, job_id: str) -> Any:
    """Label a receipt; the result is handed to the tracker by hand."""
    tracker = AIUsageTracker.create_for_environment()
    tracker.set_tracking_context(job_id=job_id)
    result = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": text}]
    )
    tracker.track_openai_completion(lambda: result)()
    return result


def summarise(client: Any, text: str) -> Any:
    """Summarise a receipt inside a context, through a wrapped client."""
    with ai_usage_context("summarise", receipt_id="r-1") as tracker:
        wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
        return wrapped.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": text}]
        )

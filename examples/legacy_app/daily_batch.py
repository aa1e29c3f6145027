"""The nightly run: one summary for each receipt of the day."""

from openai import OpenAI
from tracker.ai_usage_tracker import AIUsageTracker

from .clients import CHAT_MODEL
from .receipts import Receipt

INSTRUCTIONS = "Summarise the receipt in one sentence."


def summarize_receipt(client: OpenAI, receipt: Receipt, tracker: AIUsageTracker) -> str:
    """Return one sentence about *receipt*."""
    result = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": receipt.text},
        ],
    )
    tracker.track_openai_completion(lambda: result)()
    return result.choices[0].message.content


def summarize_daily_receipts(client: OpenAI, receipts: list[Receipt]) -> dict[str, str]:
    """Return the summaries by receipt number; the whole run is one batch."""
    summaries: dict[str, str] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(batch_id="daily-11-20")

    for receipt in receipts:
        # One call for each receipt, so that a bad one does not spoil the others.
        summaries[receipt.number] = summarize_receipt(client, receipt, tracker)

    return summaries

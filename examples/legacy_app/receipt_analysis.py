"""Reads merchant, total and currency out of one receipt."""

import json

from openai import OpenAI
from tracker.ai_usage_tracker import AIUsageTracker

from .clients import CHAT_MODEL
from .receipts import Receipt

INSTRUCTIONS = "Extract merchant, total and currency from the receipt. Answer with JSON."


def analyze_receipt(client: OpenAI, receipt: Receipt) -> dict[str, str]:
    """Return the fields of *receipt*; the usage is booked to the person who uploaded it."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=f"analysis-{receipt.number}", user_id=receipt.uploaded_by)

    result = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": receipt.text},
        ],
    )

    # Manual metric storage
    tracker.track_openai_completion(lambda: result)()
    return json.loads(result.choices[0].message.content)

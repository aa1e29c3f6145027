"""Sorts receipts into spending categories, many at a time."""

import asyncio

from openai import AsyncOpenAI
from tracker.ai_usage_tracker import AIUsageTracker

from .clients import CHAT_MODEL, open_async_client
from .receipts import Receipt

INSTRUCTIONS = "Name the spending category of the receipt in one word."


async def ask_for_category(client: AsyncOpenAI, receipt: Receipt, tracker: AIUsageTracker) -> str:
    """Return the category that the model names."""
    result = await client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": receipt.text},
        ],
    )
    tracker.track_openai_completion(lambda: result)()
    return result.choices[0].message.content


async def categorize_receipt(client: AsyncOpenAI, receipt: Receipt) -> str:
    """Return the spending category of one receipt."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=f"category-{receipt.number}")

    category = await ask_for_category(client, receipt, tracker)
    return category


async def categorize_all(receipts: list[Receipt]) -> list[str]:
    """Return the categories of *receipts* in their order; the calls run side by side."""
    async with open_async_client() as client:
        return await asyncio.gather(*(categorize_receipt(client, receipt) for receipt in receipts))

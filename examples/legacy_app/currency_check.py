"""Finds the currency of receipts that the scanner could not read."""

from openai import OpenAI
from tracker.ai_usage_tracker import AIUsageTracker

from .clients import CHAT_MODEL, EMBEDDING_MODEL
from .receipts import Receipt

INSTRUCTIONS = "Name the currency of the receipt as an ISO code, or answer: unclear."


class UnreadableReceiptError(ValueError):
    """The currency cannot be told from the receipt."""


def ask_for_currency(client: OpenAI, receipt: Receipt, tracker: AIUsageTracker) -> str:
    """Return the ISO code of the receipt's currency."""
    # The vector goes into the search index, where a person looks for similar receipts.
    vector = client.embeddings.create(
        model=EMBEDDING_MODEL, input=receipt.text, encoding_format="float"
    )
    tracker.track_openai_embedding(lambda: vector)()

    result = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": receipt.text},
        ],
    )
    tracker.track_openai_completion(lambda: result)()

    answer = result.choices[0].message.content
    if answer == "unclear":
        raise UnreadableReceiptError(receipt.number)
    return answer


def check_currency(client: OpenAI, receipt: Receipt) -> str:
    """Return the currency of *receipt*; raises UnreadableReceiptError for a person to look at."""
    tracker = AIUsageTracker()
    try:
        currency = ask_for_currency(client, receipt, tracker)
    except UnreadableReceiptError:
        print(f"  {receipt.number}: currency unclear, put aside for a person")
        raise
    return currency

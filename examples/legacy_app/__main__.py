"""Runs every part of the service once: ``python -m legacy_app``."""

import asyncio

from .async_categories import categorize_all
from .clients import open_client, require_base_url
from .currency_check import UnreadableReceiptError, check_currency
from .daily_batch import summarize_daily_receipts
from .monthly_report import create_monthly_report
from .receipt_analysis import analyze_receipt
from .receipts import SCANNED_TODAY, SMUDGED


def main() -> None:
    """Run the parts one after the other and print what they answer."""
    require_base_url()
    with open_client() as client:
        print("receipt analysis")
        for receipt in SCANNED_TODAY[:2]:
            print(f"  {receipt.number}: {analyze_receipt(client, receipt)}")

        print("daily batch")
        for number, summary in summarize_daily_receipts(client, SCANNED_TODAY).items():
            print(f"  {number}: {summary}")

        print("monthly report")
        print(f"  {create_monthly_report(client, 'October 412.80, November 429.30')}")

        print("currency check")
        try:
            check_currency(client, SMUDGED)
        except UnreadableReceiptError as error:
            print(f"  needs a person: {error}")

    print("categories")
    for receipt, category in zip(SCANNED_TODAY, asyncio.run(categorize_all(SCANNED_TODAY))):
        print(f"  {receipt.number}: {category}")


if __name__ == "__main__":
    main()

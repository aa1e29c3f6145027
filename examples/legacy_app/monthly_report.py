"""The report that goes out on the first of the month."""

from openai import OpenAI
from tracker.ai_usage_tracker import AIUsageTracker

from .clients import REPORT_MODEL

tracker = AIUsageTracker()


def analyze_spending(client: OpenAI, totals: str, tracker: AIUsageTracker) -> str:
    """Return how this month compares with the one before."""
    result = client.chat.completions.create(
        model=REPORT_MODEL,
        messages=[
            {"role": "system", "content": "Describe the trend in these monthly totals."},
            {"role": "user", "content": totals},
        ],
    )
    tracker.track_openai_completion(lambda: result)()
    return result.choices[0].message.content


def write_cover_letter(client: OpenAI, trend: str, tracker: AIUsageTracker) -> str:
    """Return the letter that the report opens with."""
    result = client.chat.completions.create(
        model=REPORT_MODEL,
        messages=[
            {"role": "system", "content": "Write a friendly letter about the finding."},
            {"role": "user", "content": trend},
        ],
    )
    tracker.track_openai_completion(lambda: result)()
    return result.choices[0].message.content


def create_monthly_report(client: OpenAI, totals: str) -> str:
    """Return the finished letter for the month's *totals*."""
    tracker.set_tracking_context(job_id="report-2026-11")

    # Step 1: what happened
    trend = analyze_spending(client, totals, tracker)

    # Step 2: how we tell it
    letter = write_cover_letter(client, trend, tracker)

    return letter

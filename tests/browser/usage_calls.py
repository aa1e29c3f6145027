"""Calls for the page of usage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tracker import Metric

MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")
END = datetime(2026, 11, 20, 12, tzinfo=UTC)
BASE = Metric(
    id="0",
    service="openai",
    model="gpt-4o",
    operation="completion",
    timestamp=END,
    user_id="anna",
    environment="production",
)


def calls(number: int = 360) -> list[Metric]:
    """Return calls of 12 days: of three models, four operations and none, and forty jobs."""
    return [
        replace(
            BASE,
            id=f"{n:032x}",
            timestamp=END - timedelta(days=n % 12),
            model=MODELS[n % 3],
            operation_type=(None, "scan", "label", "embed", "tidy")[n % 5],
            job_id=f"job-{n % 40:02}",
            user_id=("anna", "ben")[n % 2],
            input_tokens=1000,
            output_tokens=100,
            cached_input_tokens=250 if n % 2 else 0,
            cost_usd=None if n % 36 == 35 else Decimal(1 + n % 3) / 10,
            list_cost_usd=None if n % 36 == 35 else Decimal(1 + n % 3) / 10,
            price_basis="unpriced" if n % 36 == 35 else "standard",
            latency_ms=100.0 + n,
            error="RateLimitError: 429" if n % 60 == 59 else None,
            metadata={"caller_file": "jobs/run.py", "caller_line": 7} if n % 5 == 0 else {},
        )
        for n in range(number)
    ]

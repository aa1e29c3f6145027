"""Exports of Anthropic: its usage and cost reports (JSON), and the files of its console (CSV)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.cli.reports.invoice.line import Line, canonical, day_of, dollars, in_dollars, total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PROVIDER = "anthropic"
#: Columns that only its files have.
COLUMNS = frozenset(("usage_date_utc", "model_version", "usage_input_tokens_no_cache"))
_INPUT = ("uncached_input_tokens", "cache_read_input_tokens")
_INPUT_COLUMNS = (
    "usage_input_tokens_no_cache",
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
    "usage_input_tokens_cache_read",
)
_CENTS = 100


def of_result(result: Mapping[str, Any], day: date) -> Line | None:
    """Return what one result of a bucket says; None if it is none of Anthropic's."""
    if "amount" in result and "currency" in result:
        in_dollars(result["currency"])
        # The report is in cents.
        return Line(PROVIDER, day, _model(result), dollars(result["amount"]) / _CENTS)
    if "uncached_input_tokens" not in result:
        return None
    written = result.get("cache_creation") or {}
    read = total(result, _INPUT) or 0
    stored = total(written, written) or 0
    return Line(
        PROVIDER, day, _model(result), None, read + stored, total(result, ["output_tokens"])
    )


def of_row(row: Mapping[str, str]) -> Line:
    """Return what one row of a file says."""
    day, model = day_of(row["usage_date_utc"]), row.get("model_version") or row.get("model")
    name = canonical(model) if model else None
    if row.get("cost_usd"):
        return Line(PROVIDER, day, name, dollars(row["cost_usd"]))
    tokens = total(row, _INPUT_COLUMNS), total(row, ["usage_output_tokens"])
    return Line(PROVIDER, day, name, None, *tokens)


def _model(result: Mapping[str, Any]) -> str | None:
    """Return the model; a cost's description begins with it (``Claude Sonnet 4 Usage - ...``)."""
    named = result.get("model")
    if not named:
        before, usage, _ = str(result.get("description") or "").partition(" Usage")
        named = before if usage or before else None
    return None if not named else canonical(str(named))

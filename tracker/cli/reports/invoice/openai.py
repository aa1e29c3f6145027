"""Exports of OpenAI: its usage and costs API (JSON), and the files of its dashboard (CSV)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.cli.reports.invoice.line import (
    Line,
    canonical,
    day_of,
    dollars,
    in_dollars,
    total,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PROVIDER = "openai"
_INPUT = ("input_tokens", "n_context_tokens_total")
_OUTPUT = ("output_tokens", "n_generated_tokens_total")
_CALLS = ("num_model_requests", "num_requests", "n_requests")
#: Columns that only its files have.
COLUMNS = frozenset(("amount_value", "line_item", *_CALLS, *_INPUT[1:]))
_TIMES = ("start_time_iso", "start_time", "timestamp", "date")


def of_result(result: Mapping[str, Any], day: date) -> Line | None:
    """Return what one result of a bucket says; None if it is none of OpenAI's."""
    kind = str(result.get("object", ""))
    if kind == "organization.costs.result":
        amount = result.get("amount") or {}
        in_dollars(amount.get("currency"))
        model = _of_item(result.get("line_item"))
        return Line(PROVIDER, day, model, dollars(amount.get("value") or 0))
    if kind.startswith("organization.usage."):
        return _usage(result, day)
    return None


def of_row(row: Mapping[str, str]) -> Line:
    """Return what one row of a file says."""
    day = day_of(next(row[name] for name in _TIMES if row.get(name)))
    if "amount_value" in row:
        in_dollars(row.get("amount_currency"))
        return Line(PROVIDER, day, _of_item(row.get("line_item")), dollars(row["amount_value"]))
    return _usage(row, day)


def _usage(told: Mapping[str, Any], day: date) -> Line:
    model = told.get("model") or told.get("snapshot_id") or None
    return Line(
        PROVIDER,
        day,
        None if model is None else canonical(str(model)),
        None,
        total(told, _INPUT),
        # Embeddings and the like have none.
        whole(total(told, _OUTPUT)),
        total(told, _CALLS),
    )


def _of_item(item: Any) -> str | None:
    """Return the model of ``gpt-4o-2024-08-06, cached input``; of another item its name."""
    if not item:
        return None
    return canonical(str(item).partition(",")[0].removesuffix(" batch"))

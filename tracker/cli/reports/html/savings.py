"""What was saved because a provider had the input in its cache."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tracker.cli.reports.columns import TABLE, column
from tracker.cli.reports.query import selected
from tracker.pricing.quote import quote
from tracker.records.metric import Usage

if TYPE_CHECKING:
    import sqlite3

    from tracker.cli.reports.rows import Selection

#: Dear enough that a price is found to many digits, and below the next tier of long prompts.
_TOKENS = 10_000
_BILLION = 10**9


def cache_rates(file: sqlite3.Connection, selection: Selection) -> dict[str, float]:
    """Return what a cached token of each model costs less, in billionths of a dollar.

    By today's list; models whose price is not known are left out.  The cells of the page are
    made before (``cubes``).  Raises sqlite3.Error.
    """
    # The cells of the page know already whether there is anything to look for.
    if not file.execute("SELECT 1 FROM fine WHERE cached > 0 LIMIT 1").fetchone():
        return {}
    where, values = selected(file, selection)
    found = file.execute(
        f"SELECT {column('model')}, MIN({column('provider')}) FROM {TABLE}"
        f" WHERE cached_input_tokens > 0 AND {where} GROUP BY 1",
        values,
    ).fetchall()
    rates = {model: _rate(provider, model) for model, provider in found if model and provider}
    return {model: rate for model, rate in rates.items() if rate is not None}


def _rate(provider: str, model: str) -> float | None:
    now = datetime.now(UTC)
    uncached = Usage(input_tokens=_TOKENS, output_tokens=0, cached_input_tokens=0)
    dear = quote(provider, model, uncached, now, batch=False).list_cost
    cheap = quote(
        provider, model, uncached._replace(cached_input_tokens=_TOKENS), now, batch=False
    ).list_cost
    return None if dear is None or cheap is None else float((dear - cheap) * _BILLION / _TOKENS)

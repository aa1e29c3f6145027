"""The price of one call, and how it was found.

A deployment's own prices come first (``overrides``), then genai-prices' offline
snapshot, if that package is installed.  It is imported at the first quote (a
quarter of a second), never before.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tracker.config import settings
from tracker.records.metric import Price, Usage

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Context, Decimal
    from types import ModuleType

UNPRICED = Price(cost=None, list_cost=None, basis="unpriced")
#: What a call may cost: nobody is billed more, and no store of whole picodollars has more.
MOST_DOLLARS = 9_000_000
BATCH_DISCOUNT = "0.5"
SOURCE = "genai-prices"
# Any other spelling silently gives the ordinary price.
BATCH_CONTEXT = {"processing": "batch"}


def quote(service: str, model: str | None, usage: Usage, at: datetime, *, batch: bool) -> Price:
    """Return the price of a call of *model* at *service* made at *at*.

    A model or usage that cannot be priced, or only absurdly, gives ``UNPRICED``, never zero.
    With *batch* the provider's batch rate is used; where none is published, half the
    list price (``batch_assumed``).
    """
    from decimal import localcontext

    # The program may have set a precision, or traps, for figures of its own.
    with localcontext(_arithmetic()):
        own = _own(service, model or "", usage, at, batch=batch)
        price = _listed(service, model, usage, at, batch=batch) if own is None else own
        is_stored = price.list_cost is None or price.list_cost <= MOST_DOLLARS
    return price if is_stored else UNPRICED


@functools.cache
def _arithmetic() -> Context:
    """Return the arithmetic that Python begins with, which a program may have changed."""
    from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow

    traps = [DivisionByZero, InvalidOperation, Overflow]
    return Context(prec=28, rounding=ROUND_HALF_EVEN, Emin=-999999, Emax=999999, traps=traps)


def warm() -> None:
    """Load the price list: a third of a second that nobody should have to wait for."""
    _price_list()


def _own(service: str, model: str, usage: Usage, at: datetime, *, batch: bool) -> Price | None:
    """Return the price by the deployment's own file, or None where that has no entry."""
    file = settings.current().prices
    if file is None:
        return None
    from tracker.pricing.overrides import read

    overrides = read(file)
    entry = overrides.find(service, model, at)
    if entry is None:
        return None
    batch_cost = entry.batch_cost(usage) if batch else None
    return _price(entry.cost(usage), batch_cost, overrides.source, overrides.version, batch=batch)


def _listed(service: str, model: str | None, usage: Usage, at: datetime, *, batch: bool) -> Price:
    """Return the price by the public list."""
    prices = _price_list()
    if prices is None or not model or usage.input_tokens is None:
        return UNPRICED
    hour = at.replace(minute=0, second=0, microsecond=0)
    return _quoted(prices, service, model, usage, hour, batch)


@functools.lru_cache(maxsize=4096)
def _quoted(
    prices: Any, service: str, model: str, usage: Usage, at: datetime, batch: bool
) -> Price:
    # The list takes 100 us a call, and programs repeat themselves; its prices change by the day.
    list_cost = _cost(prices, service, model, usage, at, None)
    batch_cost = None
    if batch and list_cost is not None:
        batch_cost = _cost(prices, service, model, usage, at, BATCH_CONTEXT)
        if batch_cost is not None and batch_cost >= list_cost:
            batch_cost = None  # the list has no batch rate: it gave the ordinary price
    return _price(list_cost, batch_cost, SOURCE, prices.__version__, batch=batch)


def _price(
    list_cost: Decimal | None,
    batch_cost: Decimal | None,
    source: str,
    version: str,
    *,
    batch: bool,
) -> Price:
    if list_cost is None:
        return UNPRICED
    if not batch:
        return Price(list_cost, list_cost, "standard", source, version)
    if batch_cost is not None:
        return Price(batch_cost, list_cost, "batch", source, version)
    from decimal import Decimal

    return Price(list_cost * Decimal(BATCH_DISCOUNT), list_cost, "batch_assumed", source, version)


@functools.cache
def _price_list() -> ModuleType | None:
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices


def _cost(
    prices: Any,
    service: str,
    model: str,
    usage: Usage,
    at: datetime,
    context: dict[str, str] | None,
) -> Decimal | None:
    from decimal import Decimal

    counted = prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens or 0,
        cache_read_tokens=usage.cached_input_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
    )
    try:
        found = prices.calc_price(
            counted,
            model,
            provider_id=service,
            genai_request_timestamp=at,
            price_context=context,
        )
    except (LookupError, ValueError):
        # The model is not in the list, or its counts contradict one another.
        return None
    return Decimal(found.total_price)

"""The first list: genai-prices' offline snapshot.

It is imported at the first quote (a quarter of a second), never before.  It leaves out in silence
what it has no rate for, so each kind that was counted is looked for before its price is believed.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.pricing.listed import Asked, Listed

if TYPE_CHECKING:
    from types import ModuleType

SOURCE = "genai-prices"
#: Kinds that cost something of their own, and the rates of which one must be there.
NEEDED = {
    "cache_write_1h_tokens": ("cache_write_1h_mtok",),
    "output_audio_tokens": ("output_audio_mtok",),
    "input_characters": ("input_mchars",),
    "audio_seconds": ("audio_hours", "input_audio_hours"),
    "web_searches": ("web_searches_kcount",),
    "storage_searches": ("storage_searches_kcount",),
}
#: Of others these providers bill audio that is heard as its own kind, too.
HEARD = {"input_audio_tokens": ("input_audio_mtok",)}
BILL_WHAT_IS_HEARD = frozenset(("openai", "azure"))
#: Kinds for which the list has no rates at all.
UNKNOWN = frozenset(("cache_write_12h_tokens", "images", "image_tool_tokens", "video_seconds"))
TOOLS = ("web_searches", "storage_searches")
#: Endpoints that have a list of their own.
LISTS = {"decision": "openai-decisions"}


@functools.cache
def price_list() -> ModuleType | None:
    """Return the package, or None where it is not installed."""
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices


def version() -> str | None:
    """Return the version of the list, None where there is none."""
    prices = price_list()
    return None if prices is None else str(prices.__version__)


def find(asked: Asked) -> Listed | None:
    """Return what the list says, or None where it has no rate for something that is asked."""
    prices = price_list()
    if prices is None or UNKNOWN & asked.quantities.keys():
        return None
    if asked.provider == "aws" and asked.region is not None:
        return None  # it takes GovCloud for any of the regions
    context = _context(asked)
    found = _calculated(prices, asked, asked.quantities, context)
    if found is None or not _has_rates(found.model_price, asked):
        return None
    if context and found.model_price == _standard(found, asked):
        return None  # it has no such variant: it gave the ordinary price
    tools = {kind: count for kind, count in asked.quantities.items() if kind in TOOLS}
    of_tools = _calculated(prices, asked, tools, context) if tools else None
    whole = Decimal(found.total_price)
    for_tools = Decimal(of_tools.total_price) if of_tools is not None else Decimal(0)
    rule = f"{found.provider.id}/{found.model.id}{asked.modes}"
    return Listed(whole - for_tools, for_tools, rule)


def _context(asked: Asked) -> dict[str, str]:
    """Return what chooses a variant; any other spelling silently gives the ordinary price."""
    context = {}
    if asked.batch:
        context["processing"] = "batch"
    if asked.tier is not None:
        context["service_tier"] = asked.tier
    if asked.speed is not None:
        context["speed"] = asked.speed
    return context


def _standard(found: Any, asked: Asked) -> Any:
    return found.model.get_prices(asked.at)


def _has_rates(rates: Any, asked: Asked) -> bool:
    """Return whether *rates* has one for each kind that is billed by itself."""
    kinds = asked.quantities
    needed = NEEDED | (HEARD if asked.provider in BILL_WHAT_IS_HEARD else {})
    for kind, names in needed.items():
        if kind in kinds and not any(_rate(rates, name) is not None for name in names):
            return False
    tokens = (("input_tokens", "input_"), ("output_tokens", "output_"))
    known = [name for name, rate in vars(rates).items() if rate is not None]
    return all(
        not kinds.get(kind)
        or any(name.startswith(prefix) for name in known)
        or asked.provider in LISTS.values()
        for kind, prefix in tokens
    )


def _rate(rates: Any, name: str) -> Any:
    return vars(rates).get(name)


def _calculated(prices: Any, asked: Asked, kinds: dict[str, float], context: Any) -> Any:
    counted: dict[str, Any] = {
        kind: Decimal(str(count)) if isinstance(count, float) else count
        for kind, count in kinds.items()
    }
    if "audio_seconds" in counted:
        counted["input_audio_seconds"] = counted["audio_seconds"]
    try:
        return prices.calc_price(
            prices.Usage(**counted),
            asked.model,
            provider_id=asked.provider,
            genai_request_timestamp=asked.at,
            price_context=context or None,
        )
    except (LookupError, ValueError, ArithmeticError):
        # The model is not in the list, or its counts contradict one another.
        return None

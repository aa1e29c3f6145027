"""The price of one call, and how it was found.

A deployment's own prices come first (``overrides``), then what the server itself says that the call
cost, then the public lists: genai-prices, and litellm's price file where that is installed and the
first has no price.  A server that is not the provider's own has no public price.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tracker.config import settings
from tracker.pricing import genai, litellm_file
from tracker.pricing.hosts import host_of, provider_at
from tracker.pricing.listed import STANDARD_TIERS, Asked
from tracker.pricing.quantities import NEVER_EMPTY, parts_of
from tracker.pricing.regions import factor, region_of
from tracker.records.arithmetic import default_arithmetic
from tracker.records.metric import Price, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from tracker.pricing.listed import Listed
    from tracker.pricing.quantities import Part

    Find = Callable[[Asked], Listed | None]

UNPRICED = Price(cost=None, list_cost=None, basis="unpriced")
#: What a call may cost: nobody is billed more, and no store of whole picodollars has more.
MOST_DOLLARS = 9_000_000
BATCH_DISCOUNT = "0.5"
NOTHING: Mapping[str, str] = MappingProxyType({})
LISTS = (genai, litellm_file)
#: Anthropic bills tokens that are computed in the United States only with a factor.
GEOGRAPHIES = {"us": "1.1"}
#: What a server says that the call cost, by its own name, in dollars for each.
STATED = {
    "cost": "1",
    "cost.total_cost": "1",
    "estimated_cost": "1",
    "cost_in_usd_ticks": "1E-10",
}
UPSTREAM = "cost_details.upstream_inference_cost"
#: Why a call has no price that cannot have used nothing: whoever made the answer knew no counts.
ALL_ZERO = "all of its counts are 0"
#: Old deployments on Azure say no more of the model of an embedding.
RENAMED = {("embedding", "ada"): "text-embedding-ada-002"}


class Served(NamedTuple):
    """How a call was made and served, as far as its price depends on it.

    ``counts`` are all that the answer told, ``conditions`` the words of it; ``base_url`` is where
    the client sends its requests, ``operation`` what was asked for.
    """

    counts: Mapping[str, float] = MappingProxyType({})
    conditions: Mapping[str, str] = NOTHING
    base_url: object = None
    operation: str | None = None


UNTOLD = Served()


def quote(
    service: str,
    model: str | None,
    usage: Usage,
    at: datetime,
    *,
    batch: bool,
    served: Served = UNTOLD,
) -> Price:
    """Return the price of a call of *model* at *service* made at *at*.

    A model or usage that cannot be priced, or only absurdly, gives ``UNPRICED``, never zero; so
    does a completion or an embedding of which all counts are 0.
    With *batch*, or where the answer says so, the provider's batch rate is used; where none is
    published, half the list price (``batch_assumed``).
    """
    from decimal import localcontext

    batch = batch or served.conditions.get("service_tier") == "batch"
    host = None if served.base_url is None else host_of(served.base_url)
    # The program may have set a precision, or traps, for figures of its own.
    with localcontext(default_arithmetic()):
        price = _own(service, model or "", usage, at, served, host, batch=batch)
        if price is None:
            price = _stated(service, served, host)
        if price is None:
            price = _listed(service, model, usage, at, served, host, batch=batch)
        is_stored = price.list_cost is None or price.list_cost <= MOST_DOLLARS
    return price if is_stored else UNPRICED


def warm() -> None:
    """Load the price list: a third of a second that nobody should have to wait for."""
    genai.price_list()


def _own(
    service: str,
    model: str,
    usage: Usage,
    at: datetime,
    served: Served,
    host: str | None,
    *,
    batch: bool,
) -> Price | None:
    """Return the price by the deployment's own file, or None where that has no entry."""
    file = settings.current().prices
    if file is None:
        return None
    from tracker.pricing.overrides import read

    overrides = read(file)
    entry = overrides.find(service, model, at, host, served.conditions.get("service_tier"))
    if entry is None:
        return None
    cost = entry.cost(usage, served.counts)
    if cost == 0 and not entry.is_free:
        parts = parts_of(usage, served.counts, served.operation)
        if _is_silent(parts, served.operation):
            return replace(UNPRICED, why=ALL_ZERO)
    batch_cost = entry.batch_cost(usage, served.counts) if batch else None
    rule = entry.rule
    return _price(cost, batch_cost, overrides.source, overrides.version, rule, batch=batch)


def _stated(service: str, served: Served, host: str | None) -> Price | None:
    """Return what a server that is not the client's own provider says that the call cost."""
    if host is None or provider_at(service, host) in ("openai", "anthropic", "azure", "aws"):
        return None
    from decimal import Decimal

    for name, unit in STATED.items():
        told = served.counts.get(name)
        if told is None:
            continue
        cost, rule = Decimal(str(told)) * Decimal(unit), f"usage.{name}"
        if name == "cost" and served.conditions.get("is_byok") == "true":
            # The rest is billed by the provider, to whom the key belongs.
            cost += Decimal(str(served.counts.get(UPSTREAM, 0)))
            rule += f" + {UPSTREAM}"
        return Price(cost, cost, "standard", host, None, rule)
    return None


def _listed(
    service: str,
    model: str | None,
    usage: Usage,
    at: datetime,
    served: Served,
    host: str | None,
    *,
    batch: bool,
) -> Price:
    """Return the price by the public lists."""
    provider = provider_at(service, host)
    if provider is None or not model:
        return UNPRICED
    if served.operation == "decision" and provider == "openai":
        provider = genai.LISTS["decision"]
    model = RENAMED.get((served.operation or "", model), model)
    if provider == "aws":
        model = served.conditions.get("requested_model", model)  # the answer has no region
    hour = at.replace(minute=0, second=0, microsecond=0)
    told = (frozenset(served.counts.items()), frozenset(served.conditions.items()))
    region = region_of(provider, host, model)
    return _quoted(provider, model, usage, hour, told, served.operation, batch, region)


@functools.lru_cache(maxsize=4096)
def _quoted(
    provider: str,
    model: str,
    usage: Usage,
    at: datetime,
    told: tuple[frozenset[tuple[str, float]], frozenset[tuple[str, str]]],
    operation: str | None,
    batch: bool,
    region: str | None,
) -> Price:
    # The list takes 100 us a call, and programs repeat themselves; its prices change by the day.
    counts, conditions = dict(told[0]), dict(told[1])
    parts = parts_of(usage, counts, operation)
    if not parts[0].quantities or (
        usage.input_tokens is None and parts[0].quantities.keys() <= {"output_tokens"}
    ):
        return UNPRICED
    if _is_silent(parts, operation):
        return replace(UNPRICED, why=ALL_ZERO)
    listed = functools.partial(
        _whole,
        parts=parts,
        provider=provider,
        model=model,
        at=at,
        conditions=conditions,
        region=region,
    )
    for one in LISTS:  # the second is read only where it is asked
        full = listed(one.find, batch=False)
        if full is None:
            continue
        cost, rule = full
        # A rate for batches may be in the other list only.
        for rates in LISTS if batch else ():
            reduced = listed(rates.find, batch=True)
            if reduced is not None and reduced[0] <= cost:
                version, how = rates.version(), reduced[1]
                return _price(cost, reduced[0], rates.SOURCE, version, how, batch=True)
        return _price(cost, None, one.SOURCE, one.version(), rule, batch=batch)
    return _unlisted(provider, conditions, region)


def _is_silent(parts: list[Part], operation: str | None) -> bool:
    """Whether nothing is counted of a call that has some input, whatever it was."""
    return operation in NEVER_EMPTY and not any(any(part.quantities.values()) for part in parts)


def _unlisted(provider: str, conditions: Mapping[str, str], region: str | None) -> Price:
    """Return that there is no price, and for what, if that is not the model alone."""
    tier, speed = conditions.get("service_tier"), conditions.get("speed")
    found = (
        None if region is None else f"the region {region}",
        None if tier in (None, *STANDARD_TIERS) or provider == "anthropic" else f"the tier {tier}",
        None if speed in (None, "standard") else f"the speed {speed}",
    )
    named = ", ".join(one for one in found if one is not None)
    return replace(UNPRICED, why=f"no list says what it costs in {named}") if named else UNPRICED


def _whole(
    find: Find,
    parts: list[Part],
    provider: str,
    model: str,
    at: datetime,
    conditions: Mapping[str, str],
    region: str | None,
    *,
    batch: bool,
) -> tuple[Decimal, str] | None:
    """Return what all *parts* cost together, and the rules; None where one has no price."""
    from decimal import Decimal

    tier, speed, geography = (
        conditions.get(name) for name in ("service_tier", "speed", "inference_geo")
    )
    if provider == "anthropic" or tier in STANDARD_TIERS or batch:
        tier = None  # of Anthropic's priority the tokens were paid for in advance
    times: Decimal | None = Decimal(1)
    where = "" if region is None or provider != "aws" else f" region={region}"
    if provider == "anthropic" and geography in GEOGRAPHIES:
        times = Decimal(GEOGRAPHIES[geography])
        where = f" inference_geo={geography} x{times}"
    total, rules = Decimal(0), []
    for part in parts:
        own = None if speed == "standard" or part.model else speed
        named = part.model or model
        asked = Asked(provider, named, part.quantities, at, tier, own, batch, conditions, region)
        if region is not None and provider != "aws":
            times = factor(provider, named, region)
            where = f" region={region} x{times}"
        found = None if times is None else _found(find, asked)
        if found is None or times is None:
            return None
        total += found.cost * times + found.tools
        rules.append(f"{part.name} {found.rule}{where}".strip())
    return total, " + ".join(rules)


def _found(find: Find, asked: Asked) -> Listed | None:
    """Ask a list for a model by its name, and by that without the provider's before it."""
    found = find(asked)
    prefix, slash, bare = asked.model.partition("/")
    if found is not None or not slash or prefix.lower() != asked.provider:
        return found
    return find(replace(asked, model=bare))


def _price(
    list_cost: Decimal | None,
    batch_cost: Decimal | None,
    source: str,
    version: str | None,
    rule: str | None,
    *,
    batch: bool,
) -> Price:
    if list_cost is None:
        return UNPRICED
    if not batch:
        return Price(list_cost, list_cost, "standard", source, version, rule)
    if batch_cost is not None:
        return Price(batch_cost, list_cost, "batch", source, version, rule)
    from decimal import Decimal

    half = list_cost * Decimal(BATCH_DISCOUNT)
    return Price(half, list_cost, "batch_assumed", source, version, rule)

"""Prices of a deployment's own, from the TOML file that ``AI_USAGE_PRICES`` names.

::

    [[price]]
    provider = "openai"
    model = "gpt-4o*"        # a name, or a pattern with * and ?
    input = 2.5              # US dollars for a million tokens
    output = 10
    cached_input = 1.25      # as input where it is left out
    cache_write = 3.75       # as input where it is left out
    call = 0.017             # for the call itself, where it is not billed by tokens
    batch = 0.5              # times all of these; or batch_input and batch_output
    from = 2026-01-01        # first day (UTC) on which it holds
    until = 2026-12-31       # last day
    host = "llm.example.com" # only calls that are sent there; a pattern, too
    service_tier = "flex"    # only calls that were served so

    cache_write_1h = 6       # of written tokens, those that are kept for an hour; and so on:
    input_audio = 40         # cache_write_12h, input_audio, input_image, output_audio,
    output_reasoning = 12    # output_image, output_reasoning; as input and output if left out

    [price.each]             # dollars for one of whatever else an answer counts, by the
    "server_tool_use.web_search_requests" = 0.01      # name of ``counts`` in the record

``input``, ``call`` or ``each`` is needed, all else may be left out; without ``output``,
calls with output have no price.  An exact name goes before a pattern, and then
the first entry of the file that holds on the day.  What no entry covers is
priced from the list.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tracker.errors import ConfigurationError
from tracker.pricing.quantities import NO_COUNTS, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tracker.records.metric import Usage

MILLION = Decimal(1_000_000)
NAMES = ("provider", "model")
#: Rates of kinds of tokens, each with the kind that it is a part of.
PARTS = {
    "cached_input": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "cache_write_12h": "cache_write",
    "input_audio": "input",
    "input_image": "input",
    "output_audio": "output",
    "output_image": "output",
    "output_reasoning": "output",
}
#: What these kinds are called where they are counted, if not by their rate and ``_tokens``.
KINDS = {"cached_input": "cache_read_tokens"}
TOKEN_RATES = ("input", "output", *PARTS)
RATES = (*TOKEN_RATES, "call", "batch", "batch_input", "batch_output")
TERMS = ("host", "service_tier")
DAYS = ("from", "until")
PATTERN_SIGNS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``[[price]]``; *rates* are dollars: per million tokens, and for a call."""

    provider: str
    model: str
    rates: Mapping[str, Decimal]
    first: date | None = None
    last: date | None = None
    each: Mapping[str, Decimal] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_pattern(self) -> bool:
        """Whether ``model`` stands for several."""
        return not PATTERN_SIGNS.isdisjoint(self.model)

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing, whatever is counted."""
        return not any(self.rates.values()) and not any(self.each.values())

    @property
    def rule(self) -> str:
        """What a metric that is priced by this names."""
        terms = "".join(f" {name}={value}" for name, value in self.terms.items())
        return f"{self.provider}/{self.model}{terms}"

    def covers(
        self, provider: str, model: str, day: date, host: str | None, tier: str | None
    ) -> bool:
        """Whether this is a price of *model* at *provider* on *day*, sent to *host*."""
        from fnmatch import fnmatchcase

        if provider != self.provider or not fnmatchcase(model, self.model):
            return False
        at = self.terms.get("host")
        if at is not None and not (host is not None and fnmatchcase(host, at)):
            return False
        if self.terms.get("service_tier", tier) != tier:
            return False
        return (self.first or day) <= day <= (self.last or day)

    def cost(self, usage: Usage, counts: Mapping[str, float] = NO_COUNTS) -> Decimal | None:
        """Return the list price of *usage*, or None where a rate or a count is missing."""
        total = Decimal(self.rates.get("call", 0)) + sum(
            (rate * Decimal(str(counts.get(name, 0))) for name, rate in self.each.items()),
            Decimal(0),
        )
        if "input" not in self.rates:
            is_told = "call" in self.rates or not self.each.keys().isdisjoint(counts)
            return total if is_told else None
        tokens = _cost(usage, counts, self.rates)
        return None if tokens is None else tokens + total

    def batch_cost(self, usage: Usage, counts: Mapping[str, float] = NO_COUNTS) -> Decimal | None:
        """Return the batch price, or None where the entry has none.

        Cached tokens cost ``batch_input`` where that is given.
        """
        if "batch" in self.rates:
            full = self.cost(usage, counts)
            return None if full is None else full * self.rates["batch"]
        rate = self.rates.get("batch_input")
        if rate is None:
            return None
        return _cost(usage, counts, {"input": rate, "output": self.rates["batch_output"]})


@dataclass(frozen=True, slots=True)
class Overrides:
    """The entries of one file; ``source`` and ``version`` go into each metric priced by them."""

    entries: tuple[Entry, ...]
    source: str
    version: str

    def find(
        self,
        provider: str,
        model: str,
        at: datetime,
        host: str | None = None,
        tier: str | None = None,
    ) -> Entry | None:
        """Return the entry for *model* of *provider* on the day of *at* (UTC).

        Those that name a host or a tier go before others of the same kind of name.
        """
        covering = [e for e in self.entries if e.covers(provider, model, at.date(), host, tier)]
        return min(covering, key=lambda one: (one.is_pattern, -len(one.terms)), default=None)


@functools.cache
def read(path: Path) -> Overrides:
    """Return the entries of *path*; a file is read once in a process.

    Raises ConfigurationError, which says where and what to write instead.
    """
    data, document = _document(path)
    tables = document.get("price")
    if not isinstance(tables, list) or document.keys() != {"price"}:
        raise ConfigurationError(
            f"the prices {path} hold something other than [[price]]; write one [[price]] for each"
            " model, with provider, model, input and output"
        )
    entries = tuple(_entry(table, f"{path}, [[price]] {n}") for n, table in enumerate(tables, 1))
    return Overrides(entries, path.name, hashlib.sha256(data).hexdigest()[:12])


def _document(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of *path*, and what they say as TOML.  Raises ConfigurationError."""
    import tomllib

    try:
        data = path.read_bytes()
        return data, tomllib.loads(data.decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the prices {path}: {error.strerror}; name a TOML file"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the prices {path} are not TOML: {error}") from None


def _entry(table: Any, place: str) -> Entry:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: write it as a table, below a line [[price]]")
    known = (*NAMES, *RATES, "each", *DAYS, *TERMS)
    if unknown := sorted(table.keys() - set(known)):
        raise ConfigurationError(
            f"{place}: {unknown[0]} is not known; there are {', '.join(known)}"
        )
    for name in (*NAMES, *(term for term in TERMS if term in table)):
        if not isinstance(table.get(name), str) or not table[name]:
            raise ConfigurationError(f'{place}: write {name} = "..." as a text')
    rates = {name: _rate(table[name], f"{place}: {name}") for name in RATES if name in table}
    each = _each(table.get("each", {}), place)
    _check_rates(rates, each, place)
    first, last = (_day(table.get(name), f"{place}: {name}") for name in DAYS)
    if first and last and first > last:
        raise ConfigurationError(f"{place}: until is before from")
    terms = {term: table[term] for term in TERMS if term in table}
    return Entry(table["provider"], table["model"], rates, first, last, each, terms)


def _each(table: Any, place: str) -> dict[str, Decimal]:
    if not isinstance(table, dict):
        raise ConfigurationError(f'{place}: write [price.each], and below it "name" = dollars')
    return {str(name): _rate(value, f"{place}: each.{name}") for name, value in table.items()}


def _check_rates(rates: Mapping[str, Decimal], each: Mapping[str, Decimal], place: str) -> None:
    if not rates.keys() & {"input", "call"} and not each:
        raise ConfigurationError(
            f"{place}: write input = dollars for a million tokens, or call = dollars for a call"
        )
    if "input" not in rates and len(rates.keys() - {"call", "batch"}):
        raise ConfigurationError(f"{place}: rates of tokens need input beside them")
    if "batch" in rates and ("batch_input" in rates or "batch_output" in rates):
        raise ConfigurationError(
            f"{place}: write batch, a factor, or batch_input and batch_output, but not both"
        )
    if ("batch_input" in rates) != ("batch_output" in rates):
        raise ConfigurationError(f"{place}: write batch_input and batch_output together")
    if rates.get("batch", 0) > 1:
        raise ConfigurationError(f"{place}: batch is a factor from 0 to 1, as in batch = 0.5")


def _rate(value: object, place: str) -> Decimal:
    """Return a rate; TOML has whole numbers, fractions, infinity, and texts by mistake."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            rate = Decimal(value)
            if rate.is_finite() and rate >= 0:
                return rate
        except InvalidOperation:
            pass
    raise ConfigurationError(f"{place} is a number of 0 or more, without quotes, as in 2.5")


def _day(value: object, place: str) -> date | None:
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ConfigurationError(f"{place} is a day without quotes, as in 2026-01-31")


def _cost(
    usage: Usage, counts: Mapping[str, float], rates: Mapping[str, Decimal]
) -> Decimal | None:
    """Return what tokens cost; each kind without a rate of its own as what it is a part of."""
    if usage.input_tokens is None:
        return None
    total = Decimal(0)
    for part in parts_of(usage, counts):
        left = {name: _amount(part.quantities, name) for name in TOKEN_RATES}
        # The innermost kinds first: what has a rate is not counted in the kind around it.
        for name in reversed(PARTS):
            if name in rates:
                total += left[name] * rates[name]
                around = PARTS[name]
                while around in PARTS and around not in rates:
                    around = PARTS[around]
                left[around] -= left[name]
        output = rates.get("output")
        if min(left.values()) < 0 or (left["output"] and output is None):
            return None
        if left["cached_input"] + left["cache_write"] > _amount(part.quantities, "input"):
            return None
        total += left["input"] * rates["input"] + left["output"] * (output or 0)
    return total / MILLION


def _amount(quantities: Mapping[str, float], name: str) -> Decimal:
    return Decimal(str(quantities.get(KINDS.get(name, f"{name}_tokens"), 0)))

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

``input`` or ``call`` is needed, all else may be left out; without ``output``,
calls with output have no price.  An exact name goes before a pattern, and then
the first entry of the file that holds on the day.  What no entry covers is
priced from the list.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tracker.records.metric import Usage

MILLION = Decimal(1_000_000)
NAMES = ("provider", "model")
TOKEN_RATES = ("input", "output", "cached_input", "cache_write")
RATES = (*TOKEN_RATES, "call", "batch", "batch_input", "batch_output")
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

    @property
    def is_pattern(self) -> bool:
        """Whether ``model`` stands for several."""
        return not PATTERN_SIGNS.isdisjoint(self.model)

    def covers(self, provider: str, model: str, day: date) -> bool:
        """Whether this is a price of *model* at *provider* on *day*."""
        from fnmatch import fnmatchcase

        if provider != self.provider or not fnmatchcase(model, self.model):
            return False
        return (self.first or day) <= day <= (self.last or day)

    def cost(self, usage: Usage) -> Decimal | None:
        """Return the list price of *usage*, or None where a rate or a count is missing."""
        rate = self.rates.get("input")
        if rate is None:
            return self.rates["call"]
        cached, written = self.rates.get("cached_input", rate), self.rates.get("cache_write", rate)
        tokens = _cost(usage, rate, cached, written, self.rates.get("output"))
        return None if tokens is None else tokens + self.rates.get("call", 0)

    def batch_cost(self, usage: Usage) -> Decimal | None:
        """Return the batch price, or None where the entry has none.

        Cached tokens cost ``batch_input`` where that is given.
        """
        if "batch" in self.rates:
            full = self.cost(usage)
            return None if full is None else full * self.rates["batch"]
        rate = self.rates.get("batch_input")
        return None if rate is None else _cost(usage, rate, rate, rate, self.rates["batch_output"])


@dataclass(frozen=True, slots=True)
class Overrides:
    """The entries of one file; ``source`` and ``version`` go into each metric priced by them."""

    entries: tuple[Entry, ...]
    source: str
    version: str

    def find(self, provider: str, model: str, at: datetime) -> Entry | None:
        """Return the entry for *model* of *provider* on the day of *at* (UTC)."""
        covering = [e for e in self.entries if e.covers(provider, model, at.date())]
        return min(covering, key=lambda entry: entry.is_pattern, default=None)


@functools.cache
def read(path: Path) -> Overrides:
    """Return the entries of *path*; a file is read once in a process.

    Raises ConfigurationError, which says where and what to write instead.
    """
    import tomllib

    try:
        data = path.read_bytes()
        document = tomllib.loads(data.decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the prices {path}: {error.strerror}; name a TOML file"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the prices {path} are not TOML: {error}") from None
    tables = document.get("price")
    if not isinstance(tables, list) or document.keys() != {"price"}:
        raise ConfigurationError(
            f"the prices {path} hold something other than [[price]]; write one [[price]] for each"
            " model, with provider, model, input and output"
        )
    entries = tuple(_entry(table, f"{path}, [[price]] {n}") for n, table in enumerate(tables, 1))
    return Overrides(entries, path.name, hashlib.sha256(data).hexdigest()[:12])


def _entry(table: Any, place: str) -> Entry:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: write it as a table, below a line [[price]]")
    known = {*NAMES, *RATES, *DAYS}
    if unknown := sorted(table.keys() - known):
        raise ConfigurationError(
            f"{place}: {unknown[0]} is not known; there are {', '.join((*NAMES, *RATES, *DAYS))}"
        )
    for name in NAMES:
        if not isinstance(table.get(name), str) or not table[name]:
            raise ConfigurationError(f'{place}: write {name} = "..." as a text')
    rates = {name: _rate(table[name], f"{place}: {name}") for name in RATES if name in table}
    _check_rates(rates, place)
    first, last = (_day(table.get(name), f"{place}: {name}") for name in DAYS)
    if first and last and first > last:
        raise ConfigurationError(f"{place}: until is before from")
    return Entry(table["provider"], table["model"], rates, first, last)


def _check_rates(rates: Mapping[str, Decimal], place: str) -> None:
    if not rates.keys() & {"input", "call"}:
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
    usage: Usage, fresh: Decimal, cached: Decimal, written: Decimal, output: Decimal | None
) -> Decimal | None:
    inputs, outputs = usage.input_tokens, usage.output_tokens or 0
    reads, writes = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    if inputs is None or reads + writes > inputs or (outputs and output is None):
        return None
    total = (inputs - reads - writes) * fresh + reads * cached + writes * written
    return (total + outputs * (output or Decimal(0))) / MILLION

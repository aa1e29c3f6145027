"""Daily and monthly budgets of a deployment, from the TOML file that ``AI_USAGE_BUDGETS`` names.

::

    [[budget]]
    environment = "production"   # whose: an environment, an operation, a user, or several of them
    daily_usd = 50
    monthly_usd = 1000

    [[budget]]
    user = "*"                   # each user for himself
    daily_usd = 2
    over = "warn"                # or "raise"; AI_USAGE_OVER_BUDGET where it is left out

A call is bound by every entry that fits its record; one that names nobody fits all.  Days and
months are those of UTC.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.budgets.limit import picodollars
from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from tracker.records.metric import Metric

#: What an entry may name, with the field of a record that has it.
WHOSE = {"environment": "environment", "operation": "operation_type", "user": "user_id"}
#: What it allows, with the form of the days that count together.
PERIODS = {"daily_usd": "%Y-%m-%d", "monthly_usd": "%Y-%m"}
OVER = ("raise", "warn")
EACH = "*"


class Place(NamedTuple):
    """One budget that binds a call: whose account, in which period, and what it may come to."""

    account: str
    period: str
    limit: int
    name: str
    only_warns: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``[[budget]]``: whom it names, its limits in picodollars, and what is done over them."""

    names: Mapping[str, str]
    limits: Mapping[str, int]
    over: str | None

    def account_of(self, metric: Metric) -> dict[str, str] | None:
        """Return whose account *metric* is of, or None if this is not about it."""
        found: dict[str, str] = {}
        for name, wanted in self.names.items():
            value = getattr(metric, WHOSE[name])
            if value is None or wanted not in (EACH, value):
                return None
            found[name] = value
        return found

    @property
    def is_each(self) -> bool:
        """Whether it stands for many accounts."""
        return EACH in self.names.values()

    def fits(self, account: Mapping[str, str]) -> bool:
        """Whether *account* is one of those that this entry is about."""
        return account.keys() == self.names.keys() and all(
            wanted in (EACH, account[name]) for name, wanted in self.names.items()
        )

    def places(self, account: Mapping[str, str], at: datetime, usual: str) -> list[Place]:
        """Return the budgets of *account* at the moment *at*; *usual* is done over them."""
        key, named = json.dumps(account, sort_keys=True), named_by(account)
        only_warns = (self.over or usual) == "warn"
        found = []
        for kind, limit in self.limits.items():
            period = at.strftime(PERIODS[kind])
            name = f"{kind} of {named} in {period}"
            found.append(Place(key, period, limit, name, only_warns))
        return found


def named_by(account: Mapping[str, str]) -> str:
    """Return how messages name *account*."""
    return ", ".join(f"{name} {value}" for name, value in account.items()) or "all calls"


def _document(path: Path) -> dict[str, Any]:
    import tomllib
    from decimal import Decimal

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the budgets {path}: {error.strerror}; name a TOML file"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the budgets {path} are not TOML: {error}") from None


@functools.cache
def read(path: Path) -> tuple[Entry, ...]:
    """Return the entries of *path*; a file is read once in a process.

    Raises ConfigurationError, which says where and what to write instead.
    """
    document = _document(path)
    tables = document.get("budget")
    if not isinstance(tables, list) or document.keys() != {"budget"}:
        raise ConfigurationError(
            f"the budgets {path} hold something other than [[budget]]; write one [[budget]] for"
            " each, with daily_usd or monthly_usd"
        )
    return tuple(_entry(table, f"{path}, [[budget]] {n}") for n, table in enumerate(tables, 1))


def _entry(table: Any, place: str) -> Entry:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: write it as a table, below a line [[budget]]")
    known = (*WHOSE, *PERIODS, "over")
    if unknown := sorted(table.keys() - set(known)):
        raise ConfigurationError(
            f"{place}: {unknown[0]} is not known; there are {', '.join(known)}"
        )
    for name in WHOSE:
        if name in table and (not isinstance(table[name], str) or not table[name]):
            raise ConfigurationError(f'{place}: write {name} = "..." as a text')
    if "over" in table and table["over"] not in OVER:
        raise ConfigurationError(f'{place}: over is "raise" or "warn"')
    limits = {
        kind: picodollars(table[kind], f"{place}: {kind}") for kind in PERIODS if kind in table
    }
    if not limits:
        raise ConfigurationError(f"{place}: write daily_usd or monthly_usd")
    return Entry({name: table[name] for name in WHOSE if name in table}, limits, table.get("over"))

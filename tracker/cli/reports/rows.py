"""The rows of a report: sums of calls by one or more dimensions, from whatever store."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PICODOLLARS = Decimal(10) ** 12
#: What calls may be summed by; the last ones are times, in UTC.
DIMENSIONS = (
    *("operation_type", "operation", "model", "provider", "service", "job", "batch", "user"),
    *("environment", "host", "error", "hour", "day", "week", "month"),
)
TIMES = frozenset(("hour", "day", "week", "month"))
#: Before the name of a field of the metadata, which calls may be summed by as well.
METADATA = "metadata."
#: What stands for the rows that are left out of the first ones.
OTHERS = "(others)"
_DURATION = re.compile(r"(\d{1,6})\s*(h|d|w)")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Row:
    """The calls with one value of each dimension.  A name is None for calls without one.

    Token sums and costs (US dollars) are None where no call told them;
    ``unpriced`` counts the calls that the costs leave out, but for those that failed and
    told no tokens.
    """

    names: tuple[str | None, ...]
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cost_usd: Decimal | None
    list_cost_usd: Decimal | None
    unpriced: int
    errors: int
    cached_input_tokens: int | None = None

    @property
    def cached_share(self) -> Decimal | None:
        """Which part of the input tokens came from a provider's cache, from 0 to 1."""
        if self.cached_input_tokens is None or not self.input_tokens:
            return None
        return Decimal(self.cached_input_tokens) / self.input_tokens


SUMS = tuple(field.name for field in fields(Row))[1:]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which calls are summed: from *since* on, before *until*, of one environment.

    ``where`` names a dimension, which is no time, with the value that calls must have in it; None
    are those that have none.
    """

    since: datetime | None = None
    until: datetime | None = None
    environment: str | None = None
    where: tuple[tuple[str, str | None], ...] = ()


EVERYTHING = Selection()


def is_dimension(name: str) -> bool:
    """Whether calls may be summed by *name*: one of ``DIMENSIONS``, or a field of the metadata."""
    field = name.removeprefix(METADATA)
    return name in DIMENSIONS or (field != name and bool(field) and field.isprintable())


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that *text* names: a date, a time (UTC unless it says), or so long ago.

    ``2026-11-20``, ``2026-11-20T08:00``, ``12h``, ``7d``, ``4w``.  Raises ValueError.
    """
    ago = _DURATION.fullmatch(text.strip())
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]]
    found = datetime.fromisoformat(text.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def ordered(rows: Iterable[Row], dimensions: Sequence[str]) -> list[Row]:
    """Return *rows* by time where the first dimension is one, dearest first otherwise."""
    if dimensions[0] in TIMES:
        return sorted(rows, key=lambda row: (row.names[0] or "", *_rank(row)))
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[Any, ...]:
    """Dearest first, then most calls, then by name; where no cost is known, last."""
    cost = row.cost_usd
    names = tuple((name is not None, name or "") for name in row.names)
    return cost is None, -(cost or 0), -row.calls, names


def together(rows: Sequence[Row], names: tuple[str | None, ...]) -> Row:
    """Return the sum of *rows* under other *names*."""
    sums = {name: _sum(getattr(row, name) for row in rows) for name in SUMS}
    return Row(names, **sums)


def _sum(values: Iterable[Any]) -> Any:
    """Return the sum of those of *values* that are known, None if none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def first(rows: Sequence[Row], number: int | None, dimensions: Sequence[str]) -> list[Row]:
    """Return the dearest *number* of *rows* in their order, and what the others are together."""
    if number is None or len(rows) <= number:
        return list(rows)
    kept = {id(row) for row in sorted(rows, key=_rank)[:number]}
    left = [row for row in rows if id(row) not in kept]
    names = (OTHERS, *("" for _ in dimensions[1:]))
    return [*(row for row in rows if id(row) in kept), together(left, names)]


def shares(rows: Sequence[Row]) -> list[Decimal | None]:
    """Return which part of all costs each of *rows* has, from 0 to 1; None where it is unknown."""
    whole = sum((row.cost_usd for row in rows if row.cost_usd is not None), Decimal())
    return [None if row.cost_usd is None or not whole else row.cost_usd / whole for row in rows]

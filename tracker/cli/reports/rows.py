"""The rows of a report: sums of calls by one or more dimensions, from whatever store."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PICODOLLARS = Decimal(10) ** 12
#: What calls may be summed by; the last ones are times, in UTC.
DIMENSIONS = (
    *("operation_type", "model", "provider", "job", "batch", "user", "environment", "error"),
    *("hour", "day", "week", "month"),
)
TIMES = frozenset(("hour", "day", "week", "month"))
#: How the first characters of an ISO 8601 time name an hour, a day and a month.
LENGTHS = {"hour": 13, "day": 10, "week": 10, "month": 7}
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
    """Return *rows* by time where the first dimension is one, dearest first otherwise.

    Days are put together where weeks are asked for.
    """
    if "week" in dimensions:
        rows = _by_week(rows, dimensions)
    if dimensions[0] in TIMES:
        return sorted(rows, key=lambda row: (row.names[0] or "", *_rank(row)))
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[Any, ...]:
    """Dearest first, then most calls, then by name; where no cost is known, last."""
    cost = row.cost_usd
    names = tuple((name is not None, name or "") for name in row.names)
    return cost is None, -(cost or 0), -row.calls, names


def _by_week(rows: Iterable[Row], dimensions: Sequence[str]) -> list[Row]:
    found: dict[tuple[str | None, ...], list[Row]] = {}
    for row in rows:
        names = tuple(
            _week(name) if dimension == "week" else name
            for dimension, name in zip(dimensions, row.names, strict=True)
        )
        found.setdefault(names, []).append(row)
    return [together(several, names) for names, several in found.items()]


def _week(day: str | None) -> str | None:
    """Return the week of *day* as ISO 8601 counts it, as ``2026-W47``."""
    try:
        year, week, _ = date.fromisoformat(day or "").isocalendar()
    except ValueError:
        return day  # no time of ours
    return f"{year}-W{week:02}"


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

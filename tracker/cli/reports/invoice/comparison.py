"""Theirs beside ours, by day and model, and where and why they part."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.invoice.line import InvoiceError, canonical
from tracker.cli.reports.query import usage_of
from tracker.cli.reports.rows import Selection

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from tracker.cli.reports.invoice.reading import Invoice
    from tracker.cli.reports.rows import Row

#: Dollars that providers round away.
_ROUNDING = Decimal("0.005")
_ALL = "(all)"


class Verdict(StrEnum):
    """How both sides stand to each other."""

    SAME = "the same"
    NOT_HERE = "not recorded here"
    NOT_THERE = "not in the invoice"
    TOKENS = "tokens differ"
    CALLS = "calls differ"
    UNPRICED = "some have no price here"
    BATCH = "booked at batch prices, billed in full"
    PRICE = "prices differ"


@dataclass(slots=True)
class Side:
    """Sums of one side; None is what it does not say."""

    cost: Decimal | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    calls: int | None = None
    list_cost: Decimal | None = None
    unpriced: int = 0

    def add(self, other: Any) -> None:
        """Add what is known of *other*."""
        for name in ("cost", "input_tokens", "output_tokens", "calls", "list_cost"):
            more = getattr(other, name, None)
            if more is not None:
                setattr(self, name, (getattr(self, name) or 0) + more)
        self.unpriced += getattr(other, "unpriced", 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of one model on one day."""

    day: str
    provider: str
    model: str
    theirs: Side | None
    ours: Side | None
    verdict: Verdict


_Key = tuple[date, str, str]


def period(invoice: Invoice) -> Selection:
    """Return the days of *invoice*.  Raises InvoiceError if there are none."""
    if not invoice.days:
        raise InvoiceError("the invoice has no day")
    first, last = min(invoice.days), max(invoice.days)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Selection(
        begin, datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    )


def compared(file: sqlite3.Connection, invoice: Invoice, tolerance: Decimal) -> list[Pair]:
    """Return all pairs of *invoice* and the calls in *file* of its days and providers.

    Sides are the same if they differ by no more than the part *tolerance*.  Raises sqlite3.Error.
    """
    rows, _ = usage_of(file, ("day", "provider", "model"), period(invoice))
    providers = {line.provider for line in invoice.lines}
    # Costs that are not told by model can be compared by the day only, and so all of that provider.
    whole = {line.provider for line in invoice.lines if line.model is None}
    theirs = _summed(
        ((line.day, line.provider, line.model or _ALL), line) for line in invoice.lines
    )
    ours = _summed(_ours(rows, providers))
    if whole:
        theirs, ours = _by_day(theirs, whole), _by_day(ours, whole)
    pairs = []
    for key in sorted({*theirs, *ours}):
        sides = theirs.get(key), ours.get(key)
        pairs.append(Pair(str(key[0]), *key[1:], *sides, _verdict(*sides, tolerance)))
    return pairs


def _ours(rows: Iterable[Row], providers: set[str]) -> Iterable[tuple[_Key, Side]]:
    for row in rows:
        day, provider, model = row.names
        if provider not in providers or day is None or model is None:
            continue
        # What failed before anything was billed is in no invoice.
        if row.errors == row.calls and not row.cost_usd and not row.total_tokens:
            continue
        side = Side(
            row.cost_usd,
            row.input_tokens,
            row.output_tokens,
            row.calls,
            row.list_cost_usd,
            row.unpriced,
        )
        yield (date.fromisoformat(day), provider, canonical(model)), side


def _summed(several: Iterable[tuple[_Key, Any]]) -> dict[_Key, Side]:
    sums: dict[_Key, Side] = defaultdict(Side)
    for key, side in several:
        sums[key].add(side)
    return dict(sums)


def _by_day(sides: dict[_Key, Side], providers: set[str]) -> dict[_Key, Side]:
    return _summed(
        ((day, provider, _ALL if provider in providers else model), side)
        for (day, provider, model), side in sides.items()
    )


def _verdict(theirs: Side | None, ours: Side | None, tolerance: Decimal) -> Verdict:
    if theirs is None:
        return Verdict.NOT_THERE
    if ours is None:
        is_nothing = not (theirs.cost or theirs.input_tokens or theirs.output_tokens)
        return Verdict.SAME if is_nothing else Verdict.NOT_HERE
    tokens = ("input_tokens", "output_tokens")
    if not all(_close(getattr(theirs, one), getattr(ours, one), tolerance) for one in tokens):
        return Verdict.TOKENS
    if theirs.input_tokens is None and not _close(theirs.calls, ours.calls, tolerance):
        return Verdict.CALLS
    if theirs.cost is None or _close(theirs.cost, ours.cost or Decimal(), tolerance, _ROUNDING):
        return Verdict.SAME
    if ours.unpriced and theirs.cost > (ours.cost or 0):
        return Verdict.UNPRICED
    if ours.list_cost != ours.cost and _close(theirs.cost, ours.list_cost, tolerance, _ROUNDING):
        return Verdict.BATCH
    return Verdict.PRICE


def _close(
    theirs: Decimal | int | None,
    ours: Decimal | int | None,
    tolerance: Decimal,
    least: Decimal = Decimal(),
) -> bool:
    """Whether both are the same, or one is not told."""
    if theirs is None:
        return True
    difference = abs(Decimal(theirs) - (ours or 0))
    return difference <= max(abs(Decimal(theirs)) * tolerance, least)

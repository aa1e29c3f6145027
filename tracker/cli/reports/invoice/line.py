"""One line of a provider's export, and by which name both sides know a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tracker.errors import AIUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Snapshots of a model are one model: neither side always says which one it was.
_SNAPSHOT = re.compile(r"(-|@)(20\d{6}|20\d\d-\d\d-\d\d|latest)(?=$|[-:])|-v\d+(:\d+)?$")
_PREFIX = re.compile(r"^(models/|openai/|anthropic/|([a-z]{2,6}\.)?anthropic\.)")


class InvoiceError(AIUsageError):
    """A file that is no export of usage or costs, or of which not all can be understood."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a provider says of one model on one day (UTC); None is what it does not say here.

    ``input_tokens`` are with those that came from a cache or went into one.  Without a
    ``model`` it is about all of them.
    """

    provider: str
    day: date
    model: str | None
    cost: Decimal | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    calls: int | None = None


def canonical(model: str) -> str:
    """Return the name by which both sides know *model*."""
    name = re.sub(r"[\s_]+", "-", model.strip().lower())
    name = _PREFIX.sub("", name)
    name = re.sub(r"^ft[:-]([^:]+).*", r"ft-\1", name)
    if "claude" in name:
        name = name.replace(".", "-")
    return _SNAPSHOT.sub("", name)


def day_of(told: Any) -> date:
    """Return the day of a time that an export names: seconds since the epoch, or a text."""
    text = str(told).strip()
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC).date()
        at = datetime.fromisoformat(text)
        return (at.astimezone(UTC) if at.tzinfo else at).date()
    except (ValueError, OverflowError) as error:
        raise InvoiceError(f"{text[:40]!r} is no time") from error


def dollars(told: Any) -> Decimal:
    """Return an amount of money."""
    try:
        amount = Decimal(str(told).strip().replace(",", "").lstrip("$") or "0")
    except InvalidOperation as error:
        raise InvoiceError(f"{str(told)[:40]!r} is no amount") from error
    if not amount.is_finite() or amount.adjusted() > 15:
        raise InvoiceError(f"{str(told)[:40]!r} is no amount")
    return amount


def whole(told: Any) -> int:
    """Return a count; none is 0."""
    return int(dollars(0 if told is None else told))


def total(told: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the sum of those counts that are told, None if none is."""
    known = [whole(told[name]) for name in names if told.get(name) not in (None, "")]
    return sum(known) if known else None


def in_dollars(currency: Any) -> None:
    """Raise InvoiceError unless amounts are in US dollars."""
    if str(currency or "usd").lower() != "usd":
        raise InvoiceError(f"its amounts are in {str(currency)[:10]}, and ours in US dollars")

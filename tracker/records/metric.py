"""What one billed call was, and the metric that is stored of it.

Unknown numbers are ``None``, never 0: a missing price must not look like a
free call.  Neither record has room for a prompt, a completion or a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

#: The operation of a call whose endpoint is not known: it may be billed in any way.
OTHER = "other"

Basis = Literal["standard", "batch", "batch_assumed", "free", "unpriced"]


# Two tuples, because one of each is made for each call, and a frozen dataclass takes four times
# as long.
class Usage(NamedTuple):
    """Tokens of one call as the provider reported them; ``None`` where it did not.

    ``cached_input_tokens`` are part of ``input_tokens``, ``reasoning_tokens``
    are part of ``output_tokens``.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class Call(NamedTuple):
    """What an observer saw of one physical call, before it is attributed to anything.

    ``latency_ms`` counts from the request to the last byte; ``partial`` marks a
    stream that was broken off; ``error`` is the failure's text, if it failed.
    ``told`` is the usage as the answer has it, of which every count is kept when the record is
    stored; ``counts`` are others, under the provider's names (its server's tools, the characters
    of a request), and ``conditions`` words that the price depends on (the service tier).
    """

    service: str
    operation: str
    model: str | None
    usage: Usage = Usage()
    request_id: str | None = None
    latency_ms: float | None = None
    error: str | None = None
    partial: bool = False
    told: object = None
    counts: Mapping[str, float] | None = None
    conditions: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a call costs in US dollars.

    ``list_cost`` is the ordinary price, ``cost`` what is booked; ``basis`` says
    how ``cost`` was found: ``standard``, ``batch`` (the provider's batch rate),
    ``batch_assumed`` (half the list price, no batch rate being published), ``free`` (the
    provider bills nothing: both are 0) or ``unpriced`` (both are None).  ``source`` and
    ``version`` name the price list, ``rule`` what in it was followed; ``why`` says for what no list
    has a price, where that is known.
    """

    cost: Decimal | None
    list_cost: Decimal | None
    basis: Basis
    source: str | None = None
    version: str | None = None
    rule: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One stored call.  ``id`` is made at capture and is every store's key.

    ``operation`` is the kind of API call (``completion``, ``embedding``, ...),
    ``operation_type`` what the program was doing (the context's name).
    ``timestamp`` is when the call began, in UTC; ``latency_ms`` in milliseconds;
    costs in US dollars.  ``late`` marks a call that ended after its block.

    ``counts`` has every number that the answer told, under the provider's own names (nested ones
    joined by a dot), priced or not; ``conditions`` the words that a price may depend on, as the
    service tier.  ``price_rule`` says what in the list was followed.
    """

    id: str
    service: str
    model: str
    operation: str
    timestamp: datetime
    user_id: str
    environment: str
    operation_type: str | None = None
    job_id: str | None = None
    batch_id: str | None = None
    github_pr: int | None = None
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    api_calls: int = 1
    cost_usd: Decimal | None = None
    list_cost_usd: Decimal | None = None
    price_basis: Basis = "unpriced"
    price_source: str | None = None
    price_version: str | None = None
    latency_ms: float | None = None
    error: str | None = None
    partial: bool = False
    late: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    price_rule: str | None = None

"""Says what differs between two runs of an application, but for what a rewrite may change."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .server import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .observing import Observed, Record


@dataclass(frozen=True)
class Comparison:
    """``differences`` a person reads; ``calls`` and ``records`` that are equal, in numbers.

    ``at_batch_price`` records got batch prices, and in the flows ``newly_recorded`` calls that
    nothing recorded before are: both are what the report of the migration says.
    """

    differences: tuple[str, ...]
    calls: int
    records: int
    at_batch_price: int
    newly_recorded: tuple[str, ...]


def compare(before: Mapping[str, Observed], after: Mapping[str, Observed]) -> Comparison:
    """Compare flow by flow; both ran the same flows."""
    differences: list[str] = []
    for name, old in before.items():
        differences += [f"{name}: {text}" for text in _differences(old, after[name])]
    return Comparison(
        tuple(differences),
        sum(len(seen.calls) for seen in after.values()),
        sum(len(seen.records) for seen in after.values()),
        sum(_batches(after[name]) - _batches(old) for name, old in before.items()),
        tuple(name for name, old in before.items() if _newly_recorded(old, after[name])),
    )


def _differences(old: Observed, new: Observed) -> list[str]:
    found = []
    if old.result != new.result:
        found.append(f"gives {new.result}, and gave {old.result}")
    if old.output != new.output:
        found.append(f"prints {new.output!r}, and printed {old.output!r}")
    found += _only("calls", Counter(old.calls), Counter(new.calls))
    rows, now = _rows(old), _rows(new) - _newly_recorded(old, new) - _failures(old, new)
    return found + _only("records", rows, now) + _priced(old, new)


def _only(what: str, old: Counter[Any], new: Counter[Any]) -> list[str]:
    found = [f"{what} no longer {one} ({count} times)" for one, count in (old - new).items()]
    return found + [f"{what} now {one} ({count} times)" for one, count in (new - old).items()]


def _rows(seen: Observed) -> Counter[Record]:
    return Counter(map(_kept, seen.records))


def _newly_recorded(old: Observed, new: Observed) -> Counter[Record]:
    """Return the further records of calls that were made before, too, and had none at all."""
    silent = Counter(number_of(json.loads(body)) for _, body in old.calls)
    silent -= Counter(record.tokens[0] for record in old.records)
    gained = (_rows(new) - _rows(old)).items()
    return Counter({row: count for row, count in gained if silent[row.tokens[0]] >= count})


def _failures(old: Observed, new: Observed) -> Counter[Record]:
    """Return the further records of calls that failed: a block sees those, who records answers not.

    They have no tokens, and cost nothing.
    """
    gained = (_rows(new) - _rows(old)).items()
    return Counter({r: n for r, n in gained if r.error is not None and r.tokens == (None, None)})


def _priced(old: Observed, new: Observed) -> list[str]:
    """Batch prices may come with a batch, and never go."""
    was = Counter(_kept(record) for record in old.records if record.at_batch_price)
    now = Counter(_kept(record) for record in new.records if record.at_batch_price)
    found = [f"no longer at batch prices: {record}" for record in was - now]
    return found + [f"at batch prices: {one}" for one in now - was if one.batch is None]


def _kept(record: Record) -> Record:
    return replace(record, at_batch_price=False)


def _batches(seen: Observed) -> int:
    return sum(record.at_batch_price for record in seen.records)

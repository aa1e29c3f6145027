"""Says what differs between two runs of an application, but for what a rewrite may change."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .server import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .observing import Observed, Record

#: The fields of a record that are ids, by the names that they are set by.
IDS = {"job_id": "job", "batch_id": "batch", "user_id": "user", "github_pr": "pr"}
_ID = re.compile(rf"\b(?:{'|'.join(IDS)})\b")


def ids_named(text: str) -> frozenset[str]:
    """Return the ids that *text* names."""
    return frozenset(_ID.findall(text))


@dataclass(frozen=True)
class Difference:
    """Something that a flow shows otherwise: ``kind`` of thing, and a ``text`` for a person.

    ``ids`` are those that it is about, as all that it is about: none where a call, say, is another.
    ``more`` is for a person, too, and tells no two differences apart: where a test fails, its
    trace goes through whatever was rewritten.
    """

    flow: str
    kind: str
    text: str = ""
    ids: frozenset[str] = field(default=frozenset(), compare=False)
    more: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return what a person reads."""
        return " ".join(filter(None, (f"{self.flow}:", self.kind, self.text, self.more)))


@dataclass(frozen=True)
class Comparison:
    """``differences`` each as often as it is there, and numbers of ``calls`` and ``records``.

    ``at_batch_price`` records got batch prices, and in the flows ``newly_recorded`` calls that
    nothing recorded before are: both are what the report of the migration says.
    """

    differences: tuple[Difference, ...]
    calls: int
    records: int
    at_batch_price: int
    newly_recorded: tuple[str, ...]


def compare(before: Mapping[str, Observed], after: Mapping[str, Observed]) -> Comparison:
    """Compare flow by flow; both ran the same flows."""
    differences: list[Difference] = []
    for name, old in before.items():
        differences += _differences(name, old, after[name])
    return Comparison(
        tuple(differences),
        sum(len(seen.calls) for seen in after.values()),
        sum(len(seen.records) for seen in after.values()),
        sum(_batches(after[name]) - _batches(old) for name, old in before.items()),
        tuple(name for name, old in before.items() if _newly_recorded(old, after[name])),
    )


def _differences(flow: str, old: Observed, new: Observed) -> list[Difference]:
    found = []
    if old.result != new.result:
        told = f"{new.result}, and gave {old.result}"
        found.append(Difference(flow, "gives", "", ids_named(new.result), told))
    if old.output != new.output:
        told = f"{new.output!r}, and printed {old.output!r}"
        found.append(Difference(flow, "prints", "", ids_named(new.output), told))
    found += _only(flow, "calls", Counter(old.calls), Counter(new.calls))
    rows, now = _rows(old), _rows(new) - _newly_recorded(old, new) - _failures(old, new)
    attributed, rows, now = _attributed_otherwise(flow, rows - now, now - rows)
    found += [*attributed, *_only(flow, "records", rows, now)]
    return found + [Difference(flow, "prices", text) for text in _priced(old, new)]


def _only(flow: str, kind: str, old: Counter[Any], new: Counter[Any]) -> list[Difference]:
    gone = [Difference(flow, kind, f"no longer {one}") for one in (old - new).elements()]
    return gone + [Difference(flow, kind, f"now {one}") for one in (new - old).elements()]


def _attributed_otherwise(
    flow: str, old: Counter[Record], new: Counter[Record]
) -> tuple[list[Difference], Counter[Record], Counter[Record]]:
    """Return the records of one call that have other ids, and what is left of *old* and *new*."""
    found = []
    for one, other in _of_one_call(old, new):
        was, now = _ids(one), _ids(other)
        changed = sorted(name for name in IDS if was[name] != now[name])
        told = ", ".join(f"{name} {was[name]!r} -> {now[name]!r}" for name in changed)
        text = f"of {one.model} {one.tokens}: {told}"
        found.append(Difference(flow, "records", text, frozenset(changed)))
        old, new = old - Counter([one]), new - Counter([other])
    return found, old, new


def _of_one_call(old: Counter[Record], new: Counter[Record]) -> list[tuple[Record, Record]]:
    """Return pairs of records of the same call; the numbers of tokens tell calls apart."""
    waiting = sorted(new.elements(), key=repr)
    pairs = []
    for one in sorted(old.elements(), key=repr):
        same = [other for other in waiting if _without_ids(other) == _without_ids(one)]
        if same:
            nearest = min(same, key=lambda other: _changes(one, other))
            pairs.append((one, nearest))
            waiting.remove(nearest)
    return pairs


def _changes(one: Record, other: Record) -> int:
    was, now = _ids(one), _ids(other)
    return sum(was[name] != now[name] for name in IDS)


def _ids(record: Record) -> dict[str, object]:
    return {name: getattr(record, field) for name, field in IDS.items()}


def _without_ids(record: Record) -> Record:
    return replace(record, job=None, batch=None, user="", pr=None)


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

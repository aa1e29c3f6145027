"""What is told of a project's way to contexts, as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands in some code, by its own text alone.

    ``legacy`` are the calls that set ids by hand, ``contexts`` the blocks and decorators that
    have taken their place; ``unread`` counts files that do not parse.
    """

    legacy: int = 0
    contexts: int = 0
    unread: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return Counts(
            self.legacy + other.legacy, self.contexts + other.contexts, self.unread + other.unread
        )

    def __sub__(self, other: Counts) -> Counts:
        """Return the counts of the one without those of the other."""
        return Counts(
            self.legacy - other.legacy, self.contexts - other.contexts, self.unread - other.unread
        )

    @property
    def share(self) -> float | None:
        """How much of it is contexts, from 0 to 1; None where there is nothing of either."""
        every = self.legacy + self.contexts
        return self.contexts / every if every else None


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Row:
    """A folder or an owner: what its files have, and what a migration would make of the sites.

    ``files`` counts those with legacy calls.  ``ready`` sites would be rewritten by ``migrate``,
    ``refused`` ones need a person, for ``reasons`` with their numbers; both are None where nobody
    has found that out.
    """

    name: str
    counts: Counts = NOTHING
    files: int = 0
    ready: int | None = None
    refused: int | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A commit after which the counts were others than before it."""

    commit: str
    when: datetime
    counts: Counts


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast legacy calls have gone of late: so many a week, over so many days.

    ``done`` is the day on which none would be left at that pace, None if they do not go.
    """

    a_week: float
    days: int
    done: date | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the recorded calls with the ids of one legacy call have cost, in US dollars.

    ``unpriced`` of its ``calls`` had no price.
    """

    place: str
    ids: str
    calls: int
    dollars: float
    unpriced: int


@dataclass(frozen=True, slots=True)
class Money:
    """The legacy calls of a project by what they cost, dearest first.

    ``unmatched`` is what all other recorded calls without an operation cost, and ``unknown`` the
    places whose ids are computed: no record tells that it is of them.
    """

    costs: tuple[Cost, ...]
    unmatched: Cost
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """All that is told: the whole, its folders and owners, and what was asked for beside it."""

    whole: Row
    folders: tuple[Row, ...]
    owners: tuple[Row, ...] = ()
    history: tuple[Point, ...] | None = None
    pace: Pace | None = None
    money: Money | None = None

"""What of a text the findings in one of its definitions depend on, and nothing else of it.

Statements depend on each other by names alone: where one says a name that the other gives, a
definition, a variable of the module or a field of whatever object.  Words by which code reaches
others without their names, or that count for a file as a whole, are said to all that have to do
with trackers.  So a slice may hold more than is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary
from codemods.analysis.syntax.calls import CAPTURED_CALLS
from codemods.server.texts.apart import TELLING, Concerned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.server.texts.pieces import Piece

#: Words with which a statement means its own tracker, calls of clients where no context is.
_OWN = frozenset(
    (
        *(vocabulary.TRACKER_CLASS, vocabulary.SET_CALL, vocabulary.OLDER_SET_CALL),
        *(vocabulary.FLUSH_CALL, vocabulary.METADATA_CALL, vocabulary.BATCH_MODE_CALL),
        *(*vocabulary.SET_PARAMETERS, *vocabulary.CONSTRUCTOR_PARAMETERS),
        *(vocabulary.TRACKER_ARGUMENT, *vocabulary.STATE_ATTRIBUTES, *vocabulary.REPLAYS),
        *(word for call in CAPTURED_CALLS for word in call),
        "with",
    )
)
#: Words that reach further than their names.
_WIDE = TELLING - _OWN | {"__getattr__", "__getattribute__", "__setattr__"}


@dataclass(frozen=True)
class Slice:
    """The places, among the pieces of a text, that findings in one of them depend on."""

    needed: frozenset[int]
    free: frozenset[int]

    @classmethod
    def around(
        cls, at: int, before: Sequence[Piece], after: Sequence[Piece], told: Sequence[int]
    ) -> Slice:
        """Return what the piece at *at* depends on, as it was *before* or is *after*.

        One of the others that is *told* of, by their lines from 0, stays beside it: what is
        found of imports, as long as anybody needs them, is found as before.
        """
        both = [*before, after[at]]
        free = frozenset(i for i, one in enumerate(both) if one.is_harmless or one.is_api)
        needed = frozenset((at, len(before)))
        if any(not _WIDE.isdisjoint(one.words.said) for i, one in enumerate(both) if i not in free):
            needed |= Concerned.of(both).places - free
        needed = _closed(needed, both, free)
        witness = _first_of(told, before, needed | free)
        if witness is not None:
            needed = _closed(needed | {witness}, both, free)
        return cls(needed - {len(before)}, free)

    def holds(self, old: Piece, new: Piece) -> bool:
        """Whether it is that of *new*, too, in the place of *old*: all others are as they were."""
        one, other = old.words, new.words
        return (
            one.beyond == other.beyond
            and one.given == other.given
            and _WIDE.isdisjoint(one.said) == _WIDE.isdisjoint(other.said)
        )

    def text(self, lines: Sequence[str], pieces: Sequence[Piece]) -> str:
        """Return the text of *lines* without all else, each line of it where it is."""
        left = ["\n"] * (1 + max(pieces[at].last for at in (*self.needed, *self.free)))
        for at in (*self.needed, *self.free):
            one = pieces[at]
            left[one.first : one.last + 1] = lines[one.first : one.last + 1]
        return "".join(left)

    def lines(self, pieces: Sequence[Piece]) -> frozenset[int]:
        """Return the numbers of the lines, from 1, that it keeps for the piece itself."""
        spans = (pieces[at] for at in self.needed)
        return frozenset(line for one in spans for line in range(one.first + 1, one.last + 2))


def _first_of(lines: Iterable[int], pieces: Sequence[Piece], known: frozenset[int]) -> int | None:
    """Return the first of *pieces* that one of *lines* is in, and that is not *known*."""
    for line in lines:
        for at, one in enumerate(pieces):
            if one.first <= line <= one.last and at not in known:
                return at
    return None


def _closed(needed: Iterable[int], pieces: Sequence[Piece], free: frozenset[int]) -> frozenset[int]:
    """Return *needed* with all that say a name which these give, or give one that they say."""
    found = set(needed)
    waiting = {at: one.words for at, one in enumerate(pieces) if at not in found | free}
    new = list(found)
    while new:
        beyond = frozenset().union(*(pieces[at].words.beyond for at in new))
        given = frozenset().union(*(pieces[at].words.given for at in new))
        new = [
            at
            for at, words in waiting.items()
            if not (beyond.isdisjoint(words.given) and given.isdisjoint(words.beyond))
        ]
        for at in new:
            found.add(at)
            del waiting[at]
    return frozenset(found)

"""Functions of a text that have nothing to do with what is found in it, whatever is typed there.

That is decided by words alone: a function is apart if it says no word of the tracker's API or of
what makes calls, nobody who does speaks of it, and it names and changes nothing of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary
from codemods.analysis.external import computed_names, handed_names
from codemods.analysis.syntax.calls import CAPTURED_CALLS
from codemods.linking import computed_lookups, surroundings
from codemods.server.texts.pieces import MEDDLING, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_EVALUATING = frozenset("eval exec compile globals locals vars setattr delattr dir open".split())


def _vocabulary() -> Iterator[str]:
    for value in vars(vocabulary).values():
        texts = value if isinstance(value, tuple) else (value,)
        yield from (text for text in texts if isinstance(text, str) and text.isidentifier())


#: Words with which a function is never apart.
TELLING = frozenset(
    {
        *_vocabulary(),
        *(word for call in CAPTURED_CALLS for word in call),
        *handed_names.SPEAKING,
        *computed_names.IMPORTING,
        *computed_lookups.COMPUTING,
        *computed_lookups.SPEAKING,
        *surroundings.ENTERING,
        *MEDDLING,
        *_EVALUATING,
    }
)


@dataclass(frozen=True)
class Concerned:
    """What the pieces of a text that have to do with trackers speak of, and what they give."""

    spoken: frozenset[str]
    given: frozenset[str]
    places: frozenset[int]

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Concerned:
        """Return what those of *pieces* speak of that have to do with trackers, or may."""
        waiting = dict(enumerate(pieces))
        spoken: set[str] = set()
        given: set[str] = set()
        while True:
            taken = [at for at, one in waiting.items() if _is_concerned(one, spoken, given)]
            if not taken:
                places = frozenset(range(len(pieces))) - waiting.keys()
                return cls(frozenset(spoken), frozenset(given), places)
            for one in map(waiting.pop, taken):
                spoken |= one.words.beyond
                given |= one.words.given

    def is_apart(self, piece: Piece) -> bool:
        """Whether the function *piece* is none of them."""
        words = piece.words
        return (
            piece.is_function
            and piece.name not in self.spoken
            and not is_telling(piece)
            and self.given.isdisjoint(words.beyond)
            and self.spoken.isdisjoint(words.set | words.given - {piece.name})
        )


def _is_concerned(piece: Piece, spoken: set[str], given: set[str]) -> bool:
    if not piece.name:
        return not piece.is_harmless
    known = piece.name in spoken or not given.isdisjoint(piece.words.beyond)
    return known or is_telling(piece)


def is_telling(piece: Piece) -> bool:
    """Whether *piece* says a word with which it may have to do with trackers by itself."""
    return not TELLING.isdisjoint(piece.words.said)

"""What a person is asked about a rewrite, and what they may answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from codemods.model.outcome import Applied


class Answer(StrEnum):
    """What is to become of a rewrite, and of those that are asked about after it."""

    YES = "y"
    NO = "n"
    ALL = "a"
    NONE_IN_FILE = "d"
    EDIT_NAME = "e"
    QUIT = "q"


@dataclass(frozen=True, slots=True)
class Block:
    """A block that a rewrite makes, at ``line`` of the text as it is now.

    ``name`` is its operation, "" where it has none; ``key`` is what the table ``operations`` of
    the configuration calls the function that it is in.
    """

    name: str
    key: str
    line: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a rewrite does to one file: the texts before and after, as its reader sees them.

    ``before`` has all that was accepted until now.
    """

    path: str
    before: str
    after: str
    applied: tuple[Applied, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A rewrite that a person is asked about: one file's, or what several must share.

    It is number ``number`` of ``count``, both from 1; ``where`` says of what.
    """

    changes: tuple[Change, ...]
    blocks: tuple[Block, ...]
    number: int
    count: int
    where: str


class Reviewer(Protocol):
    """Somebody who answers."""

    def ask(self, question: Question) -> Answer:
        """Return what is to become of the rewrite."""

    def name(self, block: Block) -> str | None:
        """Return the name that *block* is to have, "" to leave it, None if there is no answer."""

    def tell(self, text: str) -> None:
        """Say *text*, one sentence about what was answered."""

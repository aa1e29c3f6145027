"""Edits as plain data, at places that the analysis named.

A place is a statement path, (field, index) pairs from the module down, always
in terms of the original file; edits of one file never depend on each other's order.
"""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[tuple[str, int], ...]


UNPACKED = "**"


@dataclass(frozen=True, slots=True)
class Taken:
    """Arguments taken over from a call that goes: (position in the call, keyword or None).

    UNPACKED before the keyword says that a dictionary at that position has it.
    """

    path: Path
    arguments: tuple[tuple[int, str | None], ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The call in a ``with`` line: ``function(*leading, taken..., *trailing) as target``.

    ``leading`` and ``trailing`` are argument source texts, ``taken`` reuses the
    arguments of the calls that the block replaces, with their layout and comments.
    ``names`` are operation types for the first of ``leading`` to choose from, best first.
    """

    function: str
    leading: tuple[str, ...] = ()
    taken: tuple[Taken, ...] = ()
    trailing: tuple[str, ...] = ()
    target: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the statement at ``path``; its comments stay.

    With ``above`` they go: those in it, and so many lines of comments right above it.
    """

    path: Path
    above: int | None = None


@dataclass(frozen=True, slots=True)
class Retain:
    """Keep only the arguments at ``positions`` of the call statement at ``path``.

    With ``method`` the call is to that method of the same object.  ``again`` are arguments (source
    texts) that an earlier call has set, and that are set once more.
    """

    path: Path
    positions: tuple[int, ...]
    method: str = ""
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrap:
    """Put the statements from ``path`` up to index ``stop`` of its suite into a block."""

    path: Path
    stop: int
    header: Header


@dataclass(frozen=True, slots=True)
class Unwrap:
    """Drop the ``finally`` of the ``try`` at ``path``; without handlers its body stays alone.

    The comments in the ``finally`` stay, unless ``described`` says that they are about it.
    """

    path: Path
    described: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """Replace the name ``old`` by ``new`` wherever the statement at ``path`` reads it."""

    path: Path
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Append arguments to the call of item ``item`` of the ``with`` statement at ``path``.

    One that is named there already takes the place of what has its name.
    """

    path: Path
    item: int
    taken: Taken


@dataclass(frozen=True, slots=True)
class PassKeyword:
    """Append ``keyword=value`` to call number ``call`` of a statement, f-strings left out.

    ``callee`` is the call's function as it is written there; the edit fails if it is not found.
    """

    path: Path
    call: int
    callee: str
    keyword: str
    value: str


@dataclass(frozen=True, slots=True)
class AddParameter:
    """Give the function at ``path`` a last parameter ``name``, by keyword only, that is None."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class AddImport:
    """Import ``names`` (name, alias) from ``module``, beside the statement at ``beside``.

    The new line comes right after that statement, or with ``before`` right above it.
    """

    beside: Path
    module: str
    names: tuple[tuple[str, str | None], ...]
    before: bool = False


@dataclass(frozen=True, slots=True)
class ExtendImport:
    """Import ``names`` too in the ``from`` import at ``path``."""

    path: Path
    names: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class DropImport:
    """Remove the imported ``name`` from the import statement at ``path``."""

    path: Path
    name: str


Edit = (
    Delete
    | Retain
    | Wrap
    | Unwrap
    | Rename
    | Merge
    | PassKeyword
    | AddParameter
    | AddImport
    | ExtendImport
    | DropImport
)

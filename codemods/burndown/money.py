"""What legacy calls cost, by the records of the runtime: those that have the ids which they set.

A record does not say which line made it.  It has ids, though, and the text of a call says which:
``job_id="nightly"`` all of them, ``job_id=f"scan-{name}"`` how they begin.  Of calls whose ids
are computed nothing is known.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codemods import vocabulary as api
from codemods.analysis.syntax.tree import walk
from codemods.burndown.counting import set_calls
from codemods.burndown.records import Cost, Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from codemods.model.source import SourceFile

_PICO = 10**12
_MOST_IDS = 60
#: The records that no context made: those name their operation.
_QUERY = f"""
    SELECT {", ".join(api.SET_PARAMETERS)}, COUNT(*), COALESCE(SUM(cost_picodollars), 0),
        SUM(cost_picodollars IS NULL)
    FROM usage_metrics WHERE operation_type IS NULL OR operation_type = ''
    GROUP BY {", ".join(api.SET_PARAMETERS)}
"""


class UsageError(Exception):
    """The database cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A call that sets ids: its place, and the pattern that its text gives of each id.

    ``known`` is how many characters of the ids the text has: the more, the surer.
    """

    place: str
    text: str
    patterns: dict[str, re.Pattern[str]]
    known: int

    def fits(self, ids: Sequence[object]) -> bool:
        """Whether a record with *ids*, in the order of the call's parameters, may be of it."""
        found = dict(zip(api.SET_PARAMETERS, ids, strict=True))
        return all(
            found[name] is not None and pattern.fullmatch(str(found[name]))
            for name, pattern in self.patterns.items()
        )


def settings_in(source: SourceFile) -> Iterator[Setting]:
    """Yield the calls of *source* that set ids by hand, in its order."""
    try:
        nodes = list(walk(ast.parse(source.text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for call in sorted(set_calls(nodes), key=lambda one: (one.lineno, one.col_offset)):
        given = [*zip(api.SET_PARAMETERS, call.args, strict=False)]
        given += [(k.arg, k.value) for k in call.keywords if k.arg in api.SET_PARAMETERS]
        written = {name: _pattern(value) for name, value in given}
        texts = {name: pattern for name, (pattern, length) in written.items() if length}
        shown = ", ".join(f"{name}={ast.unparse(value)}" for name, value in given)
        yield Setting(
            f"{source.display}:{call.lineno}",
            shown if len(shown) <= _MOST_IDS else f"{shown[: _MOST_IDS - 1]}…",
            texts,
            sum(length for _, length in written.values()),
        )


def _pattern(value: ast.expr) -> tuple[re.Pattern[str], int]:
    """Return what ids of *value* look like, and how many characters of them are known."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    texts = [_text(part) for part in parts]
    known = sum(len(text) for text in texts if text is not None)
    pattern = "".join(".*" if text is None else re.escape(text) for text in texts)
    return re.compile(pattern, re.DOTALL), known


def _text(part: ast.expr) -> str | None:
    """Return the text that *part* of an id always is, None if it is computed."""
    is_text = isinstance(part, ast.Constant) and part.value is not None
    return str(part.value) if is_text else None  # type: ignore[attr-defined]


def money(settings: Iterable[Setting], database: Path) -> Money:
    """Return what the calls of *settings* cost by *database*; raises UsageError."""
    every = list(settings)
    by_certainty = sorted((s for s in every if s.patterns), key=lambda one: -one.known)
    costs: dict[str, list[int]] = {one.place: [0, 0, 0] for one in by_certainty}
    unmatched = [0, 0, 0]
    for row in _rows(database):
        ids, figures = row[: len(api.SET_PARAMETERS)], row[len(api.SET_PARAMETERS) :]
        owner = next((one for one in by_certainty if one.fits(ids)), None)
        total = costs[owner.place] if owner is not None else unmatched
        for index, figure in enumerate(figures):
            total[index] += figure
    texts = {one.place: one.text for one in by_certainty}
    found = [_cost(place, texts[place], figures) for place, figures in costs.items()]
    return Money(
        tuple(sorted(found, key=lambda one: (-one.dollars, -one.calls, one.place))),
        _cost("", "", unmatched),
        tuple(one.place for one in every if not one.patterns),
    )


def _cost(place: str, ids: str, figures: Sequence[int]) -> Cost:
    calls, picodollars, unpriced = figures
    return Cost(place, ids, calls, picodollars / _PICO, unpriced)


def _rows(database: Path) -> list[tuple[Any, ...]]:
    """Return the recorded calls without an operation, added up by their ids."""
    if not database.is_file():
        raise UsageError(f"there is no database at {database}")
    address = f"file:{quote(str(database.absolute()))}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True)
        try:
            return list(connection.execute(_QUERY))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise UsageError(f"{database} has no usage that can be read: {error}") from None

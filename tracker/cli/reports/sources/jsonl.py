"""A file with one JSON object a line, as the store of that kind or a tracker's ``log_file`` has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.rows import PICODOLLARS
from tracker.cli.reports.sources.source import Loading, file_state
from tracker.errors import SinkError
from tracker.sinks.sqlite.sink import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader
    from pathlib import Path

    from tracker.cli.reports.rows import Selection
    from tracker.cli.reports.sources.source import Answer, Result, Work

#: A line that is longer is none of ours.
LONGEST_LINE = 1024 * 1024
_AT_ONCE = 10_000
_COSTS = {"cost_picodollars": "cost_usd", "list_cost_picodollars": "list_cost_usd"}
_DEFAULTS = {"api_calls": 1, "price_basis": "unpriced", "partial": 0, "late": 0}


@dataclass(frozen=True, slots=True)
class JsonlSource:
    """A file of lines.  Of a record that is there twice the first counts, as in other stores."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def ask(
        self,
        work: Work[Result],
        selection: Selection,  # noqa: ARG002 - lines stand in no order
        *,
        whole: bool = False,  # noqa: ARG002 - and are read whole
    ) -> Answer[Result]:
        """Read all lines, and ask them."""
        if not self.path.is_file():
            raise FileNotFoundError(self.path)
        loading = Loading()
        try:
            with self.path.open("rb") as file:
                rows = _rows(file)
                while several := list(islice(rows, _AT_ONCE)):
                    loading.add(several)
        except OSError as error:
            raise SinkError(f"cannot read {self.path}: {error.strerror}") from error
        return loading.ask(work, self.name)

    def state(self) -> object:
        """Return size and time of the file."""
        return file_state(self.path)


def _rows(file: BufferedReader) -> Iterator[Mapping[str, object] | None]:
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        is_whole = len(line) < LONGEST_LINE or line.endswith(b"\n")
        while not line.endswith(b"\n") and len(line) == LONGEST_LINE:
            line = file.readline(LONGEST_LINE)
        if line.strip():
            yield row_of_line(line, number) if is_whole else None


def row_of_line(line: bytes, number: int) -> Mapping[str, object] | None:
    """Return what *line* says, by column; None if it is none of ours."""
    try:
        said = json.loads(line, parse_float=Decimal)
        row: dict[str, object] = {name: _bindable(said.get(name)) for name in COLUMNS}
        row |= {
            name: row[name] if row[name] is not None else one for name, one in _DEFAULTS.items()
        }
        row |= {column: picodollars(said.get(name)) for column, name in _COSTS.items()}
        row["timestamp"] = utc(said["timestamp"])
        # The lines of a log_file have no id.
        row["id"] = row["id"] if isinstance(row["id"], str) else f"line {number}"
        row["metadata"] = json.dumps(said.get("metadata") or {}, default=float, ensure_ascii=False)
        if type(row["model"]) is not str or type(row["service"]) is not str:
            return None
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None
    return row


def utc(text: Any) -> str:
    """Return a time as the embedded store has it.  Raises ValueError or TypeError."""
    at = datetime.fromisoformat(text)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at.isoformat(timespec="microseconds")


def picodollars(dollars: object) -> int | None:
    """Return whole picodollars, rounded as the embedded store does.  Raises ValueError."""
    if dollars is None:
        return None
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str | Decimal):
        raise TypeError(type(dollars))
    try:
        exact = Decimal(str(dollars))
        # No call costs that much: digits of such a number would fill the memory.
        if not exact.is_finite() or exact.adjusted() > 30:
            raise ValueError(dollars)
        return int((exact * PICODOLLARS).to_integral_value())
    except InvalidOperation as error:
        raise ValueError(dollars) from error


def _bindable(value: object) -> object:
    """Return a value as SQLite holds it."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=float)
    return float(value) if isinstance(value, Decimal) else value

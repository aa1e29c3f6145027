"""What all stores are to those who read them: a SQLite connection with the table of usage."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from tracker.cli.reports.columns import TABLE
from tracker.errors import SinkError
from tracker.sinks.sqlite.damage import asides
from tracker.sinks.sqlite.reading import limited, read, told
from tracker.sinks.sqlite.sink import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tracker.cli.reports.rows import Selection

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    """What was found; how many records were left out because they are none of ours, and else."""

    found: Result
    unread: int = 0
    told: tuple[str, ...] = ()


class Source(Protocol):
    """A store that can be read."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    def ask(
        self, work: Work[Result], selection: Selection, *, whole: bool = False
    ) -> Answer[Result]:
        """Return what *work* makes of the records, of which it needs those of *selection* only.

        Without *whole* nothing of the metadata is needed.  Raises FileNotFoundError, or
        AIUsageError saying what is wrong.
        """
        ...

    def state(self) -> object:
        """Return what is another value when something was stored; None where nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteSource:
    """The file of the embedded store."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def ask(
        self,
        work: Work[Result],
        selection: Selection,  # noqa: ARG002 - the file has all
        *,
        whole: bool = False,  # noqa: ARG002 - and of all
    ) -> Answer[Result]:
        """Ask the file itself."""
        found = read(self.path, TABLE, work)
        return Answer(
            found,
            told=tuple(
                f"{file} is broken and was set aside: not in these sums"
                for file in asides(self.path)
            ),
        )

    def state(self) -> object:
        """Return size and time of the file and of its log."""
        return tuple(map(file_state, (self.path, self.path.with_name(f"{self.path.name}-wal"))))


class Loading:
    """Records that were read from another kind of store, in a table of their own.

    They are in the memory while they are few, and in a temporary file that has no name after.
    """

    def __init__(self) -> None:
        # Several threads read, by turns.
        self.file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.file.execute(
            f"CREATE TABLE {TABLE} ({', '.join(COLUMNS)}, PRIMARY KEY (id)) WITHOUT ROWID"
        )
        self.file.execute("PRAGMA synchronous=OFF")
        self.file.execute("PRAGMA journal_mode=OFF")
        self.unread = 0

    def add(self, rows: Iterable[Mapping[str, object] | None]) -> None:
        """Add *rows*, by column; None stands for one that is none of ours."""
        values = []
        for row in rows:
            if row is None or any(
                type(one) is int and not -(2**63) <= one < 2**63 for one in row.values()
            ):
                self.unread += 1
            else:
                values.append(tuple(row.get(name) for name in COLUMNS))
        places = ", ".join("?" * len(COLUMNS))
        self.file.execute("BEGIN")
        self.file.executemany(f"INSERT OR IGNORE INTO {TABLE} VALUES ({places})", values)
        self.file.execute("COMMIT")

    def ask(self, work: Work[Result], name: str) -> Answer[Result]:
        """Return what *work* makes of the records, and close."""
        try:
            with limited(self.file):
                return Answer(work(self.file), self.unread)
        except sqlite3.Error as error:
            raise SinkError(f"cannot read {name}: {told(error)}") from error
        finally:
            self.file.close()


def file_state(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file, None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns

"""What functions that are not in sight do with an argument: one table, asked by name.

A row of the table gives an effect, where that is written, and the names it holds for.
Names are qualified (``threading.Thread``), or begin with a dot: those are methods, and
functions, of whatever object or module, asked where nothing better is known.  A row may
name a whole module (``itertools.*``).
"""

from __future__ import annotations

from functools import cache

from codemods.analysis.dataflow.library_models import foreign, standard
from codemods.analysis.dataflow.library_models.rows import Effect, Model

# Effects of functions whose result holds what they were given.
HOLDING = (Effect.HOLD, Effect.COPY, Effect.LATER)


@cache
def _table() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for row in (*standard.ROWS, *foreign.ROWS):
        now = frozenset(row.now.split())
        for name in row.names.split():
            by_name = name.startswith(".")
            found[name] = Model(row.effect, row.source, now, by_name)
    return found


def by_path(path: str) -> Model | None:
    """Return the model of the function, class or method of that qualified name."""
    table = _table()
    return table.get(path) or table.get(f"{path.rpartition('.')[0]}.*")


def by_name(name: str) -> Model | None:
    """Return the model of a function or method of which only the last name is known."""
    return _table().get(f".{name}")


def keeps(name: str) -> bool:
    """Whether a method of that name puts its argument into its object."""
    model = by_name(name)
    return model is not None and model.effect is Effect.KEEP


def waits(path: str) -> bool:
    """Whether a ``with`` of that class is over only when what was handed to it is over."""
    return path in standard.WAITING.split() or path in foreign.WAITING.split()


@cache
def objects() -> dict[str, str]:
    """Return the class of what functions of the standard library give back, by their path."""
    return dict(pair.split("=") for pair in standard.OBJECTS.split())


def names() -> frozenset[str]:
    """Return every name of the table."""
    return frozenset(_table())

"""Which kinds and entries there are, and which of them are asked for."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from .environment import Environment
    from .outcome import Cell


@dataclass(frozen=True, slots=True)
class Entry:
    """One library, or one family of libraries, that we are put beside."""

    kind: str
    name: str
    requirements: tuple[str, ...]
    cells: Callable[[Entry, Environment], Iterator[Cell]]

    @property
    def label(self) -> str:
        """Its name in the report."""
        return f"{self.kind}/{self.name}"

    @property
    def names(self) -> set[str]:
        """What selects it."""
        return {self.kind, self.name, self.label}


def load(kind: str, name: str) -> ModuleType:
    """Return the module of an entry."""
    return importlib.import_module(f".{kind}.{name}", __package__)


def entries() -> list[Entry]:
    """Return every entry, kind by kind, in the order of their names."""
    package = importlib.import_module(__package__)
    found = []
    for kind in (m.name for m in pkgutil.iter_modules(package.__path__) if m.ispkg):
        folder = importlib.import_module(f".{kind}", __package__)
        for module in pkgutil.iter_modules(folder.__path__):
            if not module.name.startswith(("_", "test_")):
                requirements = getattr(load(kind, module.name), "REQUIREMENTS", None)
                if requirements is not None:
                    found.append(Entry(kind, module.name, tuple(requirements), folder.cells))
    return found


def selected(wanted: Sequence[str]) -> list[Entry]:
    """Return the entries that *wanted* names, by kind, name or both; all if it names none.

    Raises ValueError for a name that is nobody's.
    """
    known = entries()
    for name in wanted:
        if not any(name in (e.kind, e.name, e.label) for e in known):
            raise ValueError(
                f"no such entry: {name}; there are {', '.join(e.label for e in known)}"
            )
    return [e for e in known if not wanted or {e.kind, e.name, e.label} & set(wanted)]

"""Which classes of a project an object of one class may also be of, and what a name means there.

Two files may each define a class of the same name that have nothing to do with each other: a word
counts as a class of the other file only where nothing shows that it means another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.analysis.external.references import COMPUTED, How

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from codemods.analysis.external.references import Reference, References
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

#: A class by the file that defines it and its name there.
Identity = tuple["Path", str]
_MOST_EXPORTS = 12


@dataclass
class Kin:
    """A class with its heirs, and with all that these inherit from.

    ``members`` are those whose file is known, ``names`` all words that may mean one, ``heirs``
    those that inherit from it.
    """

    members: set[Identity]
    names: set[str]
    heirs: set[Identity] = field(default_factory=set)


class Kinship:
    """Tells the classes of one project apart, also where they share a name."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._kin: dict[Identity, Kin] = {}
        self._meanings: dict[tuple[Path, str], frozenset[Identity] | None] = {}

    def of(self, path: Path, owner: str) -> Kin:
        """Return the kin of the class *owner* of the module in *path*."""
        if (path, owner) not in self._kin:
            kin = Kin({(path, owner)}, {owner})
            self._add_heirs(kin, owner)
            self._add_bases(kin)
            self._kin[path, owner] = kin
        return self._kin[path, owner]

    def may_mean(self, kin: Kin, file: DiscoveredFile, word: str) -> bool:
        """Whether *word*, in *file*, may be a class of *kin*."""
        if word not in kin.names:
            return False
        meaning = self._meaning(file, word, ())
        return meaning is None or not meaning.isdisjoint(kin.members)

    def may_mean_any(self, kin: Kin, file: DiscoveredFile, words: Iterable[str]) -> bool:
        """Whether one of *words*, in *file*, may be a class of *kin*."""
        return any(self.may_mean(kin, file, word) for word in words)

    def _add_heirs(self, kin: Kin, owner: str) -> None:
        """Add the heirs of the class, and the other names that imports give it."""
        waiting = [owner]
        done: set[Identity] = set()
        while waiting:
            base = waiting.pop()
            for file in self._graph.holding(base):
                references = self._graph.references(file)
                if references is None or (file.path, base) in done:
                    continue
                if not _speaks_of_an_heir(references, base):
                    continue
                if self.may_mean(kin, file, base):
                    done.add((file.path, base))
                    waiting += _heirs_in(kin, file, references, base)

    def _add_bases(self, kin: Kin) -> None:
        """Add what the classes inherit from: methods of those run on their objects, too."""
        files = {file.path: file for name in kin.names for file in self._graph.holding(name)}
        waiting = list(kin.members)
        while waiting:
            path, name = waiting.pop()
            if path not in files:
                files.update((file.path, file) for file in self._graph.holding(name))
            file = files.get(path)
            references = self._graph.references(file) if file is not None else None
            if file is None or references is None:
                continue  # of no file of the run, or of one that does not parse
            for base in references.classes.bases.get(name, frozenset()) - {"", "object"}:
                found = self._meaning(file, base, ())
                kin.names.add(base)
                found = self._named(base) if found is None else found
                waiting += found - kin.members
                kin.members |= found

    def _named(self, name: str) -> frozenset[Identity]:
        """Return every class of the project that is called *name*."""
        found = set()
        for file in self._graph.holding(name, "class"):
            references = self._graph.references(file)
            if references is not None and name in references.classes.bases:
                found.add((file.path, name))
        return frozenset(found)

    def _meaning(
        self, file: DiscoveredFile, word: str, seen: tuple[Identity, ...]
    ) -> frozenset[Identity] | None:
        """Return the classes of the project that *word* may be in *file*, None if any."""
        key = (file.path, word)
        if key in seen or len(seen) > _MOST_EXPORTS:
            return None
        if key not in self._meanings:
            self._meanings[key] = self._looked_up(file, word, (*seen, key))
        return self._meanings[key]

    def _looked_up(
        self, file: DiscoveredFile, word: str, seen: tuple[Identity, ...]
    ) -> frozenset[Identity] | None:
        references = self._graph.references(file)
        if references is None or any(
            r.how is How.STAR and self._graph.leads_to(file.path, r.module)
            for r in references.named.get("*", ())
        ):
            return None
        found: set[Identity] = set()
        imports = [
            r
            for same in references.named.values()
            for r in same
            if (r.how is How.IMPORT and word in (r.local, r.name))
            or (r.how is How.USE and word == r.name)
        ]
        if word in references.classes.own:
            found.add((file.path, word))
        elif not imports or word in references.bound:
            return None
        for reference in imports:
            meant = self._imported(file, reference, seen)
            if meant is None:
                return None
            found |= meant
        return frozenset(found)

    def _imported(
        self, file: DiscoveredFile, reference: Reference, seen: tuple[Identity, ...]
    ) -> frozenset[Identity] | None:
        """Return what is imported, the empty set where it is of no file of the project."""
        homes = self._graph.leads_to(file.path, reference.module)
        if not homes:
            first = reference.module.partition(".")[0]
            near = not first or COMPUTED in reference.module
            near = near or bool(self._graph.leads_to(file.path, first))
            return None if near else frozenset()
        found: set[Identity] = set()
        for home in homes:
            meant = self._meaning(home, reference.name, seen)
            if meant is None:
                return None
            found |= meant
        return frozenset(found)


def _speaks_of_an_heir(references: References, base: str) -> bool:
    """Whether a class of the file inherits from what it calls *base*, or it calls that otherwise.

    Asked of the tree, for a text may be laid out in any way.
    """
    if any(base in bases for bases in references.classes.bases.values()):
        return True
    return any(r.local not in ("", base) for r in references.named.get(base, ()))


def _heirs_in(kin: Kin, file: DiscoveredFile, references: References, base: str) -> set[str]:
    """Add the classes of *file* that inherit from *base*; return the names that it has there."""
    heirs = {name for name, bases in references.classes.bases.items() if base in bases}
    fresh = {r.local for r in references.named.get(base, ()) if r.local} | heirs
    kin.names |= fresh
    kin.members |= {(file.path, name) for name in heirs}
    kin.heirs |= {(file.path, name) for name in heirs}
    return fresh

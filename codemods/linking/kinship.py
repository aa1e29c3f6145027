"""Which classes of a project an object of one class may also be of, and what a name means there.

Two files may each define a class of the same name that have nothing to do with each other: a word
counts as a class of the other file only where nothing shows that it means another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.analysis.external.references import COMPUTED, How
from codemods.analysis.external.spelling import spaced, whole
from codemods.linking.surroundings import imports_first
from codemods.project.discovery import DiscoveredFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from codemods.analysis.external.references import Reference, References
    from codemods.linking.module_graph import ModuleGraph

#: A class by the file that defines it and its name there.
Identity = tuple["Path", str]
_MOST_EXPORTS = 12
#: An object's own name, found by its letters first and asked then for what is before it.
_OWN = rb"(?:self(?<=\bself)|cls(?<=\bcls))"


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
        self._open: dict[Path, frozenset[str]] = {}
        self._using_own: dict[str, list[DiscoveredFile]] = {}
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

    def of_any_class(self, file: DiscoveredFile, owners: Iterable[str], path: Path) -> bool:
        """Whether an object of one of *owners*, classes in *file*, may be of one in *path*.

        They are protocols, or inherit from a value: of a class that *file* leads to.
        """
        if any(self._is_protocol(file, owner) for owner in owners):
            return True
        if self._open_classes(file).isdisjoint(owners):
            return False
        return any(one.path == path for one in imports_first(self._graph, [file]))

    def using_own_field(self, name: str) -> Sequence[DiscoveredFile]:
        """Return the files in which a class that inherits from a value uses its field *name*."""
        if name not in self._using_own:
            own = re.compile(spaced(_OWN, rb"\.", whole(name)))
            self._using_own[name] = [
                file
                for file in self._graph.holding(name, "class")
                if self._may_be_open(file)
                and own.search(self._graph.content(file))
                and self._open_classes(file)
            ]
        return self._using_own[name]

    def _may_be_open(self, file: DiscoveredFile) -> bool:
        """Whether *file* may have a class that inherits from a value, as far as its tree is there.

        That is told once; a search of the text is one for each name.
        """
        return not self._graph.has_tree(file) or bool(self._open_classes(file))

    def _open_classes(self, file: DiscoveredFile) -> frozenset[str]:
        if file.path not in self._open:
            self._open[file.path] = frozenset(self._inheriting_from_values(file))
        return self._open[file.path]

    def _inheriting_from_values(self, file: DiscoveredFile) -> Iterator[str]:
        references = self._graph.references(file)
        if references is None:
            return
        classes = references.classes
        yield from classes.of_values
        every = [r for same in references.named.values() for r in same]
        told: dict[str, list[Reference]] = {}
        for one in (r for r in every if r.how in (How.IMPORT, How.USE)):
            told.setdefault(one.local or one.name, []).append(one)
        for owner, bases in classes.bases.items():
            if any(self._is_variable(file, one) for base in bases for one in told.get(base, ())):
                yield owner
                yield from bases & classes.bases.keys()

    def _is_variable(self, file: DiscoveredFile, reference: Reference) -> bool:
        """Whether *reference* brings in a variable of a module, which may have any class."""
        for home in self._graph.leads_to(file.path, reference.module):
            found = self._graph.references(home)
            if found is not None and reference.name in found.bound - found.classes.bases.keys():
                return True
        return False

    def _is_protocol(self, file: DiscoveredFile, word: str) -> bool:
        for path, name in self._meaning(file, word, ()) or ():
            references = self._graph.references(DiscoveredFile(str(path), str(path)))
            if references is not None and name in references.classes.protocols:
                return True
        return False

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
    if base in references.classes.heirs:
        return True
    return any(r.local not in ("", base) for r in references.named.get(base, ()))


def _heirs_in(kin: Kin, file: DiscoveredFile, references: References, base: str) -> set[str]:
    """Add the classes of *file* that inherit from *base*; return the names that it has there."""
    heirs = references.classes.heirs.get(base, set())
    fresh = {r.local for r in references.named.get(base, ()) if r.local} | heirs
    kin.names |= fresh
    kin.members |= {(file.path, name) for name in heirs}
    kin.heirs |= {(file.path, name) for name in heirs}
    return fresh

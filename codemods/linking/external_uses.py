"""What the files of a project do with the names and fields of one of its modules."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.external.names import ExternalUse, Uses
from codemods.analysis.external.references import COMPUTED, How
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass, method_of
from codemods.linking.module_graph import begins, module_parts
from codemods.project.discovery import DiscoveredFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from codemods.analysis.external.fields import FieldUse
    from codemods.analysis.external.handed_records import Handed, Way
    from codemods.analysis.external.references import Reference, References
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Identity
    from codemods.linking.computed_lookups import ComputedLookups
    from codemods.linking.kinship import Kin, Kinship
    from codemods.linking.method_names import MethodNames
    from codemods.linking.module_graph import ModuleGraph
    from codemods.linking.module_names import ModuleNames
    from codemods.linking.names.replacements import Replacements
    from codemods.linking.names.spoken_names import SpokenNames
    from codemods.linking.registrations import Registrations
    from codemods.linking.runtimes import Runtimes
    from codemods.linking.surroundings import Surroundings
    from codemods.model.runtime import Evidence

#: With one of these a file reads names of its own that it does not spell.
_BY_NAME = ("eval", "exec", "globals")
_UNKNOWN_ROOT = "no file outside of this run uses {0}: where the project begins is not known"


class ExternalUses:
    """What the other files do with the module in *path*; every answer is computed once."""

    def __init__(
        self,
        graph: ModuleGraph,
        replacements: Replacements,
        surroundings: Surroundings,
        lookups: ComputedLookups,
        spoken: SpokenNames,
        runtimes: Runtimes,
        kinship: Kinship,
        methods: MethodNames,
        module_names: ModuleNames,
        registrations: Registrations,
        path: Path,
        *,
        is_whole: bool,
        is_home: Callable[[Path], bool],
        analysed: Callable[[DiscoveredFile], SemanticModel | None],
    ) -> None:
        self._graph = graph
        self._replacements = replacements
        self._surroundings = surroundings
        self._lookups = lookups
        self._spoken = spoken
        self._runtimes = runtimes
        self._kinship = kinship
        self._methods = methods
        self._module_names = module_names
        self._registrations = registrations
        self._path = path
        self._is_whole = is_whole
        self._is_home = is_home
        self._analysed = analysed
        self._variables: dict[str, Uses] = {}
        self._fields: dict[tuple[str, str], Uses] = {}

    def replaced_method(self) -> ExternalUse | None:
        """Return where a file that runs the module puts something in a tracker method's place."""
        return self._replacements.of(self._path)

    def is_replaced(self, name: str) -> bool:
        """Whether any file puts something else in the place of a function called *name*."""
        return self._spoken.is_replaced(name)

    def replacing(self, name: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of the files that may replace the module's function *name*."""
        for file in self._replacements.putting(name, self._path):
            yield self._analysed(file)

    def lines_meaning(self, other: SemanticModel, names: Iterable[str]) -> frozenset[int]:
        """Return the lines of the *other* file that may mean one of the module's *names*."""
        source = other.module.source
        file = DiscoveredFile(str(source.path), source.display)
        references = self._graph.references(file)
        if references is None:
            return frozenset()
        meaning = partial(self._module_names.meaning, file, references, path=self._path)
        return frozenset(one.line for name in names for one in meaning(name))

    def functions(self, name: str, beginning: str) -> Iterator[Resolved]:
        """Yield the functions *name* of modules whose own name begins so, wherever they are."""
        for file in self._graph.holding(name):
            semantic = self._analysed(file) if begins(file.path, beginning) else None
            every = semantic.module.functions if semantic is not None else ()
            for node in (n for n in every if n.name == name):
                if semantic is not None and isinstance(semantic.module.parents[node], ast.Module):
                    yield Resolved(semantic.taint, node)

    def keywords(self, name: str) -> frozenset[str]:
        """Return the keywords of all calls of something called *name*, "**" for unpacked ones."""
        return self._spoken.keywords(name)

    def provides(self, name: str) -> bool:
        """Whether any file of the project may give objects an attribute *name* of its own."""
        return self._spoken.provides(name)

    def surroundings(
        self, telling: Callable[[SemanticModel], bool], *, by_all: bool = False
    ) -> Iterator[SemanticModel]:
        """Yield the analysis of each other *telling* file in whose contexts the module may run.

        *by_all* says that its functions are handed on, to files that need not know it.
        """
        return self._surroundings.of(self._path, telling, by_all=by_all)

    def handed_on(self) -> Iterator[Handed]:
        """Yield the functions with trackers that code of the module may run without naming them."""
        path, led_to = str(self._path), self._registrations.led_to
        for one in self._registrations.all:
            if any(way.through is None or way.through in led_to(path) for way in one.ways):
                yield one

    def may_run(self, way: Way, caller: str, method: str) -> bool:
        """Whether a *method* of an unknown object, in *caller*, may lead to what went that way."""
        return self._registrations.may_run(way, caller, method, self._spoken.provides)

    def function(self, handed: Handed) -> Resolved | None:
        """Return the function that is *handed* on."""
        semantic = self._analysed(self._registrations.file(handed.path))
        taint = semantic.taint if semantic is not None else None
        for node in taint.module.functions if taint is not None else ():
            if taint is not None and taint.module.qualified_name(node) == handed.names:
                inside = isinstance(taint.module.parents[node], ast.ClassDef)
                return method_of(taint, node) if inside else Resolved(taint, node)
        return None

    def is_handed_on(self) -> bool:
        """Whether any code, of whatever file, has functions of the module with trackers."""
        return any(one.path == str(self._path) for one in self._registrations.all)

    def lacking(self, legacy: str, context: str, name: str) -> str | None:
        """Return what is missing for ``from context import name`` where *legacy* is of the project.

        None where nothing is missing, and where *legacy* is not of the project.
        """
        home = self._graph.only(self._path, legacy)
        if home is None:
            return None
        found = self._graph.only(home.path, context)
        if found is None:
            place = self._graph.unlisted(home, legacy, context)
            return f"{place} is not there" if place is not None else None
        references = self._graph.references(found)
        if references is None or references.may_bind(name):
            return None
        return f"{found.display} has no {name}"

    def runtime(self, legacy: str, context: str) -> Evidence | None:
        """Return what the project's own *context* module shows, None where it has none."""
        return self._runtimes.of(self._path, legacy, context)

    def variable(self, name: str) -> Uses:
        """Return the uses of the module's global *name*."""
        if name not in self._variables:
            self._variables[name] = self._variable(name)
        return self._variables[name]

    def field(self, owner: str, name: str) -> Uses:
        """Return the uses of the field *name* of objects of the module's class *owner*."""
        if (owner, name) not in self._fields:
            self._fields[owner, name] = self._field(owner, name)
        return self._fields[owner, name]

    def kin(self, owner: str) -> AbstractSet[Identity]:
        """Return the classes of which an object of the module's class *owner* may be one too."""
        return self._kinship.of(self._path, owner).members

    def heirs(self, owner: str) -> frozenset[str]:
        """Return the names of classes of other files that inherit from the class *owner*."""
        heirs = self._kinship.of(self._path, owner).heirs
        return frozenset(name for path, name in heirs if path != self._path)

    def heir_classes(self, owner: str) -> Iterator[ResolvedClass]:
        """Yield the classes of other files that inherit from the module's class *owner*."""
        for path, name in sorted(self._kinship.of(self._path, owner).heirs):
            named = self._graph.holding(name) if path != self._path else ()
            known = [self._analysed(file) for file in named if file.path == path]
            for taint in (one.taint for one in known if one is not None):
                every = taint.module.every(ast.ClassDef)
                yield from (ResolvedClass(taint, node) for node in every if node.name == name)

    def naming(self, owner: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that may speak of the module's class *owner*."""
        kin = self._kinship.of(self._path, owner)
        for file in self._graph.holding(owner):
            if file.path != self._path and self._kinship.may_mean(kin, file, owner):
                yield self._analysed(file)

    def mentioning(self, name: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that has the word *name*."""
        for file in self._graph.holding(name):
            if file.path != self._path:
                yield self._analysed(file)

    def methods(self, name: str) -> Iterator[Resolved]:
        """Yield the methods *name* of classes of the other files."""
        for file in self._methods.having(name):
            semantic = self._analysed(file) if file.path != self._path else None
            yield from semantic.taint.methods_called(name) if semantic is not None else ()

    def _variable(self, name: str) -> Uses:
        places: list[ExternalUse] = []
        doubts = [] if self._is_whole else [_UNKNOWN_ROOT.format(name)]
        mentioned = False
        waiting = [(self._path, name)]
        seen = set(waiting)
        while waiting:
            path, wanted = waiting.pop()
            endings = self._module_names.endings(path)
            for file in self._files(path, wanted):
                references = self._graph.references(file)
                if references is None:
                    mentioned = True
                    doubts.append(f"{file.display}, which does not parse, makes no use of {name}")
                    continue
                if not references.may_mean(wanted, endings):
                    continue  # most files, which have the words for something else
                for reference in self._module_names.meaning(file, references, wanted, path):
                    mentioned |= reference.how is not How.STAR or wanted in references.loads
                    place, local = _used(file, reference, references, wanted)
                    places.extend([place] if place is not None else [])
                    # What a file imports, others may take from there.
                    if local and (file.path, local) not in seen:
                        seen.add((file.path, local))
                        waiting.append((file.path, local))
        for file, use in self._lookups.names:
            if file.path != self._path or use.text.startswith("__globals__"):
                places.append(ExternalUse(use.text, f"{file.display}:{use.line}"))
        handed = self._handed_on(name)
        places.extend([handed] if handed is not None else [])
        return Uses(tuple(places), mentioned or handed is not None, tuple(doubts))

    def _handed_on(self, name: str) -> ExternalUse | None:
        """Return where the module is handed to code that may use its *name*, in a further file."""
        handed = list(self._module_names.to_all(self._path))
        if handed and not self._is_read(name):
            handed = [(f, r) for f, r in handed if r.how is not How.WHOLE or r.local == COMPUTED]
        for file, reference in handed:
            return ExternalUse(reference.text, f"{file.display}:{reference.line}")
        return None

    def _is_read(self, name: str) -> bool:
        """Whether another file uses the field *name* of something that may be a module."""
        users = (f for f in self._graph.using_field(name) if f.path != self._path)
        return any(self._reads_unknown(file, name) for file in users)

    def _reads_unknown(self, file: DiscoveredFile, name: str) -> bool:
        """Whether *file* uses the field *name* of something that may be a module."""
        references = self._graph.references(file)
        uses = references.fields.get(name, ()) if references is not None else ()
        return any(use.owners is None and not use.path for use in uses)

    def _files(self, path: Path, name: str) -> list[DiscoveredFile]:
        """Return the other files that hold *name* and may reach the module in *path*."""
        stem = module_parts(path)[-1]
        # By places, which are texts: to hash a path is a call of its own.
        found = {file.place: file for file in self._graph.holding(name, stem)}
        for word in ("import_module", "__import__"):
            found.update((file.place, file) for file in self._graph.holding(name, word))
        for word in self._module_names.known_as(path):
            found.update((file.place, file) for file in self._graph.holding(name, word))
        near: list[DiscoveredFile] = []
        if path.stem == "__init__":
            # ``from . import name`` names its package by nothing but dots.
            inside = [f for f in self._graph.files if path.parent in f.path.parents]
            found.update((f.place, f) for f in self._graph.holding(name) if f in inside)
            near = [f for f in inside if self._module_names.takes_all(f)]
        # What a file has by a star it need not name.
        found.update((f.place, f) for f in (*self._module_names.taking_all(stem), *near))
        found.pop(str(path), None)
        found.pop(str(self._path), None)
        return list(found.values())

    def _field(self, owner: str, name: str) -> Uses:
        places: list[ExternalUse] = []
        doubts = [] if self._is_whole else [_UNKNOWN_ROOT.format(f"{owner}.{name}")]
        kin = self._kinship.of(self._path, owner)
        unknown: list[str] = []
        files = {
            f.path: f
            for one in kin.names
            for f in self._graph.holding(name, one)
            if self._kinship.may_mean(kin, f, one)
        }
        near = files.keys() - {self._path}
        files.update((file.path, file) for file in self._graph.using_field(name))
        files.update((file.path, file) for file in self._kinship.using_own_field(name))
        files.pop(self._path, None)
        for file in sorted(files.values(), key=lambda file: file.display):
            references = self._graph.references(file)
            if references is None:
                if file.path in near:
                    doubts.append(f"{file.display}, which does not parse, leaves {name} alone")
                continue
            for use in references.fields.get(name, ()):
                place = ExternalUse(use.text, f"{file.display}:{use.line}", use.reads)
                if use.owners is not None:
                    ours = self._kinship.may_mean_any(kin, file, use.owners)
                    ours = ours or self._kinship.of_any_class(file, use.owners, self._path)
                    places.extend([place] if ours else [])
                elif file.path in near:
                    places.append(place)
                elif self._may_be_ours(file, use):
                    unknown.append(str(place))
        for file, use in self._lookups.fields:
            owners = use.owners
            known = owners is not None and not self._kinship.may_mean_any(kin, file, owners)
            if file.path != self._path and not known and self._may_be_ours(file, use):
                places.append(ExternalUse(use.text, f"{file.display}:{use.line}"))
        places.extend(self._overridden(kin, name))
        if unknown:
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            doubts.append(f"{unknown[0]}{more} is of another class than {owner}")
        return Uses(tuple(places), bool(places), tuple(doubts))

    def _overridden(self, kin: Kin, name: str) -> Iterator[ExternalUse]:
        """Yield where an heir in another file has a method or an attribute of its own as *name*."""
        files = {file.path: file for file in self._graph.holding(name)}
        for path, heir in sorted(kin.heirs):
            file = files.get(path) if path != self._path else None
            references = self._graph.references(file) if file is not None else None
            line = references.classes.members[heir].get(name) if references is not None else None
            if file is not None and line is not None:
                yield ExternalUse(f"{heir}.{name}", f"{file.display}:{line}")

    def _may_be_ours(self, file: DiscoveredFile, use: FieldUse) -> bool:
        """Whether the object of *use*, of an unknown class, is not seen to be another's.

        A module is no object, and what comes from a package that is not here makes no object
        of a class that is.
        """
        if self._is_home(file.path):
            return False  # what the API does with a tracker is known
        if not use.path:
            return True
        if self._graph.leads_to(file.path, f"{use.path}.{use.text.rpartition('.')[2]}"):
            return False
        if use.path.startswith("."):
            return True
        return bool(self._graph.leads_to(file.path, use.path.partition(".")[0]))


def _used(
    file: DiscoveredFile, reference: Reference, references: References, wanted: str
) -> tuple[ExternalUse | None, str]:
    """Return the use that *reference* is, and the name of the file that stands for the object."""
    if reference.how in (How.USE, How.WHOLE):
        where = f"{file.display}:{reference.line}"
        return ExternalUse(reference.text.lstrip("."), where, reference.reads), ""
    if reference.how not in (How.IMPORT, How.STAR):
        return None, ""
    local = reference.local if reference.how is How.IMPORT else wanted
    if reference.how is How.STAR and (wanted.startswith("_") or wanted in references.bound):
        return None, ""
    looked_up = (references.loads[word] for word in _BY_NAME if word in references.loads)
    line = references.loads.get(local, min(looked_up, default=None))
    if line is None:
        return None, local
    return ExternalUse(local, f"{file.display}:{line}", local in references.loads), local

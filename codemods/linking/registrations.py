"""Functions with trackers that a file of the project hands on: to registries, or to computed names.

Asked of the trees alone, and of the files alone that name such a function: a project in which none
is handed on pays for little more than for reading its names.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.deferred.callbacks import registers
from codemods.analysis.external.computed_names import IMPORTING, lookups
from codemods.analysis.external.handed_names import SPEAKING, Mentions, speakers_of
from codemods.analysis.external.handed_records import Handed, Way
from codemods.analysis.external.handed_values import Values
from codemods.analysis.external.references import How
from codemods.linking.module_graph import BLANKS, module_parts
from codemods.linking.shares import EVERYTHING, alone
from codemods.linking.surroundings import imports_first

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from codemods.analysis.external.computed_names import Lookups
    from codemods.analysis.external.handed_records import Mention, Place, Speaker
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.module_graph import ModuleGraph
    from codemods.linking.names.spoken_names import SpokenNames
    from codemods.linking.shares import Gathering, Share
    from codemods.project.discovery import DiscoveredFile

#: A function by its file and its qualified name.
Item = tuple[Path, tuple[str, ...]]
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")
#: How many functions lie between one that is handed on and one that has a tracker, at most.
_LEVELS = 4
#: Methods of foreign objects that run what was connected with them.
_TELLING = frozenset(
    "save delete create send commit flush invoke call run execute handle notify process emit_event "
    "apply trigger close".split()
)


@dataclass
class _Ways:
    """How functions come to be run: handed on themselves, or by functions that call them."""

    handed: dict[Item, set[Way]] = field(default_factory=dict)
    callers: dict[Item, set[Item]] = field(default_factory=dict)

    def add(self, item: Item, way: Way) -> None:
        self.handed.setdefault(item, set()).add(way)

    def of(self, item: Item) -> frozenset[Way]:
        """Return how *item*, or what calls it, is handed on."""
        found: set[Way] = set()
        waiting, seen = [item], {item}
        while waiting:
            one = waiting.pop()
            found |= self.handed.get(one, set())
            fresh = self.callers.get(one, set()) - seen
            seen |= fresh
            waiting += fresh
        return frozenset(found)


class Registrations:
    """The functions with trackers that code which does not name them may run."""

    def __init__(
        self,
        graph: ModuleGraph,
        spoken: SpokenNames,
        is_home: Callable[[Path], bool],
        analysed: Callable[[DiscoveredFile], SemanticModel | None],
    ) -> None:
        self._graph = graph
        self._spoken = spoken
        self._is_home = is_home
        self._analysed = analysed
        self._files: dict[Path, DiscoveredFile] = {}
        self._mentioned: dict[Path, Mentions | None] = {}
        self._speakers_in: dict[Path, Sequence[Speaker]] = {}
        self._looked_up: dict[Path, Lookups | None] = {}
        self._led_to: dict[str, dict[str, DiscoveredFile]] = {}
        self._having: dict[tuple[str, str], bool] = {}

    @cached_property
    def speaking(self) -> Mapping[Path, DiscoveredFile]:
        """The files that may have such functions."""
        self._graph.look_for(SPEAKING)
        return {f.path: f for word in SPEAKING for f in self._graph.holding(word)}

    @cached_property
    def all(self) -> tuple[Handed, ...]:
        """Every such function of the project."""
        found: list[Handed] = []
        alone(self._found(EVERYTHING, found))
        return tuple(found)

    def _found(self, share: Share, found: list[Handed]) -> Gathering:
        speakers = self._speakers()
        ways = _Ways()
        yield from self._follow(speakers, ways, share)
        self._look_up(speakers, ways)
        led = ((item, ways.of(item)) for item in speakers)
        found += [Handed(str(item[0]), item[1], by) for item, by in led if by]
        for read in (self._mentioned, self._speakers_in, self._looked_up):
            read.clear()

    def look_at(self, file: DiscoveredFile) -> None:
        """Find out what is asked of *file* in several turns while its tree is there."""
        self._graph.imports(file)
        if not self._is_home(file.path):
            self._graph.references(file)
            self._speaking_in(file)
            self._lookups_in(file)

    def told(self, file: DiscoveredFile) -> tuple[Sequence[Speaker], Lookups | None]:
        """Return what ``look_at`` found in *file*, for ``take``."""
        return self._speakers_in.get(file.path, ()), self._looked_up.get(file.path)

    def take(self, place: str, speakers: Sequence[Speaker], found: Lookups | None) -> None:
        """Take over what another process read in the file at *place*."""
        self._speakers_in[Path(place)] = speakers
        self._looked_up[Path(place)] = found

    def gather(self, share: Share) -> Gathering:
        """Find out about all of them; where others hand them on, processes tell each other."""
        found: list[Handed] = []
        with contextlib.suppress(RecursionError, MemoryError):  # it is asked for again
            yield from self._found(share, found)
            self.__dict__["all"] = tuple(found)

    def file(self, path: str) -> DiscoveredFile:
        """Return the file at *path*, of one of those functions."""
        return self._files[Path(path)]

    def led_to(self, path: str) -> Mapping[str, DiscoveredFile]:
        """Return the file at *path* with all that it imports, whatever is between."""
        if path not in self._led_to:
            own = [file for file in self._graph.files if file.place == path]
            self._led_to[path] = {one.place: one for one in imports_first(self._graph, own)}
        return self._led_to[path]

    def may_run(self, way: Way, caller: str, method: str, provides: Callable[[str], bool]) -> bool:
        """Whether the code of *caller* may run what is handed on that *way*, by a *method*.

        It is of an object that shows no class: of one that *provides* the method, or foreign.
        """
        if way.homes is None:
            return _tells(method) or provides(method)
        if not way.homes:
            return _tells(method)
        if not way.homes.isdisjoint(self.led_to(caller)):
            return True
        return any(self._has(path, method) for path in way.homes)

    def _has(self, path: str, method: str) -> bool:
        """Whether the file at *path* gives objects a *method*, or an attribute of that name."""
        if (path, method) not in self._having:
            file = self.led_to(path).get(path)
            self._having[path, method] = file is not None and self._spoken.gives(file, method)
        return self._having[path, method]

    def _speakers(self) -> dict[Item, Speaker]:
        found: dict[Item, Speaker] = {}
        for file in sorted(self.speaking.values(), key=lambda f: f.display):
            if not self._is_home(file.path):
                self._files[file.path] = file
                every = self._speaking_in(file)
                found.update(((file.path, one.names), one) for one in every)
        return found

    def _speaking_in(self, file: DiscoveredFile) -> Sequence[Speaker]:
        if file.path not in self._speakers_in:
            self._speakers_in[file.path] = self._graph.of_tree(file, speakers_of) or ()
        return self._speakers_in[file.path]

    def _lookups_in(self, file: DiscoveredFile) -> Lookups | None:
        if file.path not in self._looked_up:
            references = self._graph.references(file)
            paths = references.paths if references is not None else None
            found = None if paths is None else partial(lookups, paths=paths)
            self._looked_up[file.path] = self._graph.of_tree(file, found) if found else None
        return self._looked_up[file.path]

    def _follow(self, speakers: dict[Item, Speaker], ways: _Ways, share: Share) -> Gathering:
        """Note what is handed on of *speakers*, and of what calls them."""
        fresh, seen = dict(speakers), set(speakers)
        for _ in range(_LEVELS):
            callers: dict[Item, Speaker] = {}
            for item, speaker in fresh.items():
                self._note_registered(item, speaker, ways)
            asked = self._wanted(fresh, near=fresh.keys() != speakers.keys())
            told = yield self._mentions(
                fresh, {p: n for p, n in asked.items() if share.has(str(p))}
            )
            merged = {path: found for every in told for path, found in every.items()}
            mentions = ((self._files[p], *one) for p in asked for one in merged.get(p, ()))
            for file, mention, item in mentions:
                if mention.inside is None:
                    ways.add(item, self._way(file, mention.place))
                    continue
                gives = ("()",) if mention.inside.gives else ()
                caller = (file.path, (*mention.inside.names, *gives))
                ways.callers.setdefault(item, set()).add(caller)
                if caller not in seen:
                    seen.add(caller)
                    callers[caller] = mention.inside
            fresh = callers
            if not fresh:
                return
        for item in fresh:  # who calls those was not looked for
            ways.add(item, Way())

    def _way(self, file: DiscoveredFile, place: Place) -> Way:
        return Way(place.under, self._homes(file, place), place.keeper)

    def _homes(self, file: DiscoveredFile, place: Place) -> frozenset[str] | None:
        """Return the files whose code has what *file* puts into *place*."""
        if place.path == "":
            return frozenset([file.place])
        found: set[str] = set()
        if place.path is not None:
            before = place.path
            while before and not found:
                led = self._graph.leads_to(file.path, before)
                found.update(one.place for one in led)
                for one in (o for o in led if o.path.stem == "__init__"):
                    found.update(f.place for f in self._graph.imports(one).values())
                before = before.rpartition(".")[0]
            if not found:
                return frozenset()
        if place.path is None and not place.method:
            return None
        if place.method:
            reached = self.led_to(file.place)
            found.update(one for one in reached if self._has(one, place.method))
        return frozenset(found)

    def _note_registered(self, item: Item, speaker: Speaker, ways: _Ways) -> None:
        """Note what its decorator keeps, and what the library calls as a method."""
        if speaker.base:
            ways.add(item, Way(homes=frozenset(), keeper=speaker.base))
        if speaker.decorated:
            for place in self._registered_by(item):
                ways.add(item, self._way(self._files[item[0]], place))

    def _registered_by(self, item: Item) -> Iterator[Place]:
        """Yield the places that decorators of *item* put it into."""
        file = self._files[item[0]]
        semantic = self._analysed(file)
        references = self._graph.references(file)
        if semantic is None or references is None:
            return
        module = semantic.module
        functions = (f for f in module.functions if f.name == item[1][-1])
        named = (f for f in functions if module.qualified_name(f) == item[1])
        for decorator in (d for f in named for d in f.decorator_list):
            if registers(semantic.taint, decorator):
                yield Values(module.tree, references.paths).place_by(decorator)

    def _wanted(self, speakers: dict[Item, Speaker], *, near: bool) -> dict[Path, set[str]]:
        """Return the names of *speakers* that files hold; *near* ones, if none was looked for."""
        names = dict.fromkeys(n for one in speakers.values() for n in _names(one))
        wanted: dict[Path, set[str]] = {}
        for name, file in self._holding(names, near=near):
            self._files.setdefault(file.path, file)
            wanted.setdefault(file.path, set()).add(name)
        return wanted

    def _mentions(
        self, speakers: dict[Item, Speaker], wanted: Mapping[Path, set[str]]
    ) -> dict[Path, list[tuple[Mention, Item]]]:
        """Return where files mention *speakers* by the names that are *wanted* of them."""
        by_name: dict[str, list[tuple[Item, Speaker]]] = {}
        for item, speaker in speakers.items():
            for name in _names(speaker):
                by_name.setdefault(name, []).append((item, speaker))
        found: dict[Path, list[tuple[Mention, Item]]] = {}
        for path, names in wanted.items():
            file = self._files[path]
            read = self._read(file)
            made = [name for name in names if any(_is_made(one) for _, one in by_name[name])]
            for mention in read.of(sorted(names), made) if read is not None else ():
                for item, speaker in by_name[mention.name]:
                    if _is_said_so(speaker, mention) and self._is_meant(file, mention, item):
                        found.setdefault(path, []).append((mention, item))
        return found

    def _read(self, file: DiscoveredFile) -> Mentions | None:
        if file.path not in self._mentioned:
            references = self._graph.references(file)
            found = None
            if references is not None:
                found = self._graph.of_tree(file, partial(Mentions, paths=references.paths))
            self._mentioned[file.path] = found
        return self._mentioned[file.path]

    def _holding(
        self, names: Collection[str], *, near: bool
    ) -> Iterator[tuple[str, DiscoveredFile]]:
        known = [name for name in names if not near or self._graph.is_looked_for(name)]
        self._graph.look_for(known)
        for name in known:
            yield from ((name, file) for file in self._graph.holding(name))
        others = {name.encode(errors="surrogateescape"): name for name in set(names) - set(known)}
        for file in list(self._files.values()) if others else ():
            for word in others.keys() & set(self._graph.content(file).translate(BLANKS).split()):
                yield others[word], file

    def _is_meant(self, file: DiscoveredFile, mention: Mention, item: Item) -> bool:
        """Whether *mention*, in *file*, may be the function *item*, or its class."""
        path, names = item
        if mention.base is None:
            near = file.path == path or path in self._graph.imports(file)
            return len(names) > 1 and (near or mention.inside is None)
        if mention.base == "":
            return file.path == path or self._has_by_star(file, path)
        modules = (mention.base, mention.base.rpartition(".")[0])
        return any(self._leads_to(file, module, path) for module in modules if module)

    def _leads_to(self, file: DiscoveredFile, module: str, path: Path) -> bool:
        """Whether *module* is that in *path*, or gives what it imports from there."""
        found = self._graph.leads_to(file.path, module)
        return any(one.path == path or path in self._graph.imports(one) for one in found)

    def _has_by_star(self, file: DiscoveredFile, path: Path) -> bool:
        references = self._graph.references(file)
        stars = references.named.get("*", ()) if references is not None else ()
        return any(r.how is How.STAR and self._leads_to(file, r.module, path) for r in stars)

    def _look_up(self, speakers: dict[Item, Speaker], ways: _Ways) -> None:
        """Note the *speakers* that files find by names which they compute."""
        homes = {path for path, _ in speakers}
        for file in self._looking(homes) if homes else ():
            found = self._lookups_in(file)
            if not found:
                continue
            given = {p for p in homes if any(self._names(file, m, p) for m in found.given)}
            led = {p for p in homes - given if self._finds(file, found, p)}
            for item in (one for one in speakers if one[0] in given or one[0] in led):
                through = None if item[0] in given else file.place
                ways.add(item, Way(item[1][-1], through=through))

    def _looking(self, homes: Collection[Path]) -> list[DiscoveredFile]:
        """Return the files that may find what is in *homes*: they import it, or compute names."""
        self._graph.look_for((*IMPORTING, *(module_parts(path)[-1] for path in homes)))
        files = {f.path: f for word in IMPORTING for f in self._graph.holding(word)}
        files.update((f.path, f) for path in sorted(homes) for f in self._graph.importing(path))
        files.update((f.path, f) for f in self._graph.holding("sys", "modules"))
        return [file for file in files.values() if not self._is_home(file.path)]

    def _finds(self, file: DiscoveredFile, found: Lookups, path: Path) -> bool:
        if found.evaluates and path in self._graph.imports(file):
            return True
        return any(_begins(path, beginning) for beginning in found.beginnings) or any(
            self._names(file, module, path) for module in found.searched
        )

    def _names(self, file: DiscoveredFile, module: str, path: Path) -> bool:
        return any(one.path == path for one in self._graph.leads_to(file.path, module))


def _tells(method: str) -> bool:
    """Whether foreign code may be told to go ahead by a *method* of that name."""
    return telling_names.speaks_of_later(method) or method in _TELLING


def _begins(path: Path, beginning: str) -> bool:
    return f".{beginning.lstrip('.')}" in f".{'.'.join(module_parts(path))}"


def _names(speaker: Speaker) -> Iterator[str]:
    """Yield the names by which others may hand *speaker* on: its own, or that of its class."""
    if not speaker.is_special:
        yield speaker.name
    elif speaker.is_method:
        yield speaker.names[-2]


def _is_made(speaker: Speaker) -> bool:
    """Whether what a call of its name gives may lead to a call of *speaker*."""
    return speaker.gives or speaker.is_special


def _is_said_so(speaker: Speaker, mention: Mention) -> bool:
    """Whether *mention*, of its name or that of its class, may lead to a call of *speaker*."""
    if not speaker.is_special:
        # A variable is no method, and an attribute of an object is no function; what a call
        # gives is a function where one is returned.
        named = speaker.is_method or mention.base is not None
        return named and mention.made is speaker.gives
    return mention.inside is None and mention.made is not (speaker.name in _CONSTRUCTORS)

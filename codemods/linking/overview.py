"""What is found out of all files before any is rewritten, by one process or by several together.

Each process reads a share of the files, tells the others what stands there, and keeps the trees.
Nothing here need be done: whatever is not known is found out where it is asked for.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as api
from codemods.analysis.dataflow.deferred.quiet_methods import WORDS
from codemods.analysis.external.computed_names import IMPORTING
from codemods.analysis.external.names import imported_words, own_names
from codemods.analysis.external.put_names import PUTTING
from codemods.linking.computed_lookups import COMPUTING, SPEAKING
from codemods.linking.names.spoken_names import ANSWERING
from codemods.linking.surroundings import ENTERING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from codemods.analysis.external.computed_names import Lookups
    from codemods.analysis.external.handed_records import Speaker
    from codemods.analysis.external.references import References
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.module_graph import ModuleGraph
    from codemods.linking.names.plain_names import PlainNames
    from codemods.linking.names.replacements import Replacements
    from codemods.linking.names.spoken_names import SpokenNames
    from codemods.linking.registrations import Registrations
    from codemods.linking.shares import Gathering, Share
    from codemods.linking.surroundings import Surroundings
    from codemods.linking.trees import Trees
    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile


@dataclass(frozen=True, slots=True)
class Told:
    """What was read in the tree of one file, as it can be told to another process."""

    place: str
    imported: frozenset[str]
    references: References | None
    speakers: Sequence[Speaker]
    lookups: Lookups | None
    attributes: frozenset[str]
    plain: frozenset[str]


class Overview:
    """Reads the files of one project once, for what rules ask about all of them."""

    def __init__(
        self,
        graph: ModuleGraph,
        trees: Trees,
        spoken: SpokenNames,
        plain: PlainNames,
        replacements: Replacements,
        surroundings: Surroundings,
        registrations: Registrations,
        candidates: Sequence[SourceFile],
        parse: Callable[[SourceFile], None],
    ) -> None:
        self._graph = graph
        self._trees = trees
        self._spoken = spoken
        self._plain = plain
        self._replacements = replacements
        self._surroundings = surroundings
        self._registrations = registrations
        self._candidates = candidates
        self._parse = parse

    def gather(self, share: Share, telling: Callable[[SemanticModel], bool]) -> Gathering:
        """Find out what stands in the files of *share*, and what others say of the rest.

        *telling* is what rules will ask of all that open contexts.
        """
        own = [source for source in self._candidates if share.has(str(source.path))]
        words = yield set(self.words(own))
        wanted = frozenset[str]().union(*words)
        held = yield self._graph.held(wanted, self._files_of(share))
        self._graph.learn(wanted, held)
        # The others would be parsed for nothing: their trees do not stay.
        for source in (one for one in own if self._trees.keeps(one.path)):
            self._parse(source)
        speaking = self._registrations.speaking
        of_run = {source.path for source in self._candidates}
        with self._trees.keeping(speaking.keys() - of_run):
            told = yield self._read(share)
            for one in (one for every in told for one in every if not share.has(one.place)):
                self._graph.take(one.place, one.imported, one.references)
                self._registrations.take(one.place, one.speakers, one.lookups)
                self._spoken.take(one.place, one.attributes)
                self._plain.take(one.place, one.plain)
            self._surroundings.prepare()
            yield from self._registrations.gather(share)
        if share.is_part:
            yield from self._surroundings.gather(share, telling)
            yield from self._replacements.gather(share)

    def _files_of(self, share: Share) -> list[int]:
        return [at for at, file in enumerate(self._graph.files) if share.has(file.place)]

    def _read(self, share: Share) -> list[Told]:
        """Read the files of *share*; return what others ask of these, if there are others."""
        found: list[Told] = []
        files = {file.path: file for file in self._graph.holding(api.TRACKER_CLASS)}
        speaking = self._registrations.speaking
        files.update(speaking)
        for path, file in files.items():
            if not share.has(file.place):
                continue
            if path in speaking and (share.is_part or not self._trees.keeps(path)):
                self._registrations.look_at(file)
            elif self._trees.keeps(path):
                self._graph.references(file)
            if share.is_part:
                found.append(self._told(file))
        return found

    def _told(self, file: DiscoveredFile) -> Told:
        references = self._graph.references(file)
        speakers, lookups = self._registrations.told(file)
        imported = self._graph.imported(file)
        # The tree stays here: of most of these files each process asks all that it can tell.
        told = None
        if references is not None:
            told = replace(references, _fields=partial(dict, references.fields))
        attributes = self._spoken.attributes(file)
        plain = self._plain.of(file)
        return Told(file.place, imported, told, speakers, lookups, attributes, plain)

    def words(self, own: Iterable[SourceFile]) -> Iterator[str]:
        """Yield the words that the rules may ask about, *own* files and whatever file."""
        yield from (api.TRACKER_CLASS, "class", "import_module", "__import__", "f_locals", "sys")
        yield from (*SPEAKING, *COMPUTING, *IMPORTING, *WORDS, *ENTERING, *PUTTING, *ANSWERING)
        yield from (*api.CONTEXT_MANAGERS, api.TRACKED_DECORATOR)
        for source in own:
            yield from source.path.parts[-3:-1]
            yield source.path.stem
            # What does not parse is found out where it is analysed.
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                tree = self._trees.of(source.path, source.text)
                yield from own_names(tree, api.TRACKER_CLASS) | imported_words(tree)

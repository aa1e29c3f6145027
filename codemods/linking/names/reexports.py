"""Names of libraries that files of the project have, and others take of them.

``from compat import spawn`` is ``asyncio.create_task``, if that is what ``compat`` means by it.
The bytes of such a file tell first whether it may have the name at all.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from codemods.analysis.external.library_names import given_to_others
from codemods.analysis.external.spelling import GAP, NAME, spaced
from codemods.analysis.syntax.tree import index

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

_DOTTED = rb"%b(?:%b\.%b%b)*+" % (NAME, GAP, GAP, NAME)
# What a match begins with stands first, as it is: what is before that is asked then.
#: What gives a name another one: an import, or an assignment of what is not called.
_AS = re.compile(rb"as(?<=\bas)\b%b(%b)" % (GAP, NAME))
_VALUE = re.compile(
    rb"=%b\(?%b(?:getattr\b|staticmethod\b|%b%b(?![(\[]))" % (GAP, GAP, _DOTTED, GAP)
)
#: A target with what it is said to be, and the last name, before what it is given.
_TARGET = re.compile(rb"(%b)%b(?::[^=\n]*+)?\Z" % (NAME, GAP))
_LAST = re.compile(rb"(%b)%b:?\Z" % (NAME, GAP))
#: A target on whatever line it stands before the sign; hardly ever on another one.
_ABOVE = re.compile(rb"(%b)%b(?::[^=\n]*+)?=(?!=)" % (NAME, GAP))
#: The names that are imported of a module, in brackets or on one line.
_IMPORT = re.compile(
    spaced(
        rb"from(?<=\bfrom)\b",
        rb"([\w.\x80-\xff]++)",
        rb"import\b",
        rb"(\((?:[^()#]|#[^\r\n]*+)*+\)|(?:[^\r\n;#\\]|\\\r?\n)*+)",
    )
)
_CLASS = re.compile(spaced(rb"class(?<=\bclass)\b", rb"(%b)" % NAME))
_WORD = re.compile(NAME)
_NOTHING: dict[str, str] = {}


class Reexports:
    """Names of libraries, by the files that give them to others; each file is looked at once."""

    def __init__(self, graph: ModuleGraph, homes: Callable[[Path], Collection[str]]) -> None:
        self._graph = graph
        #: The modules of the API, which are no library whether or not they are among the files.
        self._homes = homes
        self._likely: dict[Path, tuple[frozenset[str], Mapping[str, str]]] = {}
        self._names: dict[Path, Mapping[str, str]] = {}
        self._classes: dict[Path, frozenset[str]] = {}

    def is_foreign(self, origin: Path, module: str) -> bool:
        """Whether *module*, imported in the file *origin*, is of no file of the project."""
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            return True
        homes = (home.partition(".")[0] for home in self._homes(origin))
        return bool(top) and top not in homes and not self._is_ours(origin, module, top)

    def _is_ours(self, origin: Path, module: str, top: str) -> bool:
        return any(self._graph.leads_to(origin, name) for name in dict.fromkeys((module, top)))

    def is_module(self, origin: Path, module: str) -> bool:
        """Whether *module*, imported in the file *origin*, is certainly a file of the project."""
        return self._graph.only(origin, module) is not None

    def of(self, origin: Path, module: str, name: str) -> str:
        """Return the library's name for *name* of the project's *module*, empty if it is none."""
        file = self._graph.only(origin, module)
        likely = file is not None and self._may_have(file, name, frozenset())
        return self._in(file).get(name, "") if file is not None and likely else ""

    def may_be_class(self, file: DiscoveredFile, name: str) -> bool:
        """Whether the bytes of *file* do not show that its *name* in small letters is no class."""
        if file.path not in self._classes:
            found = _CLASS.findall(self._graph.content(file))
            self._classes[file.path] = frozenset(map(_text, found))
        return name in self._classes[file.path] or name in self._likely_in(file)[0]

    def all_of(self, origin: Path, module: str) -> Mapping[str, str]:
        """Return the libraries' names by the names that the project's *module* has for them."""
        file = self._graph.only(origin, module)
        return _NOTHING if file is None or not any(self._likely_in(file)) else self._in(file)

    def _may_have(self, file: DiscoveredFile, name: str, seen: frozenset[Path]) -> bool:
        """Whether the bytes of *file*, or of where it takes *name*, show one of a library."""
        names, modules = self._likely_in(file)
        if name in names or name not in modules or file.path in seen:
            return name in names
        further = self._graph.only(file.path, modules[name])
        return further is not None and self._may_have(further, name, seen | {file.path})

    def _likely_in(self, file: DiscoveredFile) -> tuple[frozenset[str], Mapping[str, str]]:
        """Return names that *file* may have of libraries, and modules that it imports others of."""
        if file.path not in self._likely:
            content = self._graph.content(file)
            names = {_text(one) for one in (*_AS.findall(content), *_targets(content))}
            modules: dict[str, str] = {}
            for module, imported in _IMPORT.findall(content):
                dotted, words = (
                    module.decode(errors="replace"),
                    {w.decode(errors="replace") for w in _WORD.findall(imported)},
                )
                if self.is_foreign(file.path, dotted):
                    names |= words
                else:
                    modules.update(dict.fromkeys(words, dotted))
            self._likely[file.path] = frozenset(names), modules
        return self._likely[file.path]

    def _in(self, file: DiscoveredFile) -> Mapping[str, str]:
        if file.path not in self._names:
            self._names[file.path] = _NOTHING  # of a circle of imports nothing is known
            self._names[file.path] = self._graph.of_tree(file, _given) or _NOTHING
        return self._names[file.path]


def _targets(content: bytes) -> Iterator[bytes]:
    """Yield the names that *content* may give to what is not called."""
    is_above = False
    for match in _VALUE.finditer(content):
        end = match.start()
        before = content[content.rfind(b"\n", 0, end) + 1 : end]
        is_above = is_above or before.strip()[:1] in (b"", b":")
        for found in (_TARGET.search(before), _LAST.search(before)):
            if found is not None:
                yield found[1]
    if is_above:
        yield from _ABOVE.findall(content)


def _text(name: bytes) -> str:
    return name.decode(errors="replace")


def _given(tree: ast.Module) -> Mapping[str, str]:
    return given_to_others(index(tree).kinds, getattr(tree, "elsewhere", None))


class SeenFrom:
    """The same as the file at *origin* sees it."""

    def __init__(self, reexports: Reexports, origin: Path) -> None:
        self._reexports = reexports
        self._origin = origin

    def is_foreign(self, module: str) -> bool:
        """Whether *module* is of no file of the project."""
        return self._reexports.is_foreign(self._origin, module)

    def is_module(self, module: str) -> bool:
        """Whether *module* is certainly a file of the project."""
        return self._reexports.is_module(self._origin, module)

    def name_of(self, module: str, name: str) -> str:
        """Return the library's name for *name* of *module*, empty if there is none."""
        return self._reexports.of(self._origin, module, name)

    def names_of(self, module: str) -> Mapping[str, str]:
        """Return the libraries' names by those that *module* has for them."""
        return self._reexports.all_of(self._origin, module)

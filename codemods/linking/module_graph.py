"""The files of a whole project: which module a name leads to, and which files hold a word.

Contents are not kept: one pass reads each file, and notes which of the words that may be asked
about it holds.  A tree is read only where two such words meet in a file.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from codemods.analysis.external import names, references
from codemods.analysis.external.spelling import GAP, NAME, spaced
from codemods.analysis.external.text_words import may_hide_words, words_of_texts
from codemods.model.outcome import Failed
from codemods.project.embedded.files import is_document, load
from codemods.project.sources import read

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from codemods.analysis.external.references import References
    from codemods.linking.trees import Trees
    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile

_IMPORTED = frozenset({".py", ".pyi"})
_SOURCE_FOLDERS = frozenset({"src", "lib", "python"})
#: Everything that cannot be part of a name becomes a blank; bytes above ASCII may be part of one.
BLANKS = bytes(b if b >= 128 or chr(b).isalnum() or chr(b) == "_" else 32 for b in range(256))
# A field of anything but ``self``, and a name as a text: bytes above ASCII may be part of both.
# What it begins with is found first, and what is before that asked then: one pattern for both
# would have to be tried at each letter.
_FIELD = re.compile(rb"\.(?<!\bself\.)(?<!\bcls\.)%b(%b)" % (GAP, NAME))
_QUOTED = re.compile(rb"[\"']([\w\x80-\xff]+)(?=[\"'])")
# A field in a pattern of ``match``, or a keyword.
_PATTERN = re.compile(spaced(rb"[(,]", rb"(%b)" % NAME, rb"=(?!=)"))
#: How many words are searched for one by one.
_FEW = 8
Parts = tuple[str, ...]
T = TypeVar("T")


class ModuleGraph:
    """All files of a project.

    *files* gives them when the first question comes; *known* are files that are taken as they
    were read, or will be, and not read from disk.
    """

    def __init__(
        self,
        files: Callable[[], Sequence[DiscoveredFile]],
        known: Mapping[Path, SourceFile],
        trees: Trees,
    ) -> None:
        self._given = files
        self._trees = trees
        self._known = known
        self._expected: Callable[[], Iterable[str]] | None = None
        self._holding: dict[bytes, set[int]] = {}
        self._beyond: dict[str, list[DiscoveredFile]] = {}
        self._hidden: dict[str, frozenset[bytes]] = {}
        # By file, with the number of words that it was looked through for.
        self._fields: dict[Path, tuple[frozenset[bytes], int]] = {}
        # By places, which are texts: to hash a path is a call of its own.
        self._references: dict[str, References | None] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._imports: dict[str, dict[Path, DiscoveredFile]] = {}
        self._places: dict[str, frozenset[str]] = {}
        self._leads: dict[tuple[str, str], tuple[DiscoveredFile, ...]] = {}

    @cached_property
    def files(self) -> Sequence[DiscoveredFile]:
        """Every file."""
        return self._given()

    @cached_property
    def _packages(self) -> frozenset[Parts]:
        likely = (file.path for file in self.files if "__init__" in file.place)
        return frozenset(path.parent.parts for path in likely if path.stem == "__init__")

    @cached_property
    def _by_tail(self) -> dict[Parts, list[DiscoveredFile]]:
        """The files by the last part, and the last two parts, of their modules' names."""
        found: dict[Parts, list[DiscoveredFile]] = {}
        tails: dict[str, Parts] = {}
        for file in self.files:
            # The last parts of module_parts(file.path); a path of each file would cost more.
            folder, _, name = file.place.rpartition(os.sep)
            stem, dot, suffix = name.rpartition(".")
            if f"{dot}{suffix}" not in _IMPORTED:
                continue  # nobody imports a document, or a script without an ending
            if folder not in tails:
                tails[folder] = Path(folder or os.sep).parts[-2:]
            parts = tails[folder] if stem == "__init__" else (*tails[folder], stem)[-2:]
            found.setdefault(parts[-1:], []).append(file)
            found.setdefault(parts, []).append(file)
        return found

    def holding(self, *words: str) -> list[DiscoveredFile]:
        """Return the files that hold each of *words* as a whole word."""
        wanted = [word.encode(errors="surrogateescape") for word in words]
        missing = {word for word in wanted if word not in self._holding}
        if missing:
            self._look_for(missing)
        first, *others = sorted((self._holding[word] for word in wanted), key=len)
        common = first.intersection(*others)
        return [self.files[index] for index in sorted(common)]

    def look_for(self, words: Iterable[str]) -> None:
        """Look for all *words* at once: whoever asks for one after the other reads all anew."""
        missing = {word.encode(errors="surrogateescape") for word in words} - self._holding.keys()
        if missing:
            self._look_for(missing)

    def is_looked_for(self, word: str) -> bool:
        """Whether it is known which files hold *word*, without reading them."""
        return word.encode(errors="surrogateescape") in self._holding

    def expect_of(self, words: Callable[[], Iterable[str]]) -> None:
        """Look for the *words* too in the first pass: they are likely to be asked for."""
        self._expected = words

    def _look_for(self, words: set[bytes]) -> None:
        if self._expected is not None:
            words |= {word.encode(errors="surrogateescape") for word in self._expected()}
            self._expected = None
        fresh = words - self._holding.keys()
        self._holding.update(self._held(fresh, range(len(self.files))))

    def _held(self, words: Set[bytes], files: Iterable[int]) -> dict[bytes, set[int]]:
        """Return for each of *words* which of *files*, by their places in all of them, hold it."""
        holding: dict[bytes, set[int]] = {word: set() for word in words}
        every, content, common = self.files, self.content, frozenset(words).intersection
        few = words if len(words) <= _FEW else ()
        for index in files:
            file = every[index]
            text = content(file)
            # To part a text into words takes far longer than to see that it has none of a few.
            if not few or any(word in text for word in few):
                for word in common(text.translate(BLANKS).split()):
                    holding[word].add(index)
            for word in common(self.hidden_words(file, text)):
                holding[word].add(index)
        return holding

    def held(self, words: Set[str], files: Iterable[int]) -> dict[bytes, set[int]]:
        """Return which of *words* some of all *files* hold, for ``learn``."""
        wanted = {word.encode(errors="surrogateescape") for word in words}
        return {word: found for word, found in self._held(wanted, files).items() if found}

    def learn(self, words: Set[str], held: Sequence[Mapping[bytes, set[int]]]) -> None:
        """Take over which files hold *words*: all were looked through, each by somebody."""
        self._expected = None
        for word in (word.encode(errors="surrogateescape") for word in words):
            self._holding[word] = set[int]().union(*(one.get(word, ()) for one in held))

    def hidden_words(self, file: DiscoveredFile, content: bytes | None = None) -> frozenset[bytes]:
        """Return the words in the texts of *file*, where its bytes may not show all of them."""
        if file.place not in self._hidden:
            hides = may_hide_words(self.content(file) if content is None else content)
            found = self.of_tree(file, words_of_texts) if hides else None
            self._hidden[file.place] = found or frozenset()
        return self._hidden[file.place]

    def using_field(self, name: str) -> list[DiscoveredFile]:
        """Return the files that use a field *name* of anything but ``self``, or by its text."""
        if name not in self._beyond:
            field = name.encode(errors="surrogateescape")
            found = [f for f in self.holding(name) if field in self._fields_in(f)]
            self._beyond[name] = found
        return self._beyond[name]

    def _fields_in(self, file: DiscoveredFile) -> frozenset[bytes]:
        """Return the fields that *file* uses so, of the words that were looked for."""
        known, count = self._fields.get(file.path, (frozenset(), 0))
        if count != len(self._holding):
            content = self.content(file)
            words = {*_FIELD.findall(content), *_QUOTED.findall(content)}
            if b"case" in content:
                words.update(_PATTERN.findall(content))
            words.update(self.hidden_words(file))
            known, count = frozenset(self._holding.keys() & words), len(self._holding)
            self._fields[file.path] = known, count
        return known

    def content(self, file: DiscoveredFile) -> bytes:
        """Return the bytes of *file*, none if it cannot be read.

        Its names are in UTF-8 and in the form in which Python compares them, as in its tree.
        """
        known = self._known.get(file.path)
        content = read(file) if known is None else known.content
        if isinstance(content, Failed):
            return b""
        if content.isascii() and not is_document(file.path):
            return content
        code = self.source(file)
        if isinstance(code, Failed):
            return b""
        return unicodedata.normalize("NFKC", code.text).encode(errors="replace")

    def source(self, file: DiscoveredFile) -> SourceFile | Failed:
        """Return *file* as text."""
        known = self._known.get(file.path)
        if known is not None:
            return known
        content = read(file)
        if isinstance(content, Failed):
            return content
        return load(file.path, file.display, content)

    def references(self, file: DiscoveredFile) -> References | None:
        """Return what *file* refers to outside of itself, None if it is no Python."""
        if file.place not in self._references:
            self._references[file.place] = self.of_tree(file, partial(self._read, file.path))
        return self._references[file.place]

    def has_tree(self, file: DiscoveredFile) -> bool:
        """Whether the tree of *file* is kept: to ask it costs less than to search the text."""
        return self._trees.keeps(file.path)

    def _read(self, path: Path, tree: ast.Module) -> References:
        return references.read(tree, at_once=not self._trees.keeps(path))

    def of_tree(self, file: DiscoveredFile, what: Callable[[ast.Module], T]) -> T | None:
        """Return *what* the tree of *file* has to say, None if it is no Python or too deep."""
        source = self.source(file)
        if isinstance(source, Failed):
            return None
        try:
            return what(self._trees.of(source.path, source.text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def importing(self, path: Path) -> Iterator[DiscoveredFile]:
        """Yield the other files whose imports may lead to the module in *path*."""
        place, known = str(path), self._places.get
        for file in self.holding(module_parts(path)[-1]):
            if file.place == place:
                continue
            if place in (known(file.place) or self._imported_places(file)):
                yield file

    def importing_any(self, paths: Sequence[Path]) -> list[DiscoveredFile]:
        """Return the files whose imports may lead to a module of *paths*, each once."""
        self.look_for(module_parts(path)[-1] for path in paths)
        return list({f.path: f for path in paths for f in self.importing(path)}.values())

    def _imported_places(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the paths of ``imports`` as texts, which are compared in far less time."""
        if file.place not in self._places:
            self._places[file.place] = frozenset(one.place for one in self.imports(file).values())
        return self._places[file.place]

    def imports(self, file: DiscoveredFile) -> Mapping[Path, DiscoveredFile]:
        """Return the files that the imports of *file* may lead to, by their paths."""
        if file.place not in self._imports:
            dotted = self.imported(file)
            found = (f for name in dotted for f in self.leads_to(file.path, name))
            self._imports[file.place] = {one.path: one for one in found}
        return self._imports[file.place]

    def imported(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the dotted names that the imports of *file* bring in."""
        if file.place not in self._imported:
            found = self.of_tree(file, names.imported)
            self._imported[file.place] = found or frozenset()
        return self._imported[file.place]

    def take(self, place: str, imported: frozenset[str], found: References | None) -> None:
        """Take over what another process read in the file at *place*."""
        self._imported[place] = imported
        self._references[place] = found

    def leads_to(self, origin: Path, dotted: str) -> tuple[DiscoveredFile, ...]:
        """Return the files that the module name *dotted*, in the file *origin*, may mean.

        Leading dots are relative to *origin*.  Of several files with the name those count that
        lie nearest to it: the packages of one member of a repository, and not those of the next.
        """
        # A folder as text: to hash a path takes longer than to look a module up.
        key = (str(origin).rpartition(os.sep)[0], dotted)
        if key not in self._leads:
            self._leads[key] = tuple(self._nearest(origin, dotted))
        return self._leads[key]

    def _nearest(self, origin: Path, dotted: str) -> list[DiscoveredFile]:
        name = dotted.lstrip(".")
        parts = tuple(part for part in name.split(".") if part)
        level = len(dotted) - len(name)
        here = origin.parent.parts
        if level:
            exact = (*here[: len(here) - level + 1], *parts)
            return [f for f in self._by_tail.get(exact[-2:], ()) if module_parts(f.path) == exact]
        if not parts:
            return []
        found: dict[int, list[DiscoveredFile]] = {}
        for file in self._by_tail.get(parts[-2:], ()):
            whole = module_parts(file.path)
            root = whole[: len(whole) - len(parts)]
            if whole[len(root) :] != parts or not self._may_begin(root, here, parts):
                continue
            found.setdefault(_shared(root, here), []).append(file)
        return found[max(found)] if found else []

    def _may_begin(self, root: Parts, here: Parts, parts: Parts) -> bool:
        """Whether names may be counted from the folder *root*, as seen from the folder *here*."""
        if root == here:
            return True  # a script finds what lies beside it
        if root in self._packages:
            return False
        return len(parts) > 1 or parts[0] not in sys.stdlib_module_names

    def unlisted(self, beside: DiscoveredFile, name: str, wanted: str) -> str | None:
        """Return the path at which the module *wanted* would lie, None if something is there.

        *beside* is the file of the module *name*.  What git ignores is listed nowhere, and may
        be there all the same.
        """
        up = len(name.split(".")) - (beside.path.stem != "__init__")
        *inside, last = wanted.split(".")
        root = beside.path.parent.joinpath(*[os.pardir] * up)
        folder = Path(os.path.normpath(root.joinpath(*inside)))
        try:
            names = [entry.name for entry in folder.iterdir()]
        except OSError:
            names = []
        if any(entry == last or entry.startswith(f"{last}.") for entry in names):
            return None
        way = os.path.relpath(folder / f"{last}.py", beside.path.parent)
        return Path(os.path.normpath(Path(beside.display).parent / way)).as_posix()

    def only(self, origin: Path, dotted: str) -> DiscoveredFile | None:
        """Return the one file that *dotted* surely means in *origin*, if there is one."""
        found = self.leads_to(origin, dotted)
        if len(found) != 1:
            return None
        whole = module_parts(found[0].path)
        name = dotted.lstrip(".")
        root = whole[: len(whole) - len(name.split("."))] if name else whole
        top = whole[: len(root) + 1]
        here = origin.parent.parts
        home = root[:-1] if root and root[-1] in _SOURCE_FOLDERS else root
        is_near = home == here[: len(home)] or root == here[: len(root)]
        return found[0] if dotted.startswith(".") or top in self._packages or is_near else None


def module_parts(path: Path) -> Parts:
    """Return the folders and the name of the module in *path*; a package's is its folder."""
    parts = path.parent.parts
    return parts if path.stem == "__init__" else (*parts, path.stem)


def begins(path: Path, beginning: str) -> bool:
    """Whether the module in *path* may have a name that begins with *beginning*."""
    parts = module_parts(path)
    return any(".".join(parts[i:]).startswith(beginning) for i in range(len(parts)))


def _shared(one: Parts, other: Parts) -> int:
    """Return how many parts two folders share from the top."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count

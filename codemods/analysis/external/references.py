"""What a file refers to outside of itself: names of other modules, whatever style leads there.

Read from the tree alone, once a file, without scopes: a name that may be a module is taken for
one.  Which file a module's name means is another question, for the module graph.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.external.computed_names import beginning
from codemods.analysis.external.fields import Classes, FieldUse, uses_of_fields
from codemods.analysis.syntax.calls import calls_by_name
from codemods.analysis.syntax.tree import LEAVES, children, imports, index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


_DOTTED = re.compile(r"[^\W\d]\w*(?:[.:][^\W\d]\w*)+")
#: A dot or a colon that may join names.
_JOINT = re.compile(r"[.:](?=[^\W\d])")
#: What hands on no module: nothing is inside, or it reads a name, gives it another one, or is a
#: part of a call, which is asked itself.
_READING = LEAVES | {ast.Attribute, ast.Assign, ast.NamedExpr, ast.Expr, ast.keyword}
#: What may stand for a module by itself, and where chains of attributes that do begin.
_ROOTS = frozenset({ast.Name, ast.Attribute, ast.Call, ast.Subscript})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTERS = frozenset({"import_module", "__import__", "importorskip"})
#: Calls of these may be modules, or names of modules.
_IMPORTING = _IMPORTERS | {"get", "getattr"}
#: What puts something in the place of a name that it is given beside the module.
_REPLACERS = frozenset({"delattr", "object", "patch", "setattr"})
#: What reads names of a module that it is not given as texts.
_COMPUTING = frozenset({"dir", "getattr", "getmembers", "vars"})
# What is done with a module as a whole that leaves its names alone.
_LEAVE_NAMES = frozenset("reload getsource getfile getdoc print isinstance files".split())
#: Stands for the end of a module's name that is computed.
COMPUTED = "?"
# Longer chains of attributes are built by programs, and lead to no module.
_MOST_PARTS = 12
_NOTHING: frozenset[str] = frozenset()
_BIND_UNSEEN = frozenset({"globals", "exec", "eval", "setattr", "vars", "reexport"})
_LONGEST_TEXT = 2000


class How(StrEnum):
    """How a name of another module is referred to.

    ``IMPORT`` brings it in under a name of the file, ``STAR`` with all others, ``USE`` reaches
    it through its module, ``WHOLE`` is a module that is handed on as a value, with all names;
    ``REPLACE`` and ``TEXT`` only name it: to patch it, as a rule.
    """

    IMPORT = "import"
    STAR = "star"
    USE = "use"
    WHOLE = "whole"
    REPLACE = "replace"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Reference:
    """One place that may mean *name* of *module*; leading dots of it are relative to the file.

    ``local`` is the name that an import binds, and COMPUTED where names of a whole module are read
    that are not told; ``reads`` says of a use that it asks for the name, and binds nothing to it.
    """

    module: str
    name: str
    line: int
    how: How
    local: str = ""
    reads: bool = False

    def __reduce__(self) -> tuple[type[Reference], tuple[object, ...]]:
        # A file has many: what finds the fields of any record takes several times as long.
        all_of_it = (self.module, self.name, self.line, self.how, self.local, self.reads)
        return Reference, all_of_it

    @property
    def text(self) -> str:
        """What is referred to, as a dotted name."""
        if self.how is How.WHOLE:
            return f"{self.module}, all of it,"
        return joined(self.module, self.name)


@dataclass(frozen=True)
class References:
    """All references of one file: by name (stars under ``*``), and where it reads its names.

    ``paths`` are the modules, and names of modules, that a name may stand for, ``classes`` those
    that the file defines.
    """

    named: dict[str, list[Reference]]
    paths: Mapping[str, set[str]]
    loads: dict[str, int]
    bound: frozenset[str]
    classes: Classes
    _fields: Callable[[], dict[str, list[FieldUse]]]
    #: By name, the last parts of the modules that it is of, where anybody asked.
    _endings: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def fields(self) -> dict[str, list[FieldUse]]:
        """Where the file uses fields of objects, by their names; most files are not asked."""
        return self._fields()

    def may_bind(self, name: str) -> bool:
        """Whether the file binds *name*, or may do so in a way that its text does not show."""
        imported = any(r.local == name for refs in self.named.values() for r in refs)
        stars = any(r.how is How.STAR for r in self.named.get("*", ()))
        hidden = stars or self.loads.keys() & _BIND_UNSEEN
        return name in self.bound or imported or bool(hidden)

    def of(self, name: str, endings: Iterable[str]) -> Iterator[Reference]:
        """Yield the references that may mean *name*, star imports with them.

        Those are left out whose module's name has none of *endings* as its last part.
        """
        named = self.named.get(name, ())
        yield from (reference for reference in named if last_part(reference.module) in endings)
        yield from self.to_all(endings)

    def may_mean(self, name: str, endings: Iterable[str]) -> bool:
        """Whether ``of`` would yield any."""
        if name not in self._endings:
            modules = (reference.module for reference in self.named.get(name, ()))
            self._endings[name] = frozenset(map(last_part, modules)).union(self._to_all)
        return not self._endings[name].isdisjoint(endings)

    def to_all(self, endings: Iterable[str]) -> list[Reference]:
        """Return the references to all names of modules whose names end in one of *endings*."""
        every = self._to_all
        found = [pair for ending in endings if ending in every for pair in every[ending]]
        return [reference for _, reference in sorted(found, key=itemgetter(0))]

    @cached_property
    def _to_all(self) -> dict[str, list[tuple[int, Reference]]]:
        found: dict[str, list[tuple[int, Reference]]] = {}
        for place, reference in enumerate(self.named.get("*", ())):
            found.setdefault(last_part(reference.module), []).append((place, reference))
        return found


def last_part(module: str) -> str:
    """Return the last part of a module's name: none where only dots lead to it, or COMPUTED."""
    return COMPUTED if COMPUTED in module else module.rpartition(".")[2]


def joined(module: str, name: str) -> str:
    """Return the dotted name of *name* in *module*."""
    return f"{module}{name}" if module.endswith(".") else f"{module}.{name}"


def read(tree: ast.Module, *, at_once: bool = False) -> References:
    """Return what *tree* refers to; all of it *at_once* if the tree is not kept."""
    reader = _Reader(tree)
    classes = Classes(tree)
    uses = partial(uses_of_fields, tree, classes, reader.paths)
    if at_once:
        uses = partial(dict, uses())
    return References(
        reader.named, reader.paths, reader.loads, frozenset(reader.bound), classes, uses
    )


class _Reader:
    """One walk over a file, from the leaves up: a chain of attributes takes linear time."""

    def __init__(self, tree: ast.Module) -> None:
        self.named: dict[str, list[Reference]] = {}
        self.loads: dict[str, int] = {}
        self.bound: set[str] = set()
        #: The modules, and the names of modules, that a name of the file may stand for.
        self.paths: dict[str, set[str]] = {}
        self._known: dict[ast.AST, frozenset[str]] = {}
        every = index(tree)
        for node in imports(tree):
            self._imports(node)
        self._aliases(every.of(ast.Assign, ast.NamedExpr))
        self._names(every.every(ast.Name))
        for kind in _DEFINITIONS:
            self.bound.update(one.name for one in every.every(kind))  # type: ignore[attr-defined]
        called = calls_by_name(tree)
        self._importing = {call for name in _IMPORTING for call in called.get(name, ())}
        handed = self._read(every.nodes)
        for references in reversed(handed):
            for reference in references:
                self._add(reference)

    def _read(self, nodes: list[ast.AST]) -> list[list[Reference]]:
        """Read *nodes* from the last, what is inside of one before it; return what hands on all.

        That is the references to whole modules of each node that has any.
        """
        handed: list[list[Reference]] = []
        handlers: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Constant: self._constant,
            ast.Subscript: self._learn,
        }
        known = self._known.keys()
        for node in reversed(nodes):
            kind = type(node)
            if kind in handlers:
                handlers[kind](node)
            if kind not in _READING and not known.isdisjoint(node.inner):  # type: ignore[attr-defined]
                found = list(self._handed_on(node))
                if found:
                    handed.append(found)
        return handed

    def _imports(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = alias.name if alias.asname else alias.name.partition(".")[0]
                self.paths.setdefault(alias.asname or path, set()).add(path)
            return
        assert isinstance(node, ast.ImportFrom)
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            how = How.STAR if alias.name == "*" else How.IMPORT
            local = alias.asname or alias.name
            self._add(Reference(base, alias.name, node.lineno, how, local))
            if how is How.IMPORT:
                self.paths.setdefault(local, set()).add(joined(base, alias.name))

    def _aliases(self, nodes: Iterable[ast.AST]) -> None:
        """Learn which names are bound to modules by assignment; twice, for an alias of an alias."""
        bindings: list[tuple[str, ast.expr]] = []
        for node in nodes:
            if isinstance(node, ast.Assign):
                names = (t.id for t in node.targets if isinstance(t, ast.Name))
                bindings.extend((name, node.value) for name in names)
            elif isinstance(node, ast.NamedExpr):
                bindings.append((node.target.id, node.value))
        for _ in range(2):
            for name, value in bindings:
                found = self._paths_of_chain(value)
                if found:
                    self.paths.setdefault(name, set()).update(found)

    def _paths_of_chain(self, value: ast.expr) -> frozenset[str]:
        """Return what *value*, a short chain of attributes or an import by a call, stands for."""
        chain: list[ast.expr] = [value]
        while isinstance(chain[-1], ast.Attribute) and len(chain) < _MOST_PARTS:
            chain.append(chain[-1].value)
        root = chain[-1]
        if type(root) not in _ROOTS or (type(root) is ast.Name and root.id not in self.paths):
            return _NOTHING  # nearly all of them
        for node in reversed(chain):
            self._known[node] = self._paths_of(node)
        return self._known[value]

    def _paths_of(self, node: ast.AST) -> frozenset[str]:
        """Return the modules, and names of modules, that an expression may be."""
        if isinstance(node, ast.Name):
            return frozenset(self.paths.get(node.id, ()))
        if isinstance(node, ast.Attribute):
            bases = self._known.get(node.value, frozenset())
            return frozenset(
                joined(base, node.attr) for base in bases if base.count(".") < _MOST_PARTS
            )
        if isinstance(node, ast.Subscript) and last_name(node.value) == "modules":
            return frozenset(_texts([node.slice]))
        if isinstance(node, ast.Call):
            return frozenset(self._paths_of_call(node))
        return frozenset()

    def _paths_of_call(self, call: ast.Call) -> Iterator[str]:
        name = last_name(call.func)
        if name in _IMPORTERS:
            if call.args and not isinstance(call.args[0], ast.Constant):
                yield beginning(call.args[0]) + COMPUTED
            for text in _texts(call.args[:1]):
                yield text
                if name == "__import__":
                    yield text.partition(".")[0]
        elif name == "get" and isinstance(call.func, ast.Attribute):
            if last_name(call.func.value) == "modules":
                yield from _texts(call.args[:1])
        elif name == "getattr" and len(call.args) > 1:
            for base in self._known.get(call.args[0], ()):
                yield from (joined(base, text) for text in _texts(call.args[1:2]))

    def _names(self, nodes: Iterable[ast.Name]) -> None:
        """Note where names are read, and which are bound; they are leaves, so they come first."""
        loads, bound = self.loads, self.bound
        known = {name: frozenset(found) for name, found in self.paths.items()}
        for node in nodes:
            name = node.id
            if type(node.ctx) is ast.Load:
                line = node.lineno
                if loads.setdefault(name, line) > line:
                    loads[name] = line
            else:
                bound.add(name)
            if name in known:
                self._known[node] = known[name]

    def _attribute(self, node: ast.Attribute) -> None:
        if node.value in self._known:
            for base in self._known[node.value]:
                reads = isinstance(node.ctx, ast.Load)
                self._add(Reference(base, node.attr, node.lineno, How.USE, reads=reads))
            self._learn(node)

    def _constant(self, node: ast.Constant) -> None:
        text = node.value
        if type(text) is str and ("." in text or ":" in text) and _JOINT.search(text):
            self._text(text, node.lineno)

    def _learn(self, node: ast.expr) -> None:
        found = self._paths_of(node)
        if found:
            self._known[node] = found

    def _call(self, call: ast.Call) -> None:
        """Note a call that is given a module and the text of a name: it reads or replaces it."""
        known, given = self._known, call.args
        if call.keywords:
            given = [*given, *[keyword.value for keyword in call.keywords]]
        bases = {base for node in given if node in known for base in known[node]}
        if bases:
            how = How.REPLACE if last_name(call.func) in _REPLACERS else How.USE
            texts = [text for text in _texts(given) if text.isidentifier()]
            for base in bases:
                for text in texts:
                    self._add(Reference(base, text, call.lineno, how))
        if call in self._importing:
            self._learn(call)

    def _handed_on(self, node: ast.AST) -> Iterator[Reference]:
        """Yield each module that *node* does something else with than to read one of its names."""
        if isinstance(node, ast.Call) and last_name(node.func) in _LEAVE_NAMES:
            return
        parts = children(node)
        local = ""
        if isinstance(node, ast.Call):
            local = COMPUTED if last_name(node.func) in _COMPUTING else ""
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(text.isidentifier() for text in _texts(values)):
                return  # the name is given beside it
            parts = [*values]
        for child in parts:
            if isinstance(child, ast.Name | ast.Attribute):
                known = self._known.get(child, ())
                for path in (path for path in known if COMPUTED not in path):
                    yield Reference(path, "*", child.lineno, How.WHOLE, local)

    def _text(self, text: str, line: int) -> None:
        for match in _DOTTED.finditer(text[:_LONGEST_TEXT]):
            parts = re.split(r"[.:]", match[0])[:_MOST_PARTS]
            for end in range(1, len(parts)):
                module = ".".join(parts[:end])
                self._add(Reference(module, parts[end], line, How.TEXT))

    def _add(self, reference: Reference) -> None:
        self.named.setdefault(reference.name, []).append(reference)


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value

"""What the files of a project do with a name, whoever's it is."""

from __future__ import annotations

import ast
import re
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.analysis.external.put_names import PUTTING, hides_puts, put_by_text
from codemods.analysis.external.spelling import GAP, NAME, giving, spaced, whole
from codemods.analysis.syntax.calls import last_name, names_of_aliases
from codemods.analysis.syntax.tree import LEAVES, children, index, walk

if TYPE_CHECKING:
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

#: What a replaced function gives, and calls nothing for.
_PLAIN = "return_value"
#: A field's name, a path of names, or the names of all fields of a tuple.
_NAMES_ONLY = re.compile(r"[\w.]+(?:[\s,]+\w+)*")
_SPELLED = re.compile(r"\w+")
#: What makes attributes of texts; elsewhere a text is no more than that.
#: What gives names to objects by texts.
_TEXTUAL = (
    b"setattr Namespace Mock configure_mock namedtuple make_dataclass create_model __dict__ vars"
).split()
_BY_TEXT = re.compile(
    rb"\b(?:setattr|SimpleNamespace|Namespace|Mock|MagicMock|AsyncMock|configure_mock|"
    rb"namedtuple|make_dataclass|create_model|__dict__|vars)"
)
_NEW_TYPE = re.compile(rb"type(?<=\btype)%b\([^()]+," % GAP)
ANSWERING = ("__getattr__", "__getattribute__")


class SpokenNames:
    """Answers by name alone, for all files together; each name is looked for once."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._replaced: dict[str, bool] = {}
        self._keywords: dict[str, frozenset[str]] = {}
        self._provided: dict[str, bool] = {}
        self._giving: dict[str, re.Pattern[bytes]] = {}
        self._any: bool | None = None
        self._attributes: dict[Path, frozenset[str]] = {}

    def is_replaced(self, name: str) -> bool:
        """Whether a file puts something else in the place of a module's or a class's *name*."""
        if name not in self._replaced:
            word = whole(name)
            field = spaced(rb"(?<!\bself)(?<!\bcls)\.", word, rb"")
            text = rb"[\"']%b[\"']" % word
            put = re.compile(
                rb"%b=(?!=)" % field
                + rb"|"
                + spaced(text, rb"\]", rb"=(?!=)")
                + rb"|(?:setattr|patch[\w.]*)%b\([^()]*[\"'](?:[\w.:]*[.:])?%b[\"']" % (GAP, word)
            )
            target = re.compile(field + rb"(?:[:,)\]]|in\b)")
            contents = [(f, self._graph.content(f)) for f in self._graph.holding(name)]
            self._replaced[name] = any(
                put.search(content) or (target.search(content) and self._stores(file, name))
                for file, content in contents
            ) or (name in self.hidden_puts)
        return self._replaced[name]

    @cached_property
    def hidden_puts(self) -> dict[str, list[DiscoveredFile]]:
        """For each name, the files that give it by texts or calls which no search for it shows."""
        files = {f.path: f for word in PUTTING for f in self._graph.holding(word)}
        hiding = [f for f in files.values() if hides_puts(self._graph.content(f))]
        found: dict[str, list[DiscoveredFile]] = {}
        for file in hiding:
            for name in self._graph.of_tree(file, put_by_text) or ():
                found.setdefault(name, []).append(file)
        return found

    def _stores(self, file: DiscoveredFile, name: str) -> bool:
        """Whether *file* has a field *name*, of anything but ``self``, among its targets."""
        return self._graph.of_tree(file, partial(_has_target, name)) or False

    def provides(self, name: str) -> bool:
        """Whether a file may give objects an attribute *name*, or has objects that give any.

        A method, a field, an argument and a text of that name may all become one.
        """
        if name not in self._provided:
            holding = self._graph.holding(name)
            given = any(self.gives(file, name) for file in holding)
            self._provided[name] = given or self._gives_any()
        return self._provided[name]

    def gives(self, file: DiscoveredFile, name: str) -> bool:
        """Whether *file* gives an attribute *name* to an object, a class, or by a text."""
        if file.path in self._attributes or self._graph.has_tree(file):
            return name in self.attributes(file)
        # Its text alone is searched first, in far less time than it takes to parse it.
        if name not in self._giving:
            self._giving[name] = _giving(name)
        likely = self._giving[name].search(self._graph.content(file)) is not None
        hidden = name.encode(errors="surrogateescape") in self._graph.hidden_words(file)
        return (likely or hidden) and name in self.attributes(file)

    def take(self, place: str, attributes: frozenset[str]) -> None:
        """Take over what another process read in the file at *place*."""
        self._attributes[Path(place)] = attributes

    def attributes(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the attributes that *file* gives to objects or classes, or by texts."""
        if file.path not in self._attributes:
            content = self._graph.content(file)
            by_text = _gives_by_text(content) or _patches(content)
            found = self._graph.of_tree(file, partial(_attributes, by_text=by_text))
            self._attributes[file.path] = found or frozenset()
        return self._attributes[file.path]

    def _gives_any(self) -> bool:
        """Whether a class of the project answers for attributes that it does not name."""
        if self._any is None:
            called = spaced(rb"\bdef", rb"__getattr(?:ibute)?__", rb"\(", NAME, rb"(?::[^,)]*+)?,")
            definition = re.compile(called)
            files = {f.path: f for word in ANSWERING for f in self._graph.holding(word)}
            self._any = any(definition.search(self._graph.content(f)) for f in files.values())
        return self._any

    def keywords(self, name: str) -> frozenset[str]:
        """Return the keywords with which any file calls something of that *name*; "**" for all."""
        if name not in self._keywords:
            found: set[str] = set()
            for file in self._graph.holding(name):
                found.update(self._graph.of_tree(file, partial(_in_tree, name)) or ())
            self._keywords[name] = frozenset(found)
        return self._keywords[name]


def _gives_by_text(content: bytes) -> bool:
    """Whether *content* has something that gives names to objects by texts."""
    likely = any(word in content for word in _TEXTUAL) and _BY_TEXT.search(content)
    return bool(likely or _NEW_TYPE.search(content))


def _patches(content: bytes) -> bool:
    """Whether *content* patches names: ``patch`` alone is a method, or a verb of HTTP, as well."""
    return b"patch" in content and b"mock" in content


def _giving(name: str) -> re.Pattern[bytes]:
    listed = rb"[\"'][\w\s,.\x80-\xff]*%b[\w\s,.\x80-\xff]*[\"']" % whole(name)
    return re.compile(giving(name) + rb"|" + listed)


def _in_tree(name: str, tree: ast.Module) -> set[str]:
    nodes = walk(tree)
    others = names_of_aliases(n for n in nodes if isinstance(n, ast.alias))
    names = {name, *(other for other, own in others.items() if own == name)}
    calls = (n for n in nodes if isinstance(n, ast.Call) and last_name(n.func) in names)
    return {keyword.arg or "**" for call in calls for keyword in call.keywords}


def _attributes(tree: ast.Module, *, by_text: bool) -> frozenset[str]:
    """Return the names that *tree* gives to attributes of objects, its texts too if *by_text*."""
    every = index(tree)
    found: set[str] = set()
    waiting: list[ast.AST] = [one for owner in every.every(ast.ClassDef) for one in owner.body]
    found.update(getattr(statement, "name", "") for statement in waiting)
    for node in waiting:  # it grows on the way
        kind = type(node)
        if kind is ast.Name:
            found.add(node.id)  # type: ignore[attr-defined]
        elif kind is ast.alias:
            found.add(node.asname or node.name)  # type: ignore[attr-defined]
        elif kind not in LEAVES:
            waiting += children(node)
    for call in every.every(ast.Call):
        found.update(keyword.arg for keyword in call.keywords if keyword.arg is not None)
    for stored in (n for n in every.every(ast.Attribute) if isinstance(n.ctx, ast.Store)):
        target: ast.expr = stored
        while isinstance(target, ast.Attribute) and target.attr != _PLAIN:
            found.add(target.attr)
            target = target.value
    texts = (n.value for n in every.every(ast.Constant) if by_text and isinstance(n.value, str))
    spelled = (_SPELLED.findall(text) for text in texts if _NAMES_ONLY.fullmatch(text))
    return frozenset(found.union(*spelled))


def _has_target(name: str, tree: ast.Module) -> bool:
    fields = (n for n in walk(tree) if isinstance(n, ast.Attribute) and n.attr == name)
    targets = (n.value for n in fields if isinstance(n.ctx, ast.Store))
    return any(not (isinstance(of, ast.Name) and of.id in ("self", "cls")) for of in targets)

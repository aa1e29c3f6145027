"""Where a file uses fields of objects, and of which classes these objects may be."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import calls_named, last_name, spelled_name
from codemods.analysis.syntax.tree import LEAVES, children, index, walk
from codemods.vocabulary import INERT_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOOKUPS = frozenset({"getattr", "setattr", "delattr", "object"})
#: Stand for fields, and for globals of a module, whose name is computed.
ANY_FIELD = "*"
ANY_GLOBAL = "*globals"
_LOOKS = frozenset(
    "isinstance type id bool print repr str assertIsInstance assertIsNotNone assertIsNone "
    "assertIs assertEqual assertTrue".split()
)
_MAKING = frozenset(("type", "new_class", "make_dataclass"))
_GETTERS = frozenset(("attrgetter", "methodcaller"))
#: Calls of all others use no field by a text, nor by a name that is computed.
_ASKING = _LOOKUPS | _GETTERS | {"vars", "getmembers"}
_WORD = re.compile(r"[^\W\d]\w*")
_SAYS_NOTHING = frozenset({"Any", "object"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef})


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One use of a field; ``owners`` are the classes that its object may be of, None: unknown.

    ``path`` is the dotted name of the object, where an import leads to it; ``reads`` says that
    it surely puts nothing into the field.
    """

    owners: frozenset[str] | None
    line: int
    text: str
    path: str = ""
    reads: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """The function and the class that a node stands in, and what is around that function."""

    function: ast.AST
    owner: ast.ClassDef | None
    outer: _Place | None


_Sources = dict[tuple[ast.AST, str], list[ast.expr | None]]


class Classes:
    """The classes that one file defines."""

    def __init__(self, tree: ast.Module) -> None:
        every = index(tree)
        classes = every.every(ast.ClassDef)
        #: Each class of the file with the names of its bases.
        self.bases = {node.name: frozenset(map(last_name, node.bases)) for node in classes}
        #: The other way round: what inherits from each name.
        self.heirs: dict[str, set[str]] = {}
        for name, bases in self.bases.items():
            for base in bases:
                self.heirs.setdefault(base, set()).add(name)
        #: What the body of each class binds, with the line.
        self.members = {
            node.name: {name: s.lineno for s in node.body for name in _bound_by(s)}
            for node in classes
        }
        stored = {n.id for n in every.every(ast.Name) if not isinstance(n.ctx, ast.Load)}
        #: The classes whose name is bound to nothing else, but by an import.
        self.own = frozenset(self.bases.keys() - stored)
        stored.update(n.arg for n in every.every(ast.arg))
        #: Those whose methods may run on objects of any class: a value is among their bases, or
        #: among those of an heir.
        self.of_values: set[str] = set()
        waiting = [n.name for n in classes if any(_is_value(base, stored) for base in n.bases)]
        waiting += (name for call in calls_named(tree, _MAKING) for name in _made_of(call))
        #: Protocols: an object of any class with such members may be given for one.
        self.protocols = frozenset(n for n, bases in self.bases.items() if "Protocol" in bases)
        while waiting:
            name = waiting.pop()
            if name not in self.of_values:
                self.of_values.add(name)
                waiting += self.bases.get(name, ())


def _is_value(base: ast.expr, stored: set[str]) -> bool:
    """Whether *base* is given by a variable, one of *stored*, or by what a program computes."""
    if isinstance(base, ast.Subscript) and isinstance(base.value, ast.Name | ast.Attribute):
        base = base.value if _is_generic(base) else base
    while isinstance(base, ast.Attribute):
        base = base.value
    return not isinstance(base, ast.Name) or base.id in stored


def _is_generic(base: ast.Subscript) -> bool:
    """Whether *base* is a class with parameters, and no class that is taken out of a table."""
    name = last_name(base.value)
    if not name[:1].isupper():
        return isinstance(getattr(builtins, name, None), type)
    given = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
    if all(isinstance(one, ast.Constant) and _is_key(one.value) for one in given):
        return False
    return not (name.isupper() and len(name) > 1)


def _is_key(value: object) -> bool:
    """Whether *value* is no name of a class that is told as a text."""
    return not isinstance(value, str) or not value[:1].isupper()


def _made_of(call: ast.Call) -> list[str]:
    """Return the bases that *call* makes a class of, all of them together."""
    bases = call.args[1] if len(call.args) > 1 else None
    return [last_name(base) for base in bases.elts] if isinstance(bases, ast.Tuple) else []


def uses_of_fields(
    tree: ast.Module, classes: Classes, paths: Mapping[str, set[str]]
) -> dict[str, list[FieldUse]]:
    """Return the uses of each field in *tree*, by its name.

    *paths* are the modules, and names of modules, that names of the file may stand for.
    """
    return _Fields(tree, classes, paths).uses()


class _Fields:
    """The fields that one file uses."""

    def __init__(self, tree: ast.Module, classes: Classes, paths: Mapping[str, set[str]]) -> None:
        self._paths = paths
        self._classes = classes
        every = self._index = index(tree)
        self._places: dict[ast.AST, _Place] = {}
        self._parents: dict[ast.AST, ast.AST] = {}
        # What each local variable, and each field of an object itself, is bound to.
        self._bound: _Sources = {}
        self._enter(tree, every.nodes)
        for kind in (ast.Name, ast.Attribute):
            for node in every.every(kind):
                if type(node.ctx) is ast.Store:  # type: ignore[attr-defined]
                    self._bind(node)  # type: ignore[arg-type]

    def _enter(self, tree: ast.Module, nodes: list[ast.AST]) -> None:
        """Learn what each of *nodes*, all that are inside of *tree*, stands right inside of."""
        places, parents = self._places, self._parents
        outermost = _Place(tree, None, None)
        for one in children(tree):
            places[one], parents[one] = outermost, tree
        for node in nodes:  # what is around a node comes before it
            kind = type(node)
            if kind in LEAVES:
                continue
            inside = places[node]
            if kind in _FUNCTIONS:
                self._parameters(node, inside)  # type: ignore[arg-type]
                inside = _Place(node, inside.owner, inside)
            elif kind is ast.ClassDef:
                inside = _Place(inside.function, node, inside.outer)  # type: ignore[arg-type]
            for one in node.inner:  # type: ignore[attr-defined]
                places[one], parents[one] = inside, node

    def _parameters(self, node: _Function, place: _Place) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args]
        for parameter in [*arguments, *node.args.kwonlyargs]:
            self._bound[node, parameter.arg] = [parameter.annotation]
        static = any(last_name(d) == "staticmethod" for d in node.decorator_list)
        direct = place.owner is not None and self._parents.get(node) is place.owner
        if arguments and direct and not static and place.owner is not None:
            self._bound[node, arguments[0].arg] = [ast.Constant(place.owner.name)]

    def _bind(self, node: ast.Name | ast.Attribute) -> None:
        parent = self._parents[node]
        value: ast.expr | None = None
        if isinstance(parent, ast.Assign) and node in parent.targets:
            value = parent.value
        elif isinstance(parent, ast.AnnAssign):
            value = parent.annotation
        elif isinstance(parent, ast.NamedExpr):
            value = parent.value
        elif isinstance(parent, ast.withitem):
            value = parent.context_expr
        place = self._places[node]
        if isinstance(node, ast.Name):
            home = place.owner if isinstance(parent, ast.AnnAssign) and place.owner else None
            in_class = home is not None and self._parents.get(parent) is home
            key = (home if in_class and home is not None else place.function, node.id)
            self._bound.setdefault(key, []).append(value)
        elif place.owner is not None and isinstance(node.value, ast.Name):
            self._bound.setdefault((place.owner, node.attr), []).append(value)

    def uses(self) -> dict[str, list[FieldUse]]:
        """Return the uses of each field, by its name."""
        found: dict[str, list[FieldUse]] = {}
        for node in self._index.of(ast.Attribute, ast.Call, ast.MatchClass):
            if type(node) is ast.Call and last_name(node.func) not in _ASKING:
                continue
            if isinstance(node, ast.MatchClass):
                classes: frozenset[str] | None = self._names([last_name(node.cls)])
                classes = None if classes is None or classes & _SAYS_NOTHING else classes
                for attribute in node.kwd_attrs:
                    text = f"{spelled_name(node.cls)}({attribute}=...)"
                    found.setdefault(attribute, []).append(FieldUse(classes, node.lineno, text))
                continue
            named = self._named(node)
            if named is not None:
                held, name = named
                owners, path = self._owners(held, self._places[node])
                reads = isinstance(getattr(node, "ctx", None), ast.Load)
                text = f"{_short(held)}.{name}"
                use = FieldUse(owners, node.lineno, text, path, reads)  # type: ignore[attr-defined]
                found.setdefault(name, []).append(use)
            for name in _got_by_text(node):
                text = f"{spelled_name(node.func)}({name!r})"  # type: ignore[attr-defined]
                use = FieldUse(None, node.lineno, text, reads=True)  # type: ignore[attr-defined]
                found.setdefault(name, []).append(use)
            computed = self._computed(node)
            if computed is not None:
                found.setdefault(computed[0], []).append(computed[1])
        return found

    def _named(self, node: ast.AST) -> tuple[ast.expr, str] | None:
        """Return the object and the name of a field, if *node* uses one by its name."""
        if isinstance(node, ast.Attribute):
            return None if self._is_only_looked_at(node) else (node.value, node.attr)
        if isinstance(node, ast.Call) and last_name(node.func) in _LOOKUPS and len(node.args) > 1:
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                return node.args[0], name.value
        return None

    def _computed(self, node: ast.AST) -> tuple[str, FieldUse] | None:
        """Return the lookup that *node* is, if it may reach a field or a global by any name."""
        held: ast.expr | None = None
        kind, name = ANY_FIELD, ""
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            plain = all(isinstance(value, ast.Constant) for value in node.args[1:2])
            if (name == "getattr" and not plain) or name in ("vars", "getmembers"):
                held = node.args[0] if node.args else None
            elif name == "attrgetter" and not all(isinstance(a, ast.Constant) for a in node.args):
                held = node
        elif isinstance(node, ast.Attribute):
            name = node.attr
            if node.attr == "__dict__":
                held = node.value
            elif node.attr == "__globals__" or (
                node.attr == "modules" and last_name(node.value) == "sys"
            ):
                kind, held = ANY_GLOBAL, node.value
        if held is None:
            return None
        parent = self._parents.get(node)
        plain = isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Constant)
        if (plain and kind == ANY_FIELD) or self._is_a_result(held, node):
            return None
        owners, path = (None, "") if held is node else self._owners(held, self._places[node])
        return kind, FieldUse(owners, node.lineno, f"{name} of {_short(held)}", path)  # type: ignore[attr-defined]

    def _is_a_result(self, value: ast.expr, node: ast.AST) -> bool:
        """Whether *value* is what a call gave, as in ``vars(parser.parse_args())``."""
        if value is node:
            return False
        if isinstance(value, ast.Name):
            sources = self._bound.get((self._places[node].function, value.id), [])
            return bool(sources) and all(isinstance(source, ast.Call) for source in sources)
        return isinstance(value, ast.Call)

    def _is_only_looked_at(self, node: ast.Attribute) -> bool:
        """Whether what is done with the field has no part in what it records."""
        parent = self._parents[node]
        if isinstance(parent, ast.Call) and node in parent.args:
            return last_name(parent.func) in _LOOKS
        inert = isinstance(parent, ast.Attribute) and parent.attr in INERT_ATTRIBUTES
        return inert or isinstance(parent, ast.Compare | ast.Assert)

    def _names(self, words: Iterable[str]) -> frozenset[str]:
        """Return *words* with the names that they have where they are imported from."""
        found = set(words)
        for word in words:
            found.update(path.rpartition(".")[2] for path in self._paths.get(word, ()))
        return frozenset(found)

    def _owners(
        self, value: ast.expr, place: _Place, depth: int = 0
    ) -> tuple[frozenset[str] | None, str]:
        """Return the classes that *value* may be (an object) of, and the import it comes from."""
        if isinstance(value, ast.Call):
            name = last_name(value.func)
            if name == "super" and place.owner is not None:
                return frozenset({place.owner.name}), ""
            names = self._names([name])
            return (names if any(n[:1].isupper() for n in names) else None), ""
        if isinstance(value, ast.Await):
            return None, ""
        if isinstance(value, ast.Name):
            return self._of_name(value.id, place, depth)
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and depth < 4:
            around, path = self._of_name(value.value.id, place, depth + 1)
            if path:
                return None, f"{path}.{value.attr}"
            if place.owner is not None and around == frozenset({place.owner.name}):
                return self._of_sources(self._bound.get((place.owner, value.attr)), place, depth)
        return None, ""

    def _of_name(self, name: str, place: _Place, depth: int) -> tuple[frozenset[str] | None, str]:
        current: _Place | None = place
        while current is not None:
            sources = self._bound.get((current.function, name))
            if sources is not None:
                return self._of_sources(sources, current, depth)
            current = current.outer
        if name in self._classes.bases:
            return frozenset({name}), ""
        path = min(self._paths.get(name, ()), default="")
        if path and path.rpartition(".")[2][:1].isupper():
            return self._names([name]), ""
        return None, path

    def _of_sources(
        self, sources: list[ast.expr | None] | None, place: _Place, depth: int
    ) -> tuple[frozenset[str] | None, str]:
        found: set[str] = set()
        for source in sources or [None]:
            owners = self._of_source(source, place, depth)
            if owners is None:
                return None, ""
            found |= owners
        return frozenset(found), ""

    def _of_source(
        self, source: ast.expr | None, place: _Place, depth: int
    ) -> frozenset[str] | None:
        """Return the classes of what is bound: by an annotation's words, or by a value."""
        if source is None or depth > 4:
            return None
        parent = self._parents.get(source)
        annotates = isinstance(parent, ast.arg | ast.AnnAssign) or parent is None
        if annotates:
            words = self._names(_WORD.findall(_annotation(source)))
            return None if words & _SAYS_NOTHING or not words else words
        if isinstance(source, ast.Constant | ast.List | ast.Dict | ast.Set | ast.Tuple):
            return frozenset({type(source).__name__})
        return self._owners(source, self._places.get(source, place), depth + 1)[0]


def _got_by_text(node: ast.AST) -> list[str]:
    """Return the fields that *node* makes a function for, which gets them of any object."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in _GETTERS:
        return []
    texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
    return [part for text in texts if isinstance(text, str) for part in text.split(".")]


def _bound_by(statement: ast.stmt) -> list[str]:
    """Return the names that a statement of a class's body binds: methods and attributes."""
    if isinstance(statement, _Function):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _annotation(node: ast.expr) -> str:
    return " ".join(
        str(n.value) if isinstance(n, ast.Constant) else getattr(n, "id", getattr(n, "attr", ""))
        for n in walk(node)
        if isinstance(n, ast.Constant | ast.Name | ast.Attribute)
    )


def _short(node: ast.expr) -> str:
    """Return the text of a short expression, of a long one its end."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = node.value.id if isinstance(node.value, ast.Name) else "..."
        return f"{inner}.{node.attr}"
    return f"{spelled_name(node.func)}(...)" if isinstance(node, ast.Call) else "..."

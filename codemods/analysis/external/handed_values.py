"""What a file puts where others find it: into arguments, collections, attributes and variables."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from codemods.analysis.external.handed_records import Place
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.tree import LEAVES, children, index, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from typing import Any

#: What asks for a class or a function, and calls nothing.
_ASKING = frozenset("isinstance issubclass cast NewType TypeVar super type hasattr id repr".split())
#: What a web framework runs for each request: no block of the program is around that.
_ROUTING = frozenset(
    "path re_path url route add_route add_url_rule add_api_route add_view Route Mount Depends "
    "Security add_middleware add_exception_handler exception_handler".split()
)
#: What calls a function at once, or where no block of the caller holds: in a thread of its own.
AT_ONCE = frozenset("map filter sorted min max reduce starmap imap partialmethod".split())
_DETACHED = frozenset(
    "submit run_in_executor to_thread Thread Process Timer apply_async map_async "
    "start_new_thread".split()
)
#: Packages of the library that are given functions to call, whoever uses them then.
_KEEPING = frozenset("atexit builtins codecs gc json logging signal sys warnings weakref".split())
#: A function of a package that keeps nothing else.
_KEEPING_TOO = frozenset(["os.register_at_fork"])
#: What makes another function of one, to be handed on in its place.
_WRAPPING = frozenset("partial partialmethod staticmethod classmethod wraps update_wrapper".split())
PATCHING = ("patch", "assert")
_MOST_PARTS = 12
_ASSIGNING = frozenset((ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr))
_RETURNING = frozenset((ast.Return, ast.Yield))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)
_IGNORED = _ASKING | _DETACHED | AT_ONCE | _ROUTING
_NAMES = frozenset((ast.Name, ast.Attribute))
_OWN = Place("")
#: A function gives it to whoever calls that.
RETURNED = Place("", "return")
#: What hands on its parts as they are, by kind.
_PARTS: dict[type[ast.AST], Callable[[Any], Iterable[ast.AST | None]]] = {
    ast.Dict: lambda node: node.values,
    ast.List: lambda node: node.elts,
    ast.Tuple: lambda node: node.elts,
    ast.Set: lambda node: node.elts,
    ast.Starred: lambda node: (node.value,),
    ast.IfExp: lambda node: (node.body, node.orelse),
    ast.BoolOp: lambda node: node.values,
    ast.ListComp: lambda node: (node.elt,),
    ast.SetComp: lambda node: (node.elt,),
    ast.GeneratorExp: lambda node: (node.elt,),
    ast.DictComp: lambda node: (node.value,),
    ast.arguments: lambda node: (*node.defaults, *node.kw_defaults),
}

#: What puts a value somewhere: a call, with the keyword that it is given by, or a target.
Holder = Place | ast.expr | tuple[ast.Call, str]
#: A value, what puts it somewhere, and the variable of the module that has it.
Value = tuple[ast.expr, Holder, str]


def modules_of(value: ast.AST, paths: Mapping[str, Collection[str]]) -> list[str]:
    """Return what the dotted name *value* stands for that is of other modules."""
    parts: list[str] = []
    while isinstance(value, ast.Attribute) and len(parts) < _MOST_PARTS:
        parts.append(value.attr)
        value = value.value
    if not isinstance(value, ast.Name):
        return []
    rest = "".join(f".{part}" for part in reversed(parts))
    return [f"{path}{rest}" for path in paths.get(value.id, ())]


class Values:
    """The values that one file puts somewhere."""

    def __init__(self, tree: ast.Module, paths: Mapping[str, Collection[str]]) -> None:
        self._index = index(tree)
        self._paths = paths
        every = self._index.every
        self._defined = {d.name for kind in _DEFINITIONS for d in every(kind)}  # type: ignore[attr-defined]
        self._of_module = {t.id for s in tree.body for t in _targets(s) if isinstance(t, ast.Name)}
        self._top = set(tree.body)
        #: The statements of class bodies: what they bind are fields of all objects.
        self._of_class = set(_in_classes(every(ast.ClassDef)))
        #: Values that were looked at with what they are part of: that comes first in the index.
        self._done: set[ast.AST] = set()

    def every(self) -> Iterator[Value]:
        """Yield all of them that are names, or calls."""
        for node in self._index.nodes:
            kind = type(node)
            if kind in LEAVES:
                continue
            if kind is ast.Call and node not in self._done:
                yield from self._given(node)  # type: ignore[arg-type]
            elif kind in _ASSIGNING:
                yield from self._assigned(node)
            elif kind in _PARTS and node not in self._done:
                yield from self._flat(_PARTS[kind](node), _OWN)
            elif kind is ast.ImportFrom and node in self._of_class:
                yield from map(_imported, node.names)  # type: ignore[attr-defined]
            elif kind in _RETURNING:
                yield from self._flat([node.value], RETURNED)  # type: ignore[attr-defined]
            elif kind is ast.Lambda and node not in self._done:
                yield from self._flat([node], _OWN)

    def place(self, holder: Holder) -> Place:
        """Return the place that *holder* puts a value into."""
        if isinstance(holder, Place):
            return holder
        if isinstance(holder, ast.expr):
            return self._place_of(holder)
        call, keyword = holder
        place = self.place_by(call.func)
        return Place(place.path, place.method, keyword, place.keeper) if keyword else place

    def _flat(
        self, values: Iterable[ast.AST | None], holder: Holder, variable: str = ""
    ) -> Iterator[Value]:
        """Yield *values* and what they are made of, all put somewhere by *holder*."""
        waiting = list(values)
        for value in waiting:  # it grows on the way
            kind = type(value)
            if kind in _NAMES:
                yield value, holder, variable  # type: ignore[misc]
            elif value is None or kind is ast.Constant:
                continue
            elif kind in _PARTS:
                self._done.add(value)
                waiting += _PARTS[kind](value)
            elif isinstance(value, ast.Lambda):
                self._done.add(value)
                waiting += (n for n in walk(value.body) if type(n) in _NAMES)
            elif isinstance(value, ast.Call):
                if last_name(value.func) in _WRAPPING:
                    self._done.add(value)
                    waiting += arguments_of(value)
                else:
                    yield value, holder, variable

    def _assigned(self, node: ast.AST) -> Iterator[Value]:
        value: ast.expr | None = node.value  # type: ignore[attr-defined]
        if type(value) is ast.Constant:
            return
        for target in _targets(node) if value is not None else ():
            name = target.id if isinstance(target, ast.Name) else ""
            if name and node in self._of_class:
                yield from self._flat([value], Place("", "", name))
            else:
                yield from self._flat([value], target, name if node in self._top else "")

    def _place_of(self, target: ast.expr) -> Place:
        """Return the place that *target* of an assignment is."""
        under = target.attr if isinstance(target, ast.Attribute) else ""
        root = target
        while isinstance(root, ast.Subscript):
            root = root.value
        of = root.value if isinstance(root, ast.Attribute) else root
        for path in modules_of(root, self._paths):
            return Place(path, "", under, _keeper(path))
        if isinstance(root, ast.Name):
            known = root is target or root.id in self._of_module
            return Place("" if known else None)
        if isinstance(of, ast.Name) and of.id in ("self", "cls"):
            return Place("", "", under)
        return Place(None, last_name(root), under)

    def _given(self, call: ast.Call) -> Iterator[Value]:
        name = last_name(call.func)
        if name in _IGNORED or name.startswith(PATCHING):
            return
        if name == "setattr" and len(call.args) > 2 and isinstance(call.args[1], ast.Constant):
            target = ast.Attribute(call.args[0], str(call.args[1].value), ast.Store())
            yield from self._flat(call.args[2:], target)
            return
        yield from self._flat(call.args, (call, ""))
        for keyword in call.keywords:
            yield from self._flat([keyword.value], (call, keyword.arg or ""))

    def place_by(self, function: ast.expr) -> Place:
        """Return the place that *function* puts its arguments into."""
        while isinstance(function, ast.Call):
            function = function.func
        method = function.attr if isinstance(function, ast.Attribute) else ""
        for path in modules_of(function, self._paths):
            return Place(path, method, "", _keeper(path))
        if isinstance(function, ast.Name):
            if function.id in self._defined:
                return _OWN
            return Place("builtins" if hasattr(builtins, function.id) else None)
        root: ast.AST = function
        while isinstance(root, ast.Attribute | ast.Call):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        keeper = [_keeper(path) for path in modules_of(root, self._paths)]
        return Place(None, method, "", keeper[0] if keeper else "")


def _in_classes(classes: Iterable[ast.ClassDef]) -> Iterator[ast.AST]:
    """Yield the statements of *classes* that bind names of theirs."""
    waiting: list[ast.AST] = [statement for one in classes for statement in one.body]
    for node in waiting:  # it grows on the way
        if not isinstance(node, _DEFINITIONS):
            yield node
            waiting += (one for one in children(node) if isinstance(one, _STATEMENTS))


def _imported(name: ast.alias) -> Value:
    """Return what the import of *name* in a class body puts there."""
    local = name.asname or name.name
    value = ast.copy_location(ast.Name(local, ast.Load()), name)
    return value, Place("", "", local), ""


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) else []


def _keeper(path: str) -> str:
    """Return the package of the library that *path* is of, and that keeps what it is given."""
    root = path.partition(".")[0]
    return root if root in _KEEPING or path in _KEEPING_TOO else ""

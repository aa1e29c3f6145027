"""Walking syntax trees: what is inside of a node is found once, and remembered at the node.

Every question about a program walks a part of its tree, and most walk the same parts;
``ast.walk`` finds out about the fields of every node anew.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from codemods.analysis.external.library_names import note_library_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Node = TypeVar("Node", bound=ast.AST)

# What stands for itself: nothing is inside, and the interpreter has one for all places.
SHARED = frozenset(
    one
    for kind in (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
    for one in kind.__subclasses__()
)
#: No other node is inside of these, and most are of them: asked for first, they spare a call.
LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, *SHARED})
# Fields that hold no node, or a shared one.
_PLAIN = frozenset(
    "id attr ctx op ops type_comment kind level module conversion simple is_async type_ignores "
    "rest kwd_attrs".split()
)
_parts: dict[type[ast.AST], tuple[str, ...]] = {}
# Nearly all nodes with others inside are of these kinds, of which each field is always there.
_INNER: dict[type[ast.AST], Callable[[Any], list[ast.AST]]] = {
    ast.Attribute: lambda node: [node.value],
    ast.Call: lambda node: [node.func, *node.args, *node.keywords],
    ast.keyword: lambda node: [node.value],
    ast.Expr: lambda node: [node.value],
    ast.Assign: lambda node: [*node.targets, node.value],
    ast.Subscript: lambda node: [node.value, node.slice],
    ast.BinOp: lambda node: [node.left, node.right],
    ast.BoolOp: lambda node: [*node.values],
    ast.Compare: lambda node: [node.left, *node.comparators],
    ast.JoinedStr: lambda node: [*node.values],
    ast.Tuple: lambda node: [*node.elts],
    ast.List: lambda node: [*node.elts],
    ast.If: lambda node: [node.test, *node.body, *node.orelse],
    ast.For: lambda node: [node.target, node.iter, *node.body, *node.orelse],
    ast.UnaryOp: lambda node: [node.operand],
    ast.Import: lambda node: [*node.names],
    ast.ImportFrom: lambda node: [*node.names],
    ast.arg: lambda node: [] if node.annotation is None else [node.annotation],
    ast.Return: lambda node: [] if node.value is None else [node.value],
    ast.comprehension: lambda node: [node.target, node.iter, *node.ifs],
    ast.GeneratorExp: lambda node: [node.elt, *node.generators],
    ast.ListComp: lambda node: [node.elt, *node.generators],
}


def children(node: ast.AST) -> Sequence[ast.AST]:
    """Return the nodes right inside *node*, as ``ast.iter_child_nodes`` yields them.

    Contexts and operators are left out: they are shared between nodes.
    """
    kind = type(node)
    if kind in LEAVES:
        return ()
    try:
        return node.inner  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        node.inner = found = _INNER.get(kind, _inner)(node)  # type: ignore[attr-defined]
        return found


def _inner(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right inside *node*, of whatever kind it is."""
    kind = type(node)
    if kind not in _parts:
        _parts[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    found: list[ast.AST] = []
    for name in _parts[kind]:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """Return *node* and all nodes inside of it, in the order of ``ast.walk``; no shared ones."""
    found = [node]
    for one in found:  # it grows on the way
        if type(one) not in LEAVES:
            try:
                found += one.inner  # type: ignore[attr-defined]
            except AttributeError:
                found += children(one)
    return found


@dataclass(frozen=True, slots=True)
class Index:
    """The nodes inside of a module, in the order of ``ast.walk``, all and by their kinds.

    ``renamed`` are the names of libraries that other names here stand for.
    """

    nodes: list[ast.AST]
    kinds: dict[type[ast.AST], list[ast.AST]]
    renamed: frozenset[str]
    _parents: list[dict[ast.AST, ast.AST]] = field(default_factory=list, repr=False)
    _of: dict[tuple[type[ast.AST], ...], list[ast.AST]] = field(default_factory=dict, repr=False)
    _named: dict[str, list[ast.Name | ast.Attribute]] = field(default_factory=dict, repr=False)

    def every(self, kind: type[Node]) -> list[Node]:
        """Return all nodes of exactly this *kind*."""
        return self.kinds.get(kind, [])  # type: ignore[return-value]

    @property
    def by_name(self) -> Mapping[str, list[ast.Name | ast.Attribute]]:
        """The variables, then the attributes of whatever object, by their names as spelled."""
        if not self._named:
            found: defaultdict[str, list[ast.Name | ast.Attribute]] = defaultdict(list)
            for name in self.every(ast.Name):
                found[name.id].append(name)
            for attribute in self.every(ast.Attribute):
                found[attribute.attr].append(attribute)
            self._named.update(found)
        return self._named

    def named(self, name: str) -> Sequence[ast.Name | ast.Attribute]:
        """Return those that are called *name*."""
        return self.by_name.get(name, ())

    def of(self, *kinds: type[ast.AST]) -> list[ast.AST]:
        """Return all nodes of one of *kinds*."""
        found = tuple([kind for kind in kinds if kind in self.kinds])
        if len(found) < 2:
            return self.kinds[found[0]] if found else []
        if found not in self._of:
            self._of[found] = [node for node in self.nodes if type(node) in found]
        return self._of[found]

    def parents(self, tree: ast.Module) -> dict[ast.AST, ast.AST]:
        """Return what each node of *tree* is right inside of, for who asks to have it alone.

        It leads to the tree, which has this index: what is kept here would keep it.
        """
        if self._parents:
            found = self._parents.pop()
        else:
            around = (node for node in self.nodes if type(node) not in LEAVES)
            found = {child: node for node in around for child in children(node)}
        found.update(dict.fromkeys(children(tree), tree))
        return found


def index(tree: ast.Module) -> Index:
    """Return the index of *tree*; it is made once, and kept at the tree."""
    try:
        return tree.index  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        pass
    # As ``walk`` does, without asking each node first for what nobody has found out yet.  The tree
    # itself is left out: it would be kept by what it keeps.
    nodes = list(children(tree))
    kinds: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    parents: dict[ast.AST, ast.AST] = {}
    inside = _INNER.get
    for node in nodes:  # it grows on the way
        kind = type(node)
        kinds[kind].append(node)
        if kind not in LEAVES:
            node.inner = found = inside(kind, _inner)(node)  # type: ignore[attr-defined]
            nodes += found
            for child in found:
                parents[child] = node
    known = dict(kinds)
    renamed = note_library_names(known, getattr(tree, "elsewhere", None))
    tree.index = made = Index(nodes, known, renamed, [parents])  # type: ignore[attr-defined]
    return made


def imports(tree: ast.Module) -> list[ast.AST]:
    """Return the imports of *tree* in the order of a walk; most stand on its top level alone."""
    every = index(tree)
    found: list[ast.AST] = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if len(found) == len(every.every(ast.Import)) + len(every.every(ast.ImportFrom)):
        return found
    return every.of(ast.Import, ast.ImportFrom)


@lru_cache(maxsize=1024)
def expression(text: str) -> ast.expr:
    """Return the expression *text*, which stood in brackets and may go over several lines.

    It is one for all who ask, and to be left as it is.
    """
    return ast.parse(f"(\n{text}\n)", mode="eval").body

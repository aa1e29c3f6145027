"""Classes of trackers whose calls may give back a tracker that others use, ids and all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.dataflow.holders import Family
    from codemods.analysis.syntax.definitions import DataFlow, ResolvedClass

_SHARING_WORDS = frozenset(
    "singleton borg shared cached multiton flyweight monostate global".split()
)
_HOOKS = frozenset({"__getattr__", "__getattribute__", "__setattr__"})


def shared_by(taint: DataFlow, call: ast.Call) -> str:
    """Return what may make the construction *call* give back an object that was there before.

    An empty text where each call builds a new one, as far as can be seen.
    """
    target = call.func
    factory = isinstance(target, ast.Attribute) and target.attr == words.FACTORY
    if factory and isinstance(target, ast.Attribute):
        target = target.value
    owner = taint.class_of(target)
    if owner is None:
        return ""
    related = family(owner)
    if related.doubt is not None:
        return _described(owner, related.doubt)
    if related.keeps_itself:
        return f"{owner.node.name}.__init__ puts it where others find it"
    patched = _patched(taint, owner)
    if patched is not None:
        return f"{ast.unparse(patched)} is replaced"
    return _of_factory(related) if factory and _of_factory(related) else _of_state(related)


def gives_itself_again(taint: DataFlow, call: ast.Call) -> bool:
    """Whether *call* may give an object that it gave before, and nothing else stands for one.

    Such an object has its ids where those of any other tracker are.
    """
    owner = taint.class_of(call.func)
    if owner is None:
        return False
    related = family(owner)
    return related.doubt is not None and not _of_state(related)


def strange_bases(taint: DataFlow, call: ast.Call) -> list[ast.expr]:
    """Return the bases of the tracker's class that are not in sight: anything may be in them."""
    target = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    owner = taint.class_of(call.func) or taint.class_of(target)
    return family(owner).unknown if owner is not None else []


def _described(owner: ResolvedClass, doubt: ast.AST) -> str:
    name = owner.node.name
    if isinstance(doubt, ast.FunctionDef):
        return f"{name}.__new__ may return an object that it keeps"
    assert isinstance(doubt, ast.expr)
    return f"{ast.unparse(doubt)} may make {name} return an object that it keeps"


def _patched(taint: DataFlow, owner: ResolvedClass) -> ast.AST | None:
    return next(
        (
            node
            for node in taint.module.every(ast.Attribute)
            if node.attr == "__new__"
            and isinstance(node.ctx, ast.Store)
            and last_name(node.value) == owner.node.name
        ),
        None,
    )


def _of_factory(related: Family) -> str:
    """Return what is wrong with a factory of the class's own."""
    method = related.method(words.FACTORY)
    if method is None or method.node.name != words.FACTORY or _is_api(related):
        return ""
    returned = [n.value for n in walk(method.node) if isinstance(n, ast.Return)]
    made = (isinstance(v, ast.Call) and _constructs(v) for v in returned)
    plain = len(method.node.decorator_list) == 1 and returned and all(made)
    return "" if plain else f"{words.FACTORY} may return an object that it keeps"


def _constructs(call: ast.Call) -> bool:
    above = isinstance(call.func, ast.Attribute) and call.func.attr == words.FACTORY
    return last_name(call.func) == "cls" or above


def _of_state(related: Family) -> str:
    """Return what may make all objects of the class share their ids."""
    for owner in related.classes:
        name = owner.node.name
        if name == words.TRACKER_CLASS:
            continue
        for node in walk(owner.node):
            if isinstance(node, ast.Attribute) and node.attr == "__dict__":
                return f"objects of {name} may share what they know ({ast.unparse(node)})"
            if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
                names = {getattr(target, "id", "") for target in node.targets}
                if node in owner.node.body and names & set(words.STATE_ATTRIBUTES):
                    return f"{name} may keep the ids in a place that others share"
            if isinstance(node, ast.FunctionDef) and (
                node.name in words.STATE_ATTRIBUTES or node.name in _HOOKS
            ):
                return f"{name}.{node.name} may keep the ids in a place that others share"
    telling_bases = (b for b in related.unknown if _tells(last_name(b)))
    base = next(telling_bases, None)
    return f"{ast.unparse(base)} may return an object that it keeps" if base is not None else ""


def _tells(name: str) -> bool:
    return not _SHARING_WORDS.isdisjoint(telling_names.words_of(name))


def _is_api(related: Family) -> bool:
    return related.classes[0].node.name == words.TRACKER_CLASS

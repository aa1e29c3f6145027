"""A set call by the older of its names that became today's: nothing else of it may differ.

Only on a tracker, as far as this file shows: a variable or a field that nothing but calls of the
class, or blocks that build their tracker, bind.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.fingerprint import alike, fingerprints
from codemods.validator.terms import dotted, last_name
from codemods.validator.walk import every, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codemods.validator.terms import Managed

_READS = (ast.Name, ast.Attribute)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Fields of nodes that have a type: of an argument, a function, a handler and a pattern.
_TELLING = ("annotation", "returns", "type", "cls")
_ASKING = frozenset({"isinstance", "issubclass", "cast"})
_OF_TYPES = (ast.Subscript, ast.BinOp, ast.Tuple, ast.List)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def is_respelled(before: ast.Call, after: ast.Call) -> bool:
    """Whether *before* is given ids by keyword only, by the older name, and *after* by today's."""
    one, other = before.func, after.func
    if not isinstance(one, ast.Attribute) or not isinstance(other, ast.Attribute):
        return False
    if (one.attr, other.attr) != (words.OLDER_SET_CALL, words.SET_CALL) or before.args:
        return False
    names = [keyword.arg for keyword in before.keywords]
    return bool(names) and all(name in words.SET_PARAMETERS for name in names)


def stays_respelled(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether *after* is the statement *before*, a set call, by today's name."""
    one, other = (getattr(statement, "value", None) for statement in (before, after))
    if not isinstance(before, ast.Expr) or not isinstance(one, ast.Call):
        return False
    if not isinstance(other, ast.Call) or not is_respelled(one, other):
        return False
    return fingerprints(one.keywords) == fingerprints(other.keywords)


def stays(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether *after* is *before*, with set calls in its branches by today's name at most."""
    if alike(before, after) or stays_respelled(before, after):
        return True
    if isinstance(before, ast.If) and isinstance(after, ast.If):
        same = alike(before.test, after.test) and _all_stay(before.orelse, after.orelse)
        return same and _all_stay(before.body, after.body)
    if isinstance(before, ast.Match) and isinstance(after, ast.Match):
        cases = list(zip(before.cases, after.cases, strict=False))
        heads = [[one.pattern, *filter(None, [one.guard])] for pair in cases for one in pair]
        same = len(before.cases) == len(after.cases) and alike(before.subject, after.subject)
        same = same and all(
            fingerprints(one) == fingerprints(other)
            for one, other in zip(heads[::2], heads[1::2], strict=True)
        )
        return same and all(_all_stay(one.body, other.body) for one, other in cases)
    return False


def _all_stay(before: list[ast.stmt], after: list[ast.stmt]) -> bool:
    pairs = zip(before, after, strict=False)
    return len(before) == len(after) and all(stays(*pair) for pair in pairs)


def set_on_trackers(module: ast.Module, names: Managed, *, whole: bool) -> frozenset[ast.Call]:
    """Return the calls of *module* by the older name whose receiver is surely a tracker.

    *module* is the *whole* file, or what is left of it without statements that name no tracker.
    """
    if not any(n.attr == words.OLDER_SET_CALL for n in every(module, ast.Attribute)):
        return frozenset()  # spares most files the look at what they bind
    return frozenset(_within(module, {}, _fields(nodes(module), names, whole=whole), names))


@dataclass(frozen=True)
class _Fields:
    """What binds the fields of objects, and whether each time a new tracker.

    ``methods`` has, for each plain method, its class and the name of its own object.  What another
    class binds of its own objects concerns those of a class ``apart`` not: none is derived from it.
    """

    apart: frozenset[ast.ClassDef]
    methods: dict[ast.AST, tuple[ast.ClassDef, str]] = field(default_factory=dict)
    bound: list[tuple[str, bool, ast.ClassDef | None]] = field(default_factory=list)

    def is_tracker(self, receiver: ast.expr, method: ast.AST) -> bool:
        """Whether *receiver*, in the function *method*, is a field that is always a tracker."""
        if not isinstance(receiver, ast.Attribute):
            return False
        owner = self.owner(receiver, method)
        found = [
            built
            for name, built, of in self.bound
            if name == receiver.attr and (owner not in self.apart or of in (None, owner))
        ]
        return bool(found) and all(found)

    def owner(self, attribute: ast.Attribute, method: ast.AST) -> ast.ClassDef | None:
        """Return the class whose object has *attribute*, if it is the own object of *method*."""
        owner, own_name = self.methods.get(method, (None, ""))
        return owner if dotted(attribute.value) == own_name else None


def _fields(listed: tuple[ast.AST, ...], names: Managed, *, whole: bool) -> _Fields:
    classes = [node for node in listed if isinstance(node, ast.ClassDef)]
    called_only = _called_only(listed, classes)
    bases = {base.id for one in classes for base in one.bases if isinstance(base, ast.Name)}
    alone = (
        one for one in called_only if not one.bases and not one.keywords and one.name not in bases
    )
    # What is derived stands in any statement.
    found = _Fields(frozenset(alone if whole else ()))
    for one in classes:
        found.methods.update((method, (one, name)) for method, name in _plain_methods(one))
        # What a class body binds, its own objects and those of heirs have.
        found.bound.extend((name, built, one) for name, built in _of_class(one, names))
    inside = {node: method for method in found.methods for node in _own(method)}
    made = {target for node in listed for target, built in _bound(node, names) if built}
    for node in listed:
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            owner = found.owner(node, inside[node]) if node in inside else None
            apart = owner if owner in called_only else None
            found.bound.append((node.attr, node in made, apart))
    return found


def _called_only(listed: tuple[ast.AST, ...], classes: list[ast.ClassDef]) -> set[ast.ClassDef]:
    """Return those of *classes* that make objects, tell of types, or are derived from, and no more.

    Nobody calls the methods of such a class on other objects than its own and those of the
    classes derived from it, which are of this kind, too.
    """
    plain = {n.name for one in classes for n in one.body if isinstance(n, _FUNCTIONS)}
    telling = {one for node in listed for one in _telling(node, plain)}
    reads = [n for n in listed if isinstance(n, _READS) and n not in telling]
    heirs = [one for one in classes if not one.keywords and not one.decorator_list]
    found, before = set(classes), -1
    while len(found) != before:
        before = len(found)
        bases = [base for one in heirs if one in found for base in one.bases]
        named = {base for base in bases if isinstance(base, ast.Name)}
        used = {last_name(node) for node in reads if node not in named}
        found = {one for one in found if one.name not in used}
    return found


def _telling(node: ast.AST, methods: set[str]) -> Iterator[ast.AST]:
    """Yield names in *node* by which nobody gets a class, nor one of *methods* of it."""
    waiting: list[ast.AST | None] = [getattr(node, name, None) for name in _TELLING]
    if isinstance(node, ast.Call):
        yield node.func
        waiting.extend(node.args if last_name(node.func) in _ASKING else ())
    elif isinstance(node, ast.Attribute) and node.attr not in methods:
        waiting.append(None if node.attr.startswith("__") else node.value)
    while waiting:
        one = waiting.pop()
        if isinstance(one, _READS):
            yield one
        elif isinstance(one, _OF_TYPES):
            waiting.extend(ast.iter_child_nodes(one))


def _plain_methods(node: ast.ClassDef) -> Iterator[tuple[ast.AST, str]]:
    """Yield the methods of a class that are called on its objects, and the name of that object."""
    for method in node.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or method.decorator_list:
            continue
        first = [*method.args.posonlyargs, *method.args.args][:1]
        inside = [n for n in ast.walk(method) if not isinstance(n, ast.arg)]
        if first and first[0].arg not in _others(inside, set()):
            yield method, first[0].arg


def _of_class(node: ast.ClassDef, names: Managed) -> Iterator[tuple[str, bool]]:
    """Yield what the body of a class binds, which its objects have for fields."""
    own = list(_own(node))
    made = {t for one in own for t, is_built in _bound(one, names) if is_built}
    yield from ((target.id, True) for target in made if isinstance(target, ast.Name))
    yield from ((name, False) for name in _others(own, made))


def _within(
    scope: ast.AST, around: Mapping[str, bool], fields: _Fields, names: Managed
) -> Iterator[ast.Call]:
    own = list(_own(scope))
    built = {
        target.id: True
        for node in own
        for target, made in _bound(node, names)
        if made and isinstance(target, ast.Name)
    }
    made = {t for node in own for t, is_built in _bound(node, names) if is_built}
    known = {**around, **built, **dict.fromkeys(_others(own, made), False)}
    for node in own:
        if isinstance(node, _SCOPES):
            yield from _within(node, known, fields, names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            if node.func.attr != words.OLDER_SET_CALL or not dotted(receiver):
                continue
            if known.get(dotted(receiver)) or fields.is_tracker(receiver, scope):
                yield node


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *scope* without those of the scopes inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _others(own: list[ast.AST], made: set[ast.expr]) -> Iterator[str]:
    """Yield the names that *scope* binds, or may have others bind, in another way."""
    made = made.union(n for c in own if isinstance(c, ast.comprehension) for n in _bound_by(c))
    made |= {n.target for n in own if isinstance(n, ast.AnnAssign) and n.value is None}
    for node in own:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node not in made:
            yield node.id
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        else:
            yield from _named(node)


def _bound_by(each: ast.comprehension) -> Iterator[ast.expr]:
    """Yield the names that a comprehension binds: they are its own."""
    return (n for n in ast.walk(each.target) if isinstance(n, ast.Name))


def _named(node: ast.AST) -> Iterator[str]:
    for name in ("name", "arg", "rest"):
        found = getattr(node, name, None)
        if isinstance(found, str) and not isinstance(node, ast.keyword):
            yield found


def _bound(node: ast.AST, names: Managed) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what *node* binds, and whether it binds a new tracker to that."""
    if isinstance(node, ast.withitem):
        call = node.context_expr
        named = isinstance(call, ast.Call) and last_name(call.func) in names.managers
        if named and node.optional_vars is not None:
            yield node.optional_vars, _builds_its_own(call)  # type: ignore[arg-type]
    elif isinstance(node, ast.Assign):
        for one in node.targets:
            yield one, _builds(node.value, names)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        if not isinstance(node, ast.AnnAssign):
            yield node.target, False
        elif node.value is not None:
            yield node.target, _builds(node.value, names)


def _builds_its_own(call: ast.Call) -> bool:
    """Whether the context *call* is given no tracker, so that it makes one."""
    given = [*call.args[1:], *(one for one in call.args if isinstance(one, ast.Starred))]
    return not given and all(k.arg not in (None, words.TRACKER_ARGUMENT) for k in call.keywords)


def _builds(value: ast.expr | None, names: Managed) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr == words.FACTORY:
        called = called.value
    return last_name(called) in names.classes

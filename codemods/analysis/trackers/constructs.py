"""Constructions of trackers, and those that stand for several: one in each arm of a condition.

Whichever arm runs, there is one tracker, and it is new.  The construction stays where it
stands, so the condition and its arms do not move.  Where an arm is None there may be none.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes


@dataclass(frozen=True, eq=False)
class Construct:
    """A call that builds a tracker.

    ``kind`` is plain (no arguments), arguments, factory (the class's, or a function of
    the project that only builds one) or subclass; ``home`` the context
    module that belongs to the class; ``certain`` whether it surely is that class;
    ``shared`` says what may make it give back a tracker that was there before, or its ids;
    ``again`` that it is the tracker itself.
    """

    call: ast.Call
    kind: str
    home: str
    certain: bool
    shared: str = ""
    again: bool = False


#: A statement that binds a construction to a name.
Binder = ast.Assign | ast.AnnAssign | ast.Expr
Bound = tuple[Construct, Binder]
_STORES = frozenset({words.STORE_ARGUMENT, words.LOG_ARGUMENT})


def whole(module: ParsedModule, call: ast.Call, built: Mapping[object, Construct]) -> ast.expr:
    """Return the condition that *call* is an arm of, if all of its arms build, or are None.

    A variable that is None until then, and takes the tracker for lack of one, has it always.
    """
    if _none_until(module, call) is not None:
        value: ast.expr = module.parents[call]  # type: ignore[assignment]
        return value
    top: ast.expr = call
    while isinstance(around := module.parents[top], ast.IfExp) and around.test is not top:
        top = around
    if top is call:
        return call
    arms = [arm for arm in _arms(top) if not _is_none(arm)]
    found = [built.get(arm) for arm in arms if isinstance(arm, ast.Call)]
    constructs = [one for one in found if one is not None]
    complete = len(constructs) == len(arms)
    return top if complete and joined(constructs) is not None else call


def lacking(binder: ast.stmt) -> ast.IfExp | None:
    """Return the condition by which *binder* binds a tracker or None, None if it always has one."""
    value = getattr(binder, "value", None)
    return value if isinstance(value, ast.IfExp) and any(map(_is_none, _arms(value))) else None


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _none_until(module: ParsedModule, call: ast.Call) -> ast.Name | None:
    """Return the variable in ``name = name or CALL``, if the statement before makes it None."""
    value = module.parents[call]
    if not isinstance(value, ast.BoolOp) or not isinstance(value.op, ast.Or):
        return None
    name, statement = value.values[0], module.parents[value]
    if not isinstance(name, ast.Name) or value.values[1:] != [call]:
        return None
    if not isinstance(statement, ast.Assign) or not _binds_alone(statement, name.id):
        return None
    *_, (_, index) = module.paths[statement]
    before = module.statements_around(statement)[index - 1] if index else None
    if not isinstance(before, ast.Assign) or not _binds_alone(before, name.id):
        return None
    return name if _is_none(before.value) else None


def _binds_alone(statement: ast.Assign, name: str) -> bool:
    target = statement.targets[0]
    return len(statement.targets) == 1 and isinstance(target, ast.Name) and target.id == name


def asks_itself(module: ParsedModule, load: ast.Name) -> bool:
    """Whether *load* asks for a tracker where none is yet, in the statement that builds it."""
    value = module.parents[load]
    if not isinstance(value, ast.BoolOp) or value.values[0] is not load:
        return False
    call = value.values[-1]
    return isinstance(call, ast.Call) and _none_until(module, call) is load


def _arms(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [*_arms(value.body), *_arms(value.orelse)]
    return [value]


#: What evaluates all that it holds, whatever the values are.
_EVALUATING = (
    *(ast.Call, ast.keyword, ast.Starred, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Await),
)


def bound_in_passing(module: ParsedModule, value: ast.expr) -> ast.Expr | None:
    """Return the statement that binds *value* by ``:=`` in an expression, and does no more with it.

    It is always evaluated there, and is dropped, or compared by ``is``; nothing else in the
    statement binds a name like this, or has the name.
    """
    named = module.parents[value]
    if not isinstance(named, ast.NamedExpr):
        return None
    around = module.parents[named]
    if isinstance(around, ast.Compare):
        first = around.left is named or around.comparators[0] is named
        if not first or not isinstance(around.ops[0], ast.Is | ast.IsNot) or len(around.ops) > 1:
            return None
        around = module.parents[around]
    while isinstance(around, _EVALUATING):
        if around is module.parents[named]:
            return None  # what takes it may keep it
        around = module.parents[around]
    if not isinstance(around, ast.Expr):
        return None
    inside = list(walk(around))
    alone = sum(isinstance(node, ast.NamedExpr) for node in inside) == 1
    name = named.target.id
    mentions = sum(isinstance(node, ast.Name) and node.id == name for node in inside)
    return around if alone and mentions == 1 else None


def unpacked(statement: ast.Assign, call: ast.Call) -> list[ast.Name]:
    """Return the name that *statement* binds *call* to as one of as many values as names."""
    target, built = statement.targets[0], statement.value
    if len(statement.targets) != 1 or not isinstance(target, ast.Tuple):
        return []
    if not isinstance(built, ast.Tuple) or len(built.elts) != len(target.elts):
        return []
    if any(isinstance(e, ast.Starred) for e in (*target.elts, *built.elts)):
        return []
    pairs = zip(target.elts, built.elts, strict=True)
    return [name for name, value in pairs if value is call and isinstance(name, ast.Name)][:1]


def joined(constructs: Sequence[Construct]) -> Construct | None:
    """Return what stands for all of *constructs*, None where they differ in what matters.

    Only one of them may be given a store of its own.
    """
    first, *others = sorted(constructs, key=lambda one: not _has_store(one))
    if any(one.home != first.home or _has_store(one) for one in others):
        return None
    kinds = {one.kind for one in constructs} - {"plain", "arguments"}
    return replace(
        first,
        kind=min(kinds) if kinds else "arguments",
        certain=all(one.certain for one in constructs),
        shared=next((one.shared for one in constructs if one.shared), ""),
        again=all(one.again for one in constructs if one.shared),
    )


def _has_store(construct: Construct) -> bool:
    call = construct.call
    named = {keyword.arg for keyword in call.keywords}
    return bool(call.args) or None in named or not _STORES.isdisjoint(named)


def bindings_of(
    module: ParsedModule,
    scopes: Scopes,
    names_of: Callable[[Construct, Binder], list[ast.Name]],
    bound_by: list[Bound],
) -> Iterator[tuple[Construct, ast.stmt, list[Bound]]]:
    """Yield the constructions of a variable with their statements, and what each stands for.

    What every arm of a condition builds is one.
    """
    by_statement: dict[ast.stmt, list[Bound]] = {}
    for construct, statement in bound_by:
        by_statement.setdefault(statement, []).append((construct, statement))
    binding = scopes.of(names_of(*bound_by[0])[0])
    top = _branches(module, binding, list(by_statement))
    one = joined([construct for construct, _ in bound_by]) if top is not None else None
    if top is not None and one is not None:
        yield one, top, bound_by
        return
    for born_in, same in by_statement.items():
        alone = same[0][0]
        yield alone if len(same) == 1 else joined([c for c, _ in same]) or alone, born_in, same


def _branches(
    module: ParsedModule, binding: Binding, statements: Sequence[ast.stmt]
) -> ast.If | None:
    """Return the ``if`` of which each branch has one of *statements*, which bind *binding*.

    Nothing in it uses the variable, and it is bound nowhere else.
    """
    places = [module.paths[statement] for statement in statements]
    depth = next((n for n in range(len(places[0])) if len({p[: n + 1] for p in places}) > 1), 0)
    if len(statements) < 2 or not depth or bound_otherwise(module, binding, statements) is not None:
        return None
    top = module.at.get(places[0][:depth])
    if not isinstance(top, ast.If) or not _covers(top, set(statements)):
        return None
    used = any(top in module.ancestors(load) for load in binding.loads)
    return None if used or binding.declared or binding.deletes else top


def bound_otherwise(
    module: ParsedModule, binding: Binding, statements: Collection[ast.stmt]
) -> ast.AST | None:
    """Return the first place that binds *binding* and is none of *statements*, if it counts.

    A mere annotation binds nothing; nor does it count that the variable is None above them all.
    """
    others = (
        binder
        for binder in binding.binders
        if not isinstance(binder, ast.Name) or module.statement(binder) not in statements
    )
    return next((one for one in others if not _is_idle(module, one, statements)), None)


def _is_idle(module: ParsedModule, binder: ast.AST, statements: Collection[ast.stmt]) -> bool:
    statement = module.parents.get(binder)
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return True
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or isinstance(binder, ast.alias):
        return False
    value = statement.value
    if not isinstance(value, ast.Constant) or value.value is not None:
        return False
    *around, (field, index) = module.paths[statement]
    depth = len(around)
    places = (module.paths[one] for one in statements)
    return all(
        list(place[:depth]) == around and place[depth][0] == field and place[depth][1] > index
        for place in places
    )


def _covers(statement: ast.If, bound_by: set[ast.stmt]) -> bool:
    """Whether each way through *statement* ends with one of *bound_by*."""
    for body in (statement.body, statement.orelse):
        here = [one for one in body if one in bound_by]
        nested = body[-1] if body else None
        if len(here) == 1 and body[-1] is here[0]:
            continue
        if here or not isinstance(nested, ast.If) or not _covers(nested, bound_by):
            return False
    return True

"""Ids that a block names and may not get: where one is None, that of a block around counts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods import vocabulary as words
from codemods.analysis.none_evidence import binding_evidence, none_evidence
from codemods.analysis.syntax.calls import arguments_of
from codemods.analysis.syntax.effects import may_be_none
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.tree import expression, walk
from codemods.analysis.trackers.ids.standing import takes_user
from codemods.model.edit import UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.model.edit import Path, Retain, Wrap


def missing_ids(semantic: SemanticModel, wrap: Wrap) -> frozenset[str]:
    """Return the ids in the header of *wrap* whose values visibly may be None."""
    found = {key for key, value in _texts(wrap) if not _is_text(value)}
    for taken in wrap.header.taken:
        values = _values(semantic, taken.path)
        for position, key in taken.arguments:
            spread = key is not None and key.startswith(UNPACKED)
            given = values[position] if position < len(values) and not spread else None
            named = (key or words.BATCH).removeprefix(UNPACKED)
            given = _unpacked(semantic, taken.path, named) if spread else given
            if spread and given is None:
                found.add(named)  # it is not known which of its ids a dictionary has
            if given is not None and none_evidence(semantic.taint, given) is not None:
                found.add(named)
    if _user_may_be_none(semantic, wrap):
        found.add(words.USER)
    return frozenset(found)


def _unpacked(semantic: SemanticModel, path: Path, keyword: str) -> ast.expr | None:
    """Return what the set call at *path* has for *keyword* in a dictionary that it unpacks."""
    site = semantic.lifetimes.sites_at.get(path)
    argument = site.argument(keyword) if site is not None else None
    return argument.value if argument is not None else None


def _texts(wrap: Wrap) -> Iterator[tuple[str, ast.expr]]:
    """Yield the ids that the header of *wrap* names by texts of its own, and their values."""
    for text in (*wrap.header.leading, *wrap.header.trailing):
        key, sign, value = text.partition("=")
        if sign and key in words.SET_PARAMETERS:
            yield key, expression(value)


def _is_text(value: ast.expr) -> bool:
    """Whether *value* is visibly not None, whatever its variables are."""
    if isinstance(value, ast.IfExp):
        return _is_text(value.body) and _is_text(value.orelse)
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        return _is_text(value.values[-1])
    known = isinstance(value, ast.Constant) and value.value is not None
    return known or isinstance(value, ast.JoinedStr)


def is_certain(semantic: SemanticModel, retained: Retain) -> bool:
    """Whether what a set call *retained* visibly gives a value."""
    values = _values(semantic, retained.path)
    given = [values[position] for position in retained.positions if position < len(values)]
    return all(none_evidence(semantic.taint, value) is None for value in given)


def _values(semantic: SemanticModel, path: Path) -> list[ast.expr]:
    statement = semantic.statement_at(path)
    call = statement.value if isinstance(statement, ast.Expr) else None
    return arguments_of(call) if isinstance(call, ast.Call) else []


def adopted(wrap: Wrap) -> str | None:
    """Return the tracker that the header of *wrap* takes, as it is written there."""
    prefix = f"{words.TRACKER_ARGUMENT}="
    given = (*wrap.header.leading, *wrap.header.trailing)
    return next((t.removeprefix(prefix) for t in given if t.startswith(prefix)), None)


def _user_may_be_none(semantic: SemanticModel, wrap: Wrap) -> bool:
    """Whether the header of *wrap* builds a tracker, with a user that visibly may be None."""
    made = expression(adopted(wrap) or "None")
    if not isinstance(made, ast.Call) or not takes_user(made):
        return False
    user = _user_of(made)
    if not isinstance(user, ast.Name):
        return user is None or may_be_none(user, []) is not None
    variable = semantic.scopes.binding(user.id, semantic.scope_at(wrap.path))
    return binding_evidence(semantic.taint, variable) is not None


def _user_of(made: ast.Call) -> ast.expr | None:
    """Return the user that the construction *made* gives, as far as it can be told."""
    position = words.CONSTRUCTOR_PARAMETERS.index(words.USER)
    by_position = made.args[position] if position < len(made.args) else None
    return next((k.value for k in made.keywords if k.arg == words.USER), by_position)


class Built(NamedTuple):
    """Whether a tracker is built with a user: ``perhaps``, and ``certainly``."""

    perhaps: bool
    certainly: bool


class _Known:
    """The trackers of a module whose constructions were looked at, for all of their blocks."""

    def __init__(self, taint: DataFlow) -> None:
        del taint
        self.of: dict[object, Built] = {}


def built_with_user(semantic: SemanticModel, tracker: object) -> Built:
    """Return whether what the variable *tracker* is given was built with a user."""
    known = semantic.taint.once(_Known).of
    if tracker not in known:
        known[tracker] = _built_with_user(semantic, tracker)
    return known[tracker]


def _built_with_user(semantic: SemanticModel, tracker: object) -> Built:
    users: list[ast.expr | None] = []
    made = semantic.lifetimes.constructs_of.get(tracker, ()) if isinstance(tracker, Binding) else ()
    for call in (construct.call for construct in made):
        taken = takes_user(call) or _factory_takes_user(semantic, call)
        users.append(_user_of(call) if taken else ast.Constant(None))
    known = [u for u in users if not (isinstance(u, ast.Constant) and u.value is None)]
    certain = [u for u in known if u is not None and none_evidence(semantic.taint, u) is None]
    return Built(bool(known), bool(users) and len(certain) == len(users))


def _factory_takes_user(semantic: SemanticModel, made: ast.Call) -> bool:
    factory = semantic.taint.definition(made.func)
    calls = (n for n in walk(factory.node) if isinstance(n, ast.Call)) if factory else ()
    return any(takes_user(call) for call in calls)


def certain_ids(semantic: SemanticModel, context: ast.Call) -> set[str]:
    """Return what the call *context* names, but for values that visibly may be None."""
    return {
        keyword.arg
        for keyword in context.keywords
        if keyword.arg is not None and none_evidence(semantic.taint, keyword.value) is None
    }

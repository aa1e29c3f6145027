"""Functions that share a tracker, and may run in each other: an inner block gives its ids back."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import TOO_MANY, reachable
from codemods.analysis.dataflow.deferred.callbacks import calls_unknown, handed_on
from codemods.analysis.dataflow.deferred.registered import Registered
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.getter import Identity, identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.rules.checks.shared_trackers.getter_users import User, Users


def nested(user: User, users: Users) -> str | None:
    """Return what puts *user* into another one's work, or another setter into its own.

    Ids that an inner one sets hold on behind its call today; its block gives them back.  None
    where nothing does, as far as can be seen.
    """
    every = users.once(_Together)
    run = user.once(_Run)
    for other in users.setting if every.may_be_run_by(run) else ():
        how = _may_run(user, other)
        if how is not None:
            return f"{user.name} {how} {other.name}, which sets other ids"
    for other in (*users.setting, *users.relying) if every.may_run(user) else ():
        how = _may_run(other, user) if other is not user else None
        if how is not None:
            return f"{other.name} {how} {user.name}, and may go on with its ids"
    return None


class _Run:
    """What one function runs, as far as can be seen."""

    def __init__(self, user: User) -> None:
        taint, body = user.semantic.taint, user.function.body
        self._user = user
        self._reached = reachable(taint, body)
        self.functions = {identity(one.taint, one.node) for one in self._reached}
        self.is_cut = self._reached.is_cut
        self.unknown = calls_unknown(taint, body)
        self.handed = {(one.path, one.names) for one in taint.once(Registered).run_by(body)}

    @cached_property
    def methods(self) -> set[str]:
        """The attributes that are read of what is unknown."""
        definition = self._user.semantic.taint.definition
        own = (n for s in self._user.function.body for n in walk(s))
        found = {n.attr for n in own if isinstance(n, ast.Attribute) and definition(n) is None}
        for one in self._reached:
            inner = (n for n in walk(one.node) if isinstance(n, ast.Attribute))
            found.update(n.attr for n in inner if one.taint.definition(n) is None)
        return found


class _Together:
    """What all users run, and what all of those that set ids are: most run none of the others."""

    def __init__(self, users: Users) -> None:
        self._setting = users.setting
        runs = [one.once(_Run) for one in (*users.setting, *users.relying)]
        self._some_unknown = any(run.is_cut or run.unknown for run in runs)
        self._functions = set().union(*(run.functions for run in runs))
        self._handed = set().union(*(run.handed for run in runs))
        self._set_by = {one.identity for one in users.setting}
        self._known_as = {_known_as(one) for one in users.setting}
        self._hidden = any(map(_is_hidden, users.setting))

    def may_be_run_by(self, run: _Run) -> bool:
        """Whether one of those that set ids may be among what *run* does."""
        if run.is_cut or run.unknown or self._hidden:
            return True
        return not (
            self._set_by.isdisjoint(run.functions) and self._known_as.isdisjoint(run.handed)
        )

    def may_run(self, user: User) -> bool:
        """Whether one of the users may run *user*."""
        if self._some_unknown or _is_hidden(user):
            return True
        return user.identity in self._functions or _known_as(user) in self._handed


def _known_as(user: User) -> tuple[str, tuple[str, ...]]:
    module = user.semantic.module
    return str(module.source.path), module.qualified_name(user.function)


def _is_hidden(user: User) -> bool:
    """Whether calls of *user* may not show what it is."""
    return _is_special(user.name) or _is_method(user)


def _may_run(outer: User, inner: User) -> str | None:
    """Return how *outer* comes to run *inner*, None if it surely does not."""
    run = outer.once(_Run)
    if inner.identity in run.functions:
        return "calls"
    if run.is_cut:
        return f"calls {TOO_MANY}, perhaps also"
    if _is_special(inner.name) and (run.unknown or inner is not outer):
        return "may call"  # an operator, or a call of the object, does not show its name
    if _is_method(inner) and inner.name in run.methods:
        return "may call"
    if run.unknown and inner.identity in inner.once(_handed_on):
        return "may call back"
    return "may call back" if _known_as(inner) in run.handed else None


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name != "__init__"


def _is_method(user: User) -> bool:
    return isinstance(user.semantic.module.parents[user.function], ast.ClassDef)


def _handed_on(user: User) -> set[Identity]:
    """Return the functions that a file which speaks of *user* hands on as values."""
    others = user.semantic.elsewhere.mentioning(user.name)
    files: Iterable[SemanticModel | None] = (user.semantic, *others)
    return {one for file in files if file is not None for one in file.once(_handed_on_by)}


def _handed_on_by(semantic: SemanticModel) -> set[Identity]:
    handed = handed_on(semantic.taint)
    own = {identity(semantic.taint, node) for node in handed}
    # What the module hands on of others is of their files, whatever analysis it was found by.
    nodes = (*semantic.module.every(ast.Name), *semantic.module.every(ast.Attribute))
    for node in nodes:
        parent = semantic.module.parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            continue
        found = semantic.taint.definition(node)
        if found is not None:
            own.add(identity(found.taint, found.node))
    return own

"""Ids of a dictionary of which it shows what it may hold, and not whether it does."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codemods import vocabulary as words
from codemods.analysis.trackers.ids.arguments import Argument
from codemods.analysis.trackers.ids.literal_dicts import Keys, LiteralDicts
from codemods.rules.checks.callers import mentions_of

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall

_UNKNOWN = "unknown-fields"


class Named(NamedTuple):
    """A lifetime whose set call names all that it may give, and what a person must confirm."""

    lifetime: Lifetime
    confirm: tuple[str, ...] = ()


def with_possible_ids(semantic: SemanticModel, lifetime: Lifetime) -> Named:
    """Return *lifetime*; its one set call has the ids that a dictionary in it may give.

    The header unpacks the dictionary as the call did, where no other id than these gets there:
    the call would raise, the header would not.  On a new tracker no earlier id has to stay.
    """
    site = lifetime.sets[0] if len(lifetime.sets) == 1 else None
    if site is None or site.problem != _UNKNOWN or not semantic.ours(lifetime.construct.home):
        return Named(lifetime)
    unpacked = [k for k in site.call.keywords if k.arg is None]
    if site.call.args or len(unpacked) != 1 or lifetime.owned:
        return Named(lifetime)
    given = {keyword.arg for keyword in site.call.keywords} - {None}
    value = unpacked[0].value
    literals = LiteralDicts(semantic.module, semantic.scopes)
    confirm: tuple[str, ...] = ()
    keys = literals.keys(value)
    if keys is None and literals.taken_from_callers(value):
        keys = _passed(semantic, value)
        if keys is None and semantic.settings.unsafe:
            named = tuple(key for key in words.SET_PARAMETERS if key not in given)
            keys = Keys(frozenset(), named)
            function = semantic.scopes.of(value).scope.node  # type: ignore[arg-type]
            who = getattr(function, "name", "the function")
            confirm = (f"who calls {who} passes no other keywords than {', '.join(named)}",)
    wanted = {*words.SET_PARAMETERS} - given
    if keys is None or not wanted.issuperset(keys.possible) or not given <= {*words.SET_PARAMETERS}:
        return Named(lifetime)
    return Named(replace(lifetime, sets=[_naming(site, unpacked[0], keys)]), confirm)


def _naming(site: SetCall, unpacked: ast.keyword, keys: Keys) -> SetCall:
    found: list[Argument] = []
    for position, keyword in enumerate(site.call.keywords):
        if keyword is not unpacked:
            found.append(Argument(str(keyword.arg), position, keyword.value, False))
            continue
        lacking = ((key, key not in keys.certain) for key in keys.possible)
        found.extend(Argument(k, position, keyword.value, False, True, m) for k, m in lacking)
    return replace(site, arguments=tuple(found), problem=None)


def _passed(semantic: SemanticModel, value: ast.expr) -> Keys | None:
    """Return what callers pass as the keywords *value*; None if not all of them are in sight."""
    function = semantic.scopes.of(value).scope.node  # type: ignore[arg-type]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    if function.decorator_list or not isinstance(semantic.module.parents[function], ast.Module):
        return None
    found: list[str] = []
    called = False
    for mention in mentions_of(semantic, function):
        keys = None
        if mention is not None and mention.certain and isinstance(mention.name, ast.expr):
            keys = _keywords(mention.semantic.module.parents[mention.name], mention.name, function)
        if keys is None:
            return None
        called = True
        found += keys
    names = set(found)
    ordered = tuple(key for key in words.SET_PARAMETERS if key in names)
    return Keys(frozenset(), ordered) if called and len(ordered) == len(names) else None


def _keywords(call: ast.AST, name: ast.expr, function: Function) -> list[str] | None:
    """Return the keywords of *call* that no parameter of *function* takes."""
    if not isinstance(call, ast.Call) or call.func is not name:
        return None
    arguments = function.args
    own = {p.arg for p in (*arguments.args, *arguments.kwonlyargs)}
    keys = [keyword.arg for keyword in call.keywords]
    return None if None in keys else [key for key in keys if key is not None and key not in own]

"""Ids that the next set call replaces before anything uses them: a person may let them go."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.ids.merging import BOUND_TO_PLACE, is_quiet, is_spread
from codemods.analysis.trackers.lifetimes import is_none
from codemods.rules.checks.lasting_ids import NEVER_NONE
from codemods.rules.planning.conditional.dictionaries import Named

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall

#: To be confirmed of a value that does something, and is replaced.
NOT_EVALUATED = "{} in line {} need not be evaluated: what it gives is replaced before it is used"


def with_last_values(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> Named | None:
    """Return *lifetime* without ids that a set call right behind replaces, and what that rests on.

    None where an id stays that is given twice, or where a person would have to be asked and is not.
    A value that holds the tracker is never let go: it may be a call that is recorded.
    """
    sites: list[SetCall] = []
    confirm: list[str] = []
    for group in _runs(lifetime):
        later: dict[str, Argument] = {}
        left: list[SetCall] = []
        for site in reversed(group):
            if site.problem is not None or (len(group) > 1 and is_spread(site.call)):
                return None
            for argument in [a for a in site.arguments if a.keyword in later]:
                asked = _asked(semantic, flow, argument, later[argument.keyword])
                if asked is None or (asked and not semantic.settings.unsafe):
                    return None
                confirm.extend(asked)
            own = [a for a in site.arguments if a.keyword not in later]
            later.update({a.keyword: a for a in own if not is_none(a.value)})
            left.insert(0, replace(site, arguments=tuple(own)))
        sites.extend(left)
    return Named(replace(lifetime, sets=sites), tuple(dict.fromkeys(confirm)))


def _runs(lifetime: Lifetime) -> list[list[SetCall]]:
    """Group the set calls that directly follow each other, in whatever suite."""
    found: list[list[SetCall]] = []
    for site in lifetime.sets:
        field, index = site.path[-1]
        if found and found[-1][-1].path == (*site.path[:-1], (field, index - 1)):
            found[-1].append(site)
        else:
            found.append([site])
    return found


def _asked(
    semantic: SemanticModel, flow: Flow, earlier: Argument, later: Argument
) -> tuple[str, ...] | None:
    """Return what must be true so that *later* stands for *earlier*, too; None if nothing can."""
    value = earlier.value
    if is_none(value):
        return ()
    names = (n for n in walk(value) if isinstance(n, ast.Name) and n in semantic.scopes.scope_of)
    if any(semantic.scopes.of(name) in flow.tainted for name in names):
        return None
    if any(isinstance(n, BOUND_TO_PLACE) for n in walk(value)):
        return None
    texts = []
    if not is_quiet(value):
        line = value.lineno
        texts.append(NOT_EVALUATED.format(semantic.module.segment(value), line))
    if not Nullness(semantic).is_given(later.value):
        text = semantic.module.segment(later.value)
        texts.append(NEVER_NONE.format(later.keyword, text))
    return tuple(texts)

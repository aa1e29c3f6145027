"""The user, on the original runtime: its contexts take ``user_id=`` for mere metadata.

A user that is surely given goes to the constructor; otherwise the set call
stays inside the block, with nothing but the user.

So does a call inside an inner block with an id that may be None: its contexts would take away
the id that the block around has.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.effects import is_plain
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.block_extent import between
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.edit import Retain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.edit import Path
    from codemods.rules.planning.headers import Form

_SUSPENDING = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
#: What runs its statements once or not at all, whatever is in it.
_ONCE = (ast.If, ast.Match, ast.With, ast.AsyncWith, ast.Try, ast.TryStar)


def with_user(
    semantic: SemanticModel, lifetime: Lifetime, form: Form, own: bool
) -> tuple[Form, bool, dict[Path, Retain]]:
    """Return the form, whether it takes the construction in, and the calls that stay in part."""
    users = _users(lifetime.sets)
    if own and not form.ours and len(users) == len(lifetime.sets) == 1:
        user = users[0][1]
        if isinstance(user.value, ast.Constant) and user.value.value and not user.is_spread:
            call = semantic.module.segment(lifetime.construct.call.func)
            text = f"{call}({words.USER}={semantic.module.segment(user.value)})"
            return replace(form, tracker=text, leaves_user=True), own, {}
    form, stays = keep_user(lifetime.sets, form)
    if not stays:
        return form, own, {}
    return replace(form, tracker=lifetime.binding.name, target=None), False, stays


def keep_user(sets: Sequence[SetCall], form: Form) -> tuple[Form, dict[Path, Retain]]:
    """Return the form of a block for *sets*, and the call that stays inside it for the user.

    What is evaluated after the user today would then come before it, so those ids
    must be names and constants.
    """
    users = _users(sets)
    if form.ours or len(users) != 1:
        return form, {}
    site, user = users[0]
    if isinstance(site.call.func.value, ast.Call):  # type: ignore[attr-defined]
        return form, {}  # the call that stays would ask for the tracker again
    order = [a for s in sets for a in sorted(s.arguments, key=lambda a: a.position)]
    later = order[order.index(user) + 1 :]
    if user.is_positional or user.is_spread or not all(is_plain(a.value) for a in later):
        return form, {}
    # The older name takes a dictionary in runtimes that have contexts.
    stays = Retain(site.path, (user.position,), words.SET_CALL)
    return replace(form, leaves_user=True), {site.path: stays}


def keep_doubtful(
    sets: Sequence[SetCall], argument: Argument, form: Form
) -> tuple[Form, dict[Path, Retain]] | None:
    """Return the form of a block for *sets*, and the call inside it that sets *argument* alone.

    None where the value would be computed under other ids than today, or behind what it changes.
    """
    site = next(s for s in sets if argument in s.arguments)
    order = [a for s in sets for a in sorted(s.arguments, key=lambda a: a.position)]
    later = order[order.index(argument) + 1 :]
    # What a header unpacks is not read when the file is looked at again.
    if argument.is_positional or any(a.is_spread for a in order) or _users(sets):
        return None
    if isinstance(site.call.func.value, ast.Call):  # type: ignore[attr-defined]
        return None
    if not all(isinstance(a.value, ast.Constant) for a in later):
        return None
    if any(isinstance(n, _SUSPENDING) for n in walk(argument.value)):
        return None
    stays = Retain(site.path, (argument.position,), words.SET_CALL, argument.keyword)
    return replace(form, remaining=argument.keyword), {site.path: stays}


def stays_in_context(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether the call can be no part of the header: what it sets depends on the block's course.

    Or it only sets the user, at the start of a block of the original runtime, or an id that may
    be None, at the start of one inside another.
    """
    around = semantic.set_in_contexts.get(site.call)
    if around is None:
        return False
    statement, _, call = around
    if _is_conditional(semantic, site, statement):
        return True
    named = [a for a in site.arguments if not is_none(a.value)]
    if len(named) != 1 or statement.body[0] is not site.statement:
        return False
    if semantic.ours(semantic.imports.home_of(call)):
        return False
    return named[0].keyword == words.USER or _may_inherit(semantic, statement, call, named[0])


def _may_inherit(
    semantic: SemanticModel, block: ast.AST, call: ast.Call, argument: Argument
) -> bool:
    """Whether *block* has the id of the one right around it where *argument* is None."""
    around = semantic.module.parents.get(block)
    outer = around.items[-1].context_expr if isinstance(around, ast.With) else None
    if not isinstance(outer, ast.Call) or not semantic.names.context_manager(outer.func):
        return False
    taken = [
        k.value for one in (call, outer) for k in one.keywords if k.arg == words.TRACKER_ARGUMENT
    ]
    if len(taken) != 2 or ast.dump(taken[0]) != ast.dump(taken[1]):
        return False
    named = {keyword.arg for keyword in call.keywords}
    doubted = not Nullness(semantic).is_given(argument.value)
    return doubted and named.isdisjoint((argument.keyword, None))


def _is_conditional(semantic: SemanticModel, site: SetCall, block: ast.AST) -> bool:
    """Whether *site* stands in a branch of *block*, or in a body that may end before it."""
    if last_name(site.call.func) == words.OLDER_SET_CALL:
        return False
    return is_inside_once(semantic, site, block.body)  # type: ignore[attr-defined]


def is_inside_once(semantic: SemanticModel, site: SetCall, body: list[ast.stmt]) -> bool:
    """Whether *site* stands in a statement of *body*, and runs once there or not at all."""
    around = [n for n in between(semantic.module, site.statement, body) if isinstance(n, ast.stmt)]
    return bool(around) and all(isinstance(n, _ONCE) for n in around)


def _users(sets: Sequence[SetCall]) -> list[tuple[SetCall, Argument]]:
    found = [(s, a) for s in sets for a in s.arguments if a.keyword == words.USER]
    return [(s, a) for s, a in found if not is_none(a.value)]

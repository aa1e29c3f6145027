"""The user, on the original runtime: its contexts take ``user_id=`` for mere metadata.

A user that is surely given goes to the constructor; otherwise the set call
stays inside the block, with nothing but the user.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
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
    form, stays = keep_user(semantic, lifetime.sets, form)
    if not stays:
        return form, own, {}
    return replace(form, tracker=lifetime.binding.name, target=None), False, stays


def keep_user(
    semantic: SemanticModel, sets: Sequence[SetCall], form: Form
) -> tuple[Form, dict[Path, Retain]]:
    """Return the form of a block for *sets*, and the call that stays inside it for the user.

    What is evaluated after the user today would then come before it, so those ids
    must be constants, and names that the user's own evaluation cannot bind.
    """
    users = _users(sets)
    if form.ours or len(users) != 1:
        return form, {}
    site, user = users[0]
    if isinstance(site.call.func.value, ast.Call):  # type: ignore[attr-defined]
        return form, {}  # the call that stays would ask for the tracker again
    order = [a for s in sets for a in sorted(s.arguments, key=lambda a: a.position)]
    later = order[order.index(user) + 1 :]
    if user.is_positional or user.is_spread:
        return form, {}
    if not all(_may_come_first(semantic, a.value, user.value) for a in later):
        return form, {}
    # The older name takes a dictionary in runtimes that have contexts.
    stays = Retain(site.path, (user.position,), words.SET_CALL)
    return replace(form, leaves_user=True), {site.path: stays}


def set_again(semantic: SemanticModel, site: SetCall, user: Argument) -> Retain | None:
    """Return *site*, a call without a user, as the call that sets an earlier *user* again.

    A constant is the same again, wherever it stands; None where that is none, or gives no user.
    """
    value = user.value
    sure = isinstance(value, ast.Constant) and bool(value.value) and not user.is_spread
    receiver = site.call.func.value  # type: ignore[attr-defined]
    plain = isinstance(site.statement, ast.Expr) and isinstance(receiver, ast.Name)
    if not sure or not plain or site.problem is not None:
        return None
    text = f"{words.USER}={semantic.module.segment(value)}"
    return Retain(site.path, (), words.SET_CALL, (text,))


def _may_come_first(semantic: SemanticModel, value: ast.expr, user: ast.expr) -> bool:
    """Whether *value* is the same before *user* is evaluated as behind it."""
    if not is_plain(value):
        return False
    if is_plain(user):
        return True
    names = [n for n in walk(value) if isinstance(n, ast.Name)]
    bound = {n.target.id for n in walk(user) if isinstance(n, ast.NamedExpr)}
    return not any(n.id in bound or _may_be_bound(semantic, n) for n in names)


def _may_be_bound(semantic: SemanticModel, name: ast.Name) -> bool:
    """Whether code that is called may bind *name* anew."""
    binding = semantic.scopes.of(name)
    return bool(binding.declared) or (binding.scope.is_module and len(binding.binders) > 1)


def stays_in_context(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether the call can be no part of the header: what it sets depends on the block's course.

    Or it only sets the user, at the start of a block of the original runtime.
    """
    around = semantic.set_in_contexts.get(site.call)
    if around is None:
        return False
    statement, _, call = around
    if _is_conditional(semantic, site, statement):
        return True
    named = [a.keyword for a in site.arguments if not is_none(a.value)]
    first = statement.body[0] is site.statement
    return first and named == [words.USER] and not semantic.ours(semantic.imports.home_of(call))


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

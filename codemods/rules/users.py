"""The user, on the original runtime: its contexts take ``user_id=`` for mere metadata.

A user that is surely given goes to the constructor; otherwise the set call
stays inside the block, with nothing but the user.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.effects import is_plain
from codemods.analysis.lives import is_none
from codemods.proposal import Retain

if TYPE_CHECKING:
    from codemods.analysis.facts import Facts
    from codemods.analysis.lives import Life
    from codemods.proposal import Path
    from codemods.rules.headers import Form


def with_user(
    facts: Facts, life: Life, form: Form, own: bool
) -> tuple[Form, bool, dict[Path, Retain]]:
    """Return the form, whether it takes the construction in, and the calls that stay in part."""
    users = [(s, a) for s in life.sets for a in s.arguments if a.keyword == words.USER]
    users = [(s, a) for s, a in users if not is_none(a.value)]
    if form.ours or len(users) != 1 or len(life.sets) != 1:
        return form, own, {}
    site, user = users[0]
    if own and isinstance(user.value, ast.Constant) and user.value.value:
        call = facts.module.segment(life.construct.call.func)
        text = f"{call}({words.USER}={facts.module.segment(user.value)})"
        return replace(form, tracker=text, leaves_user=True), own, {}
    others = [a for a in site.arguments if a is not user]
    if not all(is_plain(a.value) for a in others):
        return form, own, {}  # what is evaluated after the user would now be before it
    kept = {site.path: Retain(site.path, (user.position,))}
    if user.is_positional:
        return form, own, {}
    adopted = replace(form, tracker=life.binding.name, target=None, leaves_user=True)
    return adopted, False, kept

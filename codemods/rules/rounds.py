"""Whether what a file's rewrites leave may give the rules more to do.

A second round is a whole analysis of the new text.  Most files need none: no set call is left,
no tracker is bound by hand any more, and no call in a block leaves out a tracker.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.model.edit import Delete, Wrap
from codemods.rules.checks.left_out import may_leave_out_tracker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Proposal

_SETTING = (words.SET_CALL, words.OLDER_SET_CALL)


def may_go_on(semantic: SemanticModel, proposals: Sequence[Proposal], text: str) -> bool:
    """Whether a rule may propose something for *text*, which *proposals* have made of a module.

    All but three rules want a set call.  Those look at statements that bind a tracker, at calls
    inside of contexts, and at names without an import, which no rewrite leaves.
    """
    if semantic.settings.unsafe or any(name in text for name in _SETTING):
        return True
    if any(map(_is_about_more, proposals)) or _has_unknown_names(semantic):
        return True
    deleted = {e.path for p in proposals for e in p.edits if isinstance(e, Delete)}
    bound = map(semantic.lifetimes.binding_of, semantic.lifetimes.constructs)
    if any(semantic.module.paths[one] not in deleted for one in bound if one is not None):
        return True
    return any(may_leave_out_tracker(semantic, body) for body in _bodies(semantic, proposals))


def _is_about_more(proposal: Proposal) -> bool:
    """Whether *proposal* is of a rule that changes who has a tracker, or what is imported."""
    return not any(isinstance(edit, Wrap | Delete) for edit in proposal.edits)


def _has_unknown_names(semantic: SemanticModel) -> bool:
    """Whether something is called by a name of the API that new imports may make it."""
    constructs = {construct.call for construct in semantic.lifetimes.constructs}
    for call in semantic.module.every(ast.Call):
        name = last_name(call.func)
        if name in words.CONTEXT_MANAGERS and semantic.names.context_manager(call.func) is None:
            return True
        if name == words.TRACKER_CLASS and call not in constructs:
            return True
    return False


def _bodies(semantic: SemanticModel, proposals: Sequence[Proposal]) -> Iterator[list[ast.stmt]]:
    """Yield what is inside of each context, those that *proposals* make among them."""
    for statement, _, _, _ in semantic.context_calls:
        yield statement.body
    for wrap in (e for p in proposals for e in p.edits if isinstance(e, Wrap)):
        first = semantic.statement_at(wrap.path)
        yield semantic.module.statements_around(first)[wrap.path[-1][1] : wrap.stop]

"""Whether what a file's rewrites leave may give the rules more to do.

A second round is a whole analysis of the new text.  Most files need none: each set call, and each
tracker that is bound by hand, is part of a rewrite or refused for what no rewrite takes away, none
stays by the older name, and no call in a block leaves out a tracker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import calls_named, last_name
from codemods.model.edit import Delete, Wrap
from codemods.model.refusal import Reason
from codemods.rules.checks.left_out import may_leave_out_tracker
from codemods.rules.conflicts.proposed_blocks import staying

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Proposal
    from codemods.rules.engine import Decision

#: Refused for the code around the tracker, which stays whatever becomes of other trackers: the
#: other reasons may be about calls that a rewrite beside them takes away, and so may an escape.
_LASTING = frozenset(
    {
        Reason.CONDITIONAL_CONSTRUCT,
        Reason.ESCAPES_LOOP,
        Reason.INVALID_CALL,
        Reason.UNKNOWN_FIELDS,
        Reason.YIELDS_INSIDE,
    }
)


def may_go_on(semantic: SemanticModel, decision: Decision) -> bool:
    """Whether a rule may propose something for what the proposals of *decision* make of a module.

    All but three rules want a set call.  Those look at statements that bind a tracker, at calls
    inside of contexts, and at names without an import, which no rewrite leaves.
    """
    proposals = decision.proposals
    if semantic.settings.unsafe or any(one.reason not in _LASTING for one in decision.refusals):
        return True
    if any(map(_is_about_more, proposals)) or _has_unknown_names(semantic):
        return True
    if any(last_name(call.func) == words.OLDER_SET_CALL for call in staying(semantic, proposals)):
        return True  # the rewrite may show of what class its tracker is
    if _has_more_sites(semantic, decision):
        return True
    return any(may_leave_out_tracker(semantic, body) for body in _bodies(semantic, proposals))


def _has_more_sites(semantic: SemanticModel, decision: Decision) -> bool:
    """Whether there is a set call, or a binding of a tracker, that nothing was decided about.

    Of those that were, one may stay in its block: whoever leaves it there sees to it that no rule
    takes it for one that the header is to stand for.
    """
    lifetimes = semantic.lifetimes
    sites = [site.call for site in lifetimes.set_calls]
    sites += [one.call for one in lifetimes.constructs if lifetimes.binding_of(one) is not None]
    return not decision.calls.issuperset(sites)


def _is_about_more(proposal: Proposal) -> bool:
    """Whether *proposal* is of a rule that changes who has a tracker, or what is imported."""
    return not any(isinstance(edit, Wrap | Delete) for edit in proposal.edits)


def _has_unknown_names(semantic: SemanticModel) -> bool:
    """Whether something is called by a name of the API that new imports may make it."""
    tree = semantic.module.tree
    entered = calls_named(tree, words.CONTEXT_MANAGERS)
    if any(semantic.names.context_manager(call.func) is None for call in entered):
        return True
    constructs = {construct.call for construct in semantic.lifetimes.constructs}
    return not constructs.issuperset(calls_named(tree, (words.TRACKER_CLASS,)))


def _bodies(semantic: SemanticModel, proposals: Sequence[Proposal]) -> Iterator[list[ast.stmt]]:
    """Yield what is inside of each context, those that *proposals* make among them."""
    for statement, _, _, _ in semantic.context_calls:
        yield statement.body
    for wrap in (e for p in proposals for e in p.edits if isinstance(e, Wrap)):
        first = semantic.statement_at(wrap.path)
        yield semantic.module.statements_around(first)[wrap.path[-1][1] : wrap.stop]

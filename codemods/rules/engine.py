"""Asks every rule about a module, and decides what of their proposals is made together.

Here alone is known who is asked first, and what stands against proposals of several rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from codemods.analysis.trackers.mocks.classes import Mocks
from codemods.model.edit import Delete, Edit, Merge, Retain
from codemods.model.proposal import Proposal, Verdict
from codemods.model.refusal import Reason, Refusal
from codemods.rules import across, contexts, patterns
from codemods.rules import lint as lint_rules
from codemods.rules.conflicts.directives import heeded
from codemods.rules.conflicts.proposed_blocks import staying
from codemods.rules.conflicts.two_trackers import compatible
from codemods.rules.operations import named
from codemods.rules.planning.imports import place
from codemods.rules.refusing import refuse
from codemods.rules.rule import Holders, OpenSites, Sites, modules_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding
    from codemods.rules.rule import Answer, Decided, LintRule, Mentioning, Rule, RuleAcross

#: Who is asked first: a rule is not asked about what one of an earlier kind has answered for.
ORDER = (
    Sites.SET_IN_CONTEXT,
    Sites.SHARED,
    Sites.BUILT,
    Sites.BUILT_OTHERWISE,
    Sites.SET,
    Sites.SET_UNSEEN,
    Sites.SET_OTHERWISE,
    Sites.NEW_CODE,
    Sites.LEFT,
)
RULES = cast("list[Rule]", [*modules_of(contexts), *modules_of(patterns)])
LINT_RULES = cast("list[LintRule]", modules_of(lint_rules))
RULES_ACROSS = cast("list[RuleAcross]", modules_of(across))
#: The forms of rewrites of code that uses contexts already.
_OF_CONTEXTS = frozenset("fold import pass share".split())
_NONE: Mapping[Finding, Refusal] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """All that is to happen to a file."""

    proposals: tuple[Proposal, ...]
    refusals: tuple[Refusal, ...]
    import_edits: tuple[Edit, ...]
    #: The constructions and set calls that the proposals and refusals are about.
    calls: frozenset[ast.Call] = field(default=frozenset(), compare=False)


def decide(semantic: SemanticModel, left_out: Mapping[Finding, Refusal] = _NONE) -> Decision:
    """Return the proposals and refusals for a module, in source order.

    A proposal for a finding of *left_out* is refused as that says, before it is asked which of
    the others may be made together.
    """
    answers = [a for a in answered(semantic) if a.decide is not None]
    decided = [a.decide() for a in answers if a.decide is not None]
    proposals, refusals = _parted(decided, left_out)
    proposals, clashing = _possible(semantic, proposals, _holders(semantic, decided))
    told = [heeded(semantic, proposal) for proposal in proposals]
    refusals += [*clashing, *(one for one in told if isinstance(one, Refusal))]
    placed = place(semantic, [one for one in told if isinstance(one, Proposal)])
    refusals.extend(placed.refusals)
    rewritten = {proposal.finding for proposal in placed.proposals}
    taken = {call for a in answers if a.finding in rewritten for call in a.calls}
    taken -= staying(semantic, placed.proposals)
    late, more = _parted(_left(semantic, taken), left_out)
    if late:
        possible = [p for p in told if isinstance(p, Proposal) and p.finding in rewritten]
        placed = place(semantic, [*possible, *late])
    # What is refused takes no name: those of the blocks are given last.
    made = named(semantic, sorted(placed.proposals, key=_place))
    calls = frozenset(call for answer in answers for call in answer.calls)
    return Decision(made, tuple(sorted([*refusals, *more], key=_place)), placed.edits, calls)


def _parted(
    decided: Iterable[Decided], left_out: Mapping[Finding, Refusal]
) -> tuple[list[Proposal], list[Refusal]]:
    """Return the proposals and refusals among *decided*; those *left_out* are refused by that."""
    verdicts = sorted((one.verdict for one in decided), key=_place)
    refusals = [v for v in verdicts if isinstance(v, Refusal)]
    refusals += [left_out[v.finding] for v in verdicts if _is_left_out(v, left_out)]
    proposals = [v for v in verdicts if isinstance(v, Proposal)]
    return [p for p in proposals if not _is_left_out(p, left_out)], refusals


def _left(semantic: SemanticModel, taken: Collection[ast.Call]) -> Iterator[Decided]:
    """Yield what becomes of the set calls that no rewrite has *taken*."""
    calls = OpenSites((), tuple(semantic.lifetimes.set_calls)).without(taken)
    for rule in (rule for rule in RULES if rule.TAKES is Sites.LEFT and calls.set_calls):
        for answer in rule.decide(semantic, calls):
            if answer.decide is not None:
                yield answer.decide()


def _is_left_out(verdict: Verdict, left_out: Mapping[Finding, Refusal]) -> bool:
    return isinstance(verdict, Proposal) and verdict.finding in left_out


def answered(semantic: SemanticModel, rules: Sequence[Rule] = ()) -> list[Answer]:
    """Return what the rules, all unless *rules* are given, find at the places of a module.

    Those for what is left are asked by ``decide``.

    Rules of one kind are asked about the same places, each in whatever order.
    """
    open_sites = OpenSites(tuple(semantic.constructs), tuple(semantic.lifetimes.set_calls))
    answers: list[Answer] = []
    for kind in (kind for kind in ORDER if kind is not Sites.LEFT):
        asked = [rule for rule in rules or RULES if rule.TAKES is kind]
        found = [answer for rule in asked for answer in rule.decide(semantic, open_sites)]
        open_sites = open_sites.without({call for answer in found for call in answer.calls})
        answers.extend(found)
    return answers


def lint(semantic: SemanticModel) -> list[Finding]:
    """Return the lint findings of a module: old patterns, and new ones used wrongly."""
    told = frozenset(a.finding for a in answered(semantic) if a.finding is not None)
    found = {finding for rule in LINT_RULES for finding in rule.find(semantic, told)}
    unique = {(f.span, f.code): f for f in sorted(told | found, key=lambda f: f.message)}
    return [unique[key] for key in sorted(unique)]


def decide_together(
    files: Sequence[SemanticModel], mentioning: Mentioning
) -> Iterator[tuple[SemanticModel, Proposal]]:
    """Yield the proposals for all *files* together, each with the file that it is for."""
    for rule in RULES_ACROSS:
        yield from rule.decide(files, mentioning)


def _holders(semantic: SemanticModel, decided: Sequence[Decided]) -> Holders:
    own = {one.verdict.finding: one.holders for one in decided if one.holders}
    return Holders(own, semantic.tracker_variables.union(*own.values()))


def _tested(semantic: SemanticModel, proposals: list[Proposal]) -> dict[Proposal, str]:
    """Return the proposals that would take from a test what it looks at, and what that is."""
    found: dict[Proposal, str] = {}
    mocked = semantic.once(Mocks).of_classes if any(map(_is_of_built, proposals)) else None
    if mocked is not None:
        found.update((p, mocked) for p in proposals if _is_of_built(p))
    replaced = semantic.elsewhere.replaced_method()
    if replaced is not None:
        detail = f"a test that runs this code replaces what the rewrite no longer calls: {replaced}"
        found.update((p, detail) for p in proposals if _takes_a_call_away(p))
    return found


def _possible(
    semantic: SemanticModel, proposals: list[Proposal], holders: Holders
) -> tuple[list[Proposal], list[Refusal]]:
    """Return the proposals that nothing stands against, and the refusals of the others."""
    refusals: list[Refusal] = []
    if semantic.settings.strict:
        refusals.extend(_assuming(p) for p in proposals if p.assumptions)
        proposals = [p for p in proposals if not p.assumptions]
    tested = _tested(semantic, proposals)
    refusals.extend(
        refuse(semantic, proposal.finding, Reason.TESTS_THE_TRACKER, detail)
        for proposal, detail in tested.items()
    )
    if tested:
        proposals = [p for p in proposals if p not in tested]
    proposals, clashing = compatible(semantic, proposals, holders)
    return proposals, [*refusals, *clashing]


def _assuming(proposal: Proposal) -> Refusal:
    """Return the refusal of a rewrite that takes something for granted."""
    first, reason = proposal.assumptions[0], Reason.ASSUMPTION
    detail = f"it is assumed that {first.text}"
    return Refusal(proposal.finding, reason, detail, reason.advice, first.place)


def _is_of_built(proposal: Proposal) -> bool:
    """Whether *proposal* is about a tracker that legacy code builds."""
    return proposal.form not in _OF_CONTEXTS


def _takes_a_call_away(proposal: Proposal) -> bool:
    """Whether a call of the tracker that a test may wait for is gone after the rewrite."""
    return any(isinstance(edit, Delete | Retain | Merge) for edit in proposal.edits)


def _place(verdict: Verdict) -> tuple[int, int]:
    span = verdict.finding.span
    return span.line, span.column

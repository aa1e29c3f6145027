"""Asks every rule about a module, and settles what they propose together."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.trackers.mocks import inspected_set_calls
from codemods.analysis.trackers.unrecorded import is_only_looked_at
from codemods.model.edit import Delete, Edit, Merge, Retain
from codemods.model.proposal import Proposal, Verdict
from codemods.model.refusal import ADVICE, Reason, Refusal
from codemods.rules.checks import fallback_refusals
from codemods.rules.checks.two_trackers import settled
from codemods.rules.contexts import missing_import, mixed, nesting, passing, sharing
from codemods.rules.lint import new_style
from codemods.rules.patterns import direct, instance, module, owned, parameter
from codemods.rules.planning.directives import heeded
from codemods.rules.planning.imports import place
from codemods.rules.planning.operations import named
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import Facts
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime, SetCall
    from codemods.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Decision:
    """All that is to happen to a file."""

    proposals: tuple[Proposal, ...]
    refusals: tuple[Refusal, ...]
    import_edits: tuple[Edit, ...]


def decide(facts: Facts) -> Decision:
    """Return the proposals and refusals for a module, in source order."""
    verdicts = sorted(_verdicts(facts), key=_place)
    proposals = [v for v in verdicts if isinstance(v, Proposal)]
    refusals = [v for v in verdicts if isinstance(v, Refusal)]
    if facts.settings.strict:
        refusals.extend(_assuming(p) for p in proposals if p.assumptions)
        proposals = [p for p in proposals if not p.assumptions]
    replaced = facts.elsewhere.replaced_method()
    if replaced is not None:
        detail = f"a test that runs this code replaces what the rewrite no longer calls: {replaced}"
        tested = [p for p in proposals if _takes_a_call_away(p)]
        proposals = [p for p in proposals if p not in tested]
        reason = Reason.TESTS_THE_TRACKER
        refusals.extend(refuse(facts, p.finding, reason, detail) for p in tested)
    proposals, clashing = settled(facts, proposals)
    refusals.extend(clashing)
    told = [heeded(facts, proposal) for proposal in proposals]
    refusals.extend(one for one in told if isinstance(one, Refusal))
    placed = place(facts, [one for one in told if isinstance(one, Proposal)])
    refusals.extend(placed.refusals)
    made = named(facts, placed.proposals)
    return Decision(made, tuple(sorted(refusals, key=_place)), placed.edits)


def _assuming(proposal: Proposal) -> Refusal:
    """Return the refusal of a rewrite that takes something for granted."""
    first, reason = proposal.assumptions[0], Reason.ASSUMPTION
    detail = f"it is assumed that {first.text}"
    return Refusal(proposal.finding, reason, detail, ADVICE[reason], first.place)


def _takes_a_call_away(proposal: Proposal) -> bool:
    """Whether a call of the tracker that a test may wait for is gone after the rewrite."""
    return any(isinstance(edit, Delete | Retain | Merge) for edit in proposal.edits)


def _place(verdict: Verdict) -> tuple[int, int]:
    span = verdict.finding.span
    return span.line, span.column


def _verdicts(facts: Facts) -> list[Verdict]:
    verdicts: list[Verdict] = []
    done: set[ast.AST] = set()
    mixed_sites = mixed.kept_calls(facts)
    for site, verdict in mixed.decide(facts):
        verdicts.append(verdict)
        mixed_sites.add(site.call)
    binding_statements: dict[object, list[tuple[Construct, ast.Assign | ast.AnnAssign]]] = {}
    for construct in facts.lifetimes.constructs:
        if facts.is_made_for_callers(construct) or is_only_looked_at(facts, construct):
            continue
        binding_statement = facts.lifetimes.binding_of(construct)
        if binding_statement is None:
            settled = instance.decide(facts, construct)
            if settled is not None:
                done.update(site.call for site in settled[0])
                verdicts.extend([settled[1]] if settled[1] is not None else [])
                continue
            if instance.is_migrated(facts, construct):
                continue
            if parameter.is_fallback(facts, construct):
                continue
            refusal = fallback_refusals.refuse_construct(facts, construct)
            if refusal is not None:
                verdicts.append(refusal)
                done.update(_of_the_same_tracker(facts, construct))
            continue
        names = [facts.scopes.of(n) for n in facts.lifetimes.names_of(construct, binding_statement)]
        owner = next((name for name in names if name in facts.lifetimes.sets_on), names[0])
        binding_statements.setdefault(owner, []).append((construct, binding_statement))
    for pairs in binding_statements.values():
        lifetimes = facts.lifetimes.lifetimes(pairs)
        for lifetime in lifetimes:
            lifetime.sets = [site for site in lifetime.sets if site.call not in mixed_sites]
            done.update(site.call for site in lifetime.sets)
            verdicts.extend(_of_lifetime(facts, lifetime))
    verdicts.extend(_of_other_sets(facts, done | mixed_sites))
    inspected = (
        fallback_refusals.refuse_inspection(facts, p) for p in inspected_set_calls(facts.module)
    )
    verdicts.extend(refusal for refusal in inspected if refusal is not None)
    verdicts.extend(missing_import.decide(facts))
    verdicts.extend(passing.decide(facts))
    verdicts.extend(nesting.decide(facts))
    return verdicts


def _of_the_same_tracker(facts: Facts, construct: Construct) -> Iterable[ast.AST]:
    """Yield the set calls on the variable that the statement of a refused construction binds."""
    statement = facts.module.statement(construct.call)
    for site in facts.lifetimes.set_calls:
        binding = facts.lifetimes.receiver(site)
        for binder in binding.binders if binding is not None else ():
            if isinstance(binder, ast.Name) and facts.module.statement(binder) is statement:
                yield site.call


def _of_lifetime(facts: Facts, lifetime: Lifetime) -> Iterable[Verdict]:
    if module.is_shared(facts, lifetime):
        return module.decide(facts, lifetime)
    return direct.decide(facts, lifetime)


def _of_other_sets(facts: Facts, done: set[ast.AST]) -> Iterable[Verdict]:
    others = [s for s in facts.lifetimes.set_calls if s.call not in done]
    by_parameter: dict[Binding, list[SetCall]] = {}
    by_variable: dict[Binding, list[SetCall]] = {}
    for site in others:
        binding = facts.lifetimes.receiver(site)
        if binding is not None and any(isinstance(b, ast.arg) for b in binding.binders):
            by_parameter.setdefault(binding, []).append(site)
        elif binding is not None:
            by_variable.setdefault(binding, []).append(site)
    settled: set[ast.AST] = set()
    for binding, sites in by_variable.items():
        verdicts = owned.decide(facts, binding, sites)
        if verdicts is not None:
            settled.update(site.call for site in sites)
            yield from verdicts
    for binding, sites in by_parameter.items():
        verdict = parameter.decide(facts, binding, sites)
        if verdict is not None:
            settled.update(site.call for site in sites)
            yield verdict
    for site in others:
        refusal = (
            fallback_refusals.refuse_set_call(facts, site) if site.call not in settled else None
        )
        if refusal is not None:
            yield refusal


def lint(facts: Facts) -> list[Finding]:
    """Return the lint findings of a module: old patterns, and new ones used wrongly."""
    verdicts = list(_verdicts(facts))
    findings = {v.finding for v in verdicts}
    for construct in facts.lifetimes.constructs:
        if not facts.is_managed(construct) and not is_only_looked_at(facts, construct):
            findings.add(facts.finding("AIU001", construct.call, "tracker built by hand"))
    kept = mixed.kept_calls(facts)
    for site in (s for s in facts.lifetimes.set_calls if s.call not in kept):
        known = any(
            f.code in ("AIU002", "AIU004") and f.span == facts.module.span(site.call)
            for f in findings
        )
        if not known and _is_legacy(facts, site):
            findings.add(facts.finding("AIU002", site.call, fallback_refusals.SET_MESSAGE))
    findings.update(_legacy_only_imports(facts))
    findings.update(new_style.find(facts))
    findings.update(sharing.find(facts))
    unique = {(f.span, f.code): f for f in sorted(findings, key=lambda f: f.message)}
    return [unique[key] for key in sorted(unique)]


def _is_legacy(facts: Facts, site: SetCall) -> bool:
    binding = facts.lifetimes.receiver(site)
    if binding is None:
        return False
    binding_statements = facts.lifetimes.binding_statements
    return any(
        isinstance(b, ast.Name) and facts.module.statement(b) in binding_statements
        for b in binding.binders
    )


def _legacy_only_imports(facts: Facts) -> Iterable[Finding]:
    """Find imports of the legacy class that only legacy construction needs."""
    legacy = {
        facts.module.statement(c.call): c
        for c in facts.lifetimes.constructs
        if not facts.is_managed(c) and not is_only_looked_at(facts, c)
    }
    if not legacy:
        return
    for home in {construct.home for construct in legacy.values()}:
        statement = facts.legacy_import(home)
        if statement is not None:
            yield facts.finding("AIU003", statement, "import for building trackers by hand")

"""Asks every rule about a module, and settles what they propose together."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.trackers.mocks import inspected_set_calls
from codemods.analysis.trackers.unrecorded import is_only_looked_at
from codemods.model.edit import Delete, Edit, Merge, Retain
from codemods.model.proposal import Detection, Proposal, Verdict
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
    from collections.abc import Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime, SetCall
    from codemods.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Decision:
    """All that is to happen to a file."""

    proposals: tuple[Proposal, ...]
    refusals: tuple[Refusal, ...]
    import_edits: tuple[Edit, ...]


def decide(semantic: SemanticModel) -> Decision:
    """Return the proposals and refusals for a module, in source order."""
    decided = (verdict for found in _detections(semantic) for verdict in found.decide())
    verdicts = sorted(decided, key=_place)
    proposals = [v for v in verdicts if isinstance(v, Proposal)]
    refusals = [v for v in verdicts if isinstance(v, Refusal)]
    if semantic.settings.strict:
        refusals.extend(_assuming(p) for p in proposals if p.assumptions)
        proposals = [p for p in proposals if not p.assumptions]
    replaced = semantic.elsewhere.replaced_method()
    if replaced is not None:
        detail = f"a test that runs this code replaces what the rewrite no longer calls: {replaced}"
        tested = [p for p in proposals if _takes_a_call_away(p)]
        proposals = [p for p in proposals if p not in tested]
        reason = Reason.TESTS_THE_TRACKER
        refusals.extend(refuse(semantic, p.finding, reason, detail) for p in tested)
    proposals, clashing = settled(semantic, proposals)
    refusals.extend(clashing)
    told = [heeded(semantic, proposal) for proposal in proposals]
    refusals.extend(one for one in told if isinstance(one, Refusal))
    placed = place(semantic, [one for one in told if isinstance(one, Proposal)])
    refusals.extend(placed.refusals)
    made = named(semantic, placed.proposals)
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


def _detections(semantic: SemanticModel) -> Iterator[Detection]:
    """Yield what the rules find; the later ones rely on what was decided of the earlier ones."""
    done: set[ast.AST] = set()
    mixed_sites = mixed.kept_calls(semantic)
    for site, verdict in mixed.decide(semantic):
        yield Detection.of(verdict)
        mixed_sites.add(site.call)
    binding_statements: dict[object, list[tuple[Construct, ast.Assign | ast.AnnAssign]]] = {}
    for construct in semantic.lifetimes.constructs:
        if semantic.is_made_for_callers(construct) or is_only_looked_at(semantic, construct):
            continue
        binding_statement = semantic.lifetimes.binding_of(construct)
        if binding_statement is None:
            of_instance = instance.detect(semantic, construct)
            if of_instance is not None:
                done.update(site.call for site in of_instance[0])
                if of_instance[1] is not None:
                    yield of_instance[1]
                continue
            if instance.is_migrated(semantic, construct):
                continue
            if parameter.is_fallback(semantic, construct):
                continue
            refusal = fallback_refusals.refuse_construct(semantic, construct)
            if refusal is not None:
                yield Detection.of(refusal)
                done.update(_of_the_same_tracker(semantic, construct))
            continue
        names = [
            semantic.scopes.of(n) for n in semantic.lifetimes.names_of(construct, binding_statement)
        ]
        owner = next((name for name in names if name in semantic.lifetimes.sets_on), names[0])
        binding_statements.setdefault(owner, []).append((construct, binding_statement))
    for pairs in binding_statements.values():
        lifetimes = semantic.lifetimes.lifetimes(pairs)
        for lifetime in lifetimes:
            lifetime.sets = [site for site in lifetime.sets if site.call not in mixed_sites]
            done.update(site.call for site in lifetime.sets)
            found = _of_lifetime(semantic, lifetime)
            if found is not None:
                yield found
    yield from map(Detection.of, _of_other_sets(semantic, done | mixed_sites))
    inspected = (
        fallback_refusals.refuse_inspection(semantic, p)
        for p in inspected_set_calls(semantic.module)
    )
    yield from (Detection.of(refusal) for refusal in inspected if refusal is not None)
    for decide_context in (missing_import.decide, passing.decide, nesting.decide):
        yield from map(Detection.of, decide_context(semantic))


def _of_the_same_tracker(semantic: SemanticModel, construct: Construct) -> Iterable[ast.AST]:
    """Yield the set calls on the variable that the statement of a refused construction binds."""
    statement = semantic.module.statement(construct.call)
    for site in semantic.lifetimes.set_calls:
        binding = semantic.lifetimes.receiver(site)
        for binder in binding.binders if binding is not None else ():
            if isinstance(binder, ast.Name) and semantic.module.statement(binder) is statement:
                yield site.call


def _of_lifetime(semantic: SemanticModel, lifetime: Lifetime) -> Detection | None:
    if module.is_shared(semantic, lifetime):
        return module.detect(semantic, lifetime)
    return direct.detect(semantic, lifetime)


def _of_other_sets(semantic: SemanticModel, done: set[ast.AST]) -> Iterable[Verdict]:
    others = [s for s in semantic.lifetimes.set_calls if s.call not in done]
    by_parameter: dict[Binding, list[SetCall]] = {}
    by_variable: dict[Binding, list[SetCall]] = {}
    for site in others:
        binding = semantic.lifetimes.receiver(site)
        if binding is not None and any(isinstance(b, ast.arg) for b in binding.binders):
            by_parameter.setdefault(binding, []).append(site)
        elif binding is not None:
            by_variable.setdefault(binding, []).append(site)
    settled: set[ast.AST] = set()
    for binding, sites in by_variable.items():
        verdicts = owned.decide(semantic, binding, sites)
        if verdicts is not None:
            settled.update(site.call for site in sites)
            yield from verdicts
    for binding, sites in by_parameter.items():
        verdict = parameter.decide(semantic, binding, sites)
        if verdict is not None:
            settled.update(site.call for site in sites)
            yield verdict
    for site in others:
        refusal = (
            fallback_refusals.refuse_set_call(semantic, site) if site.call not in settled else None
        )
        if refusal is not None:
            yield refusal


def lint(semantic: SemanticModel) -> list[Finding]:
    """Return the lint findings of a module: old patterns, and new ones used wrongly."""
    findings = {found.finding for found in _detections(semantic)}
    for construct in semantic.lifetimes.constructs:
        if not semantic.is_managed(construct) and not is_only_looked_at(semantic, construct):
            findings.add(semantic.finding("AIU001", construct.call, "tracker built by hand"))
    kept = mixed.kept_calls(semantic)
    for site in (s for s in semantic.lifetimes.set_calls if s.call not in kept):
        known = any(
            f.code in ("AIU002", "AIU004") and f.span == semantic.module.span(site.call)
            for f in findings
        )
        if not known and _is_legacy(semantic, site):
            findings.add(semantic.finding("AIU002", site.call, fallback_refusals.SET_MESSAGE))
    findings.update(_legacy_only_imports(semantic))
    findings.update(new_style.find(semantic))
    findings.update(sharing.find(semantic))
    unique = {(f.span, f.code): f for f in sorted(findings, key=lambda f: f.message)}
    return [unique[key] for key in sorted(unique)]


def _is_legacy(semantic: SemanticModel, site: SetCall) -> bool:
    binding = semantic.lifetimes.receiver(site)
    if binding is None:
        return False
    binding_statements = semantic.lifetimes.binding_statements
    return any(
        isinstance(b, ast.Name) and semantic.module.statement(b) in binding_statements
        for b in binding.binders
    )


def _legacy_only_imports(semantic: SemanticModel) -> Iterable[Finding]:
    """Find imports of the legacy class that only legacy construction needs."""
    legacy = {
        semantic.module.statement(c.call): c
        for c in semantic.lifetimes.constructs
        if not semantic.is_managed(c) and not is_only_looked_at(semantic, c)
    }
    if not legacy:
        return
    for home in {construct.home for construct in legacy.values()}:
        statement = semantic.imports.legacy_import(home)
        if statement is not None:
            yield semantic.finding("AIU003", statement, "import for building trackers by hand")

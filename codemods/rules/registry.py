"""Asks every rule about a module, and settles what they propose together."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.model import Finding, Reason, Refusal
from codemods.proposal import Edit, Proposal, Verdict, Wrap
from codemods.rules import direct_tracker, leftovers, missing_import, mixed, module_tracker, passing
from codemods.rules.imports import place
from codemods.rules.reasons import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.facts import Facts
    from codemods.analysis.lives import Construct, Life, SetCall


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
    crossing = _overlapping(facts, proposals)
    proposals = [p for p in proposals if p not in crossing]
    for proposal in crossing:
        detail = "another tracker's block would overlap with this one"
        refusals.append(refuse(facts, proposal.finding, Reason.TWO_TRACKERS, detail))
    placed = place(facts, proposals)
    refusals.extend(placed.refusals)
    return Decision(placed.proposals, tuple(sorted(refusals, key=_place)), placed.edits)


def _place(verdict: Verdict) -> tuple[int, int]:
    span = verdict.finding.span
    return span.line, span.column


def _verdicts(facts: Facts) -> list[Verdict]:
    verdicts: list[Verdict] = []
    done: set[ast.AST] = set()
    mixed_sites: set[ast.AST] = set()
    for site, verdict in mixed.decide(facts):
        verdicts.append(verdict)
        mixed_sites.add(site.call)
    births: dict[object, list[tuple[Construct, ast.Assign | ast.AnnAssign]]] = {}
    for construct in facts.lives.constructs:
        birth = facts.lives.birth_of(construct)
        if birth is None:
            refusal = leftovers.refuse_construct(facts, construct)
            verdicts.extend([refusal] if refusal is not None else [])
            continue
        target = birth.targets[0] if isinstance(birth, ast.Assign) else birth.target
        assert isinstance(target, ast.Name)
        births.setdefault(facts.scopes.of(target), []).append((construct, birth))
    for pairs in births.values():
        lives = facts.lives.lives(pairs)
        for life in lives:
            life.sets = [site for site in life.sets if site.call not in mixed_sites]
            done.update(site.call for site in life.sets)
            verdicts.extend(_of_life(facts, life))
    verdicts.extend(_of_other_sets(facts, done | mixed_sites))
    verdicts.extend(missing_import.decide(facts))
    verdicts.extend(passing.decide(facts))
    return verdicts


def _of_life(facts: Facts, life: Life) -> Iterable[Verdict]:
    if module_tracker.is_shared(facts, life):
        return module_tracker.decide(facts, life)
    return direct_tracker.decide(facts, life)


def _of_other_sets(facts: Facts, done: set[ast.AST]) -> Iterable[Verdict]:
    others: list[SetCall] = [s for s in facts.lives.set_calls if s.call not in done]
    for site in others:
        refusal = leftovers.refuse_set_call(facts, site)
        if refusal is not None:
            yield refusal


def _overlapping(facts: Facts, proposals: list[Proposal]) -> list[Proposal]:
    """Return the proposals whose blocks overlap with another tracker's in the same function."""
    found: list[Proposal] = []
    for index, one in enumerate(proposals):
        for other in proposals[index + 1 :]:
            if any(_crosses(facts, a, b) for a in _wraps(one) for b in _wraps(other)):
                found.extend(p for p in (one, other) if p not in found)
    return found


def _wraps(proposal: Proposal) -> list[Wrap]:
    return [e for e in proposal.edits if isinstance(e, Wrap)]


def _crosses(facts: Facts, one: Wrap, other: Wrap) -> bool:
    outer, inner = sorted((one, other), key=lambda w: len(w.path))
    depth = len(outer.path) - 1
    if inner.path[:depth] != outer.path[:depth] or inner.path[depth][0] != outer.path[depth][0]:
        return False
    first, last = inner.path[depth][1], inner.path[depth][1]
    if len(inner.path) == len(outer.path):
        last = inner.stop - 1
    if last < outer.path[depth][1] or first >= outer.stop:
        return False
    return not _function_between(facts, inner, depth)


def _function_between(facts: Facts, inner: Wrap, depth: int) -> bool:
    """Whether *inner* lies in a function that is defined inside the outer block."""
    for length in range(depth + 1, len(inner.path)):
        node = facts.statement_at(inner.path[:length])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
    return False


def lint(facts: Facts) -> list[Finding]:
    """Return the lint findings of a module: old patterns, and new ones used wrongly."""
    verdicts = list(_verdicts(facts))
    findings = {v.finding for v in verdicts}
    for construct in facts.lives.constructs:
        if not facts.is_managed(construct):
            findings.add(facts.finding("AIU001", construct.call, "tracker built by hand"))
    for site in facts.lives.set_calls:
        known = any(
            f.code in ("AIU002", "AIU004") and f.span == facts.module.span(site.call)
            for f in findings
        )
        if not known and _is_legacy(facts, site):
            findings.add(facts.finding("AIU002", site.call, leftovers.SET_MESSAGE))
    findings.update(_legacy_only_imports(facts))
    unique = {(f.span, f.code): f for f in sorted(findings, key=lambda f: f.message)}
    return [unique[key] for key in sorted(unique)]


def _is_legacy(facts: Facts, site: SetCall) -> bool:
    binding = facts.lives.receiver(site)
    if binding is None:
        return False
    births = {facts.lives.birth_of(c) for c in facts.lives.constructs}
    return any(facts.module.parents.get(b) in births for b in binding.binders)


def _legacy_only_imports(facts: Facts) -> Iterable[Finding]:
    """Find imports of the legacy class that only legacy construction needs."""
    legacy = {
        facts.module.statement(c.call): c for c in facts.lives.constructs if not facts.is_managed(c)
    }
    if not legacy:
        return
    for home in {construct.home for construct in legacy.values()}:
        statement = facts.legacy_import(home)
        if statement is not None:
            yield facts.finding("AIU003", statement, "import for building trackers by hand")

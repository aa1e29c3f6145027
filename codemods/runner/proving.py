"""From what the rules propose to a text that is proven: edited, compiled, and validated.

What fails does not take the file with it: the sites that cause it are found and refused,
and the others are rewritten.
"""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.model.edit import Wrap
from codemods.model.outcome import Applied, Changed, Refused
from codemods.model.refusal import Reason, Refusal
from codemods.rules.operations import named
from codemods.rules.planning.imports import place
from codemods.validator.encoding import spelling
from codemods.validator.validate import compiles, difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.model.edit import Edit
    from codemods.model.outcome import FileOutcome
    from codemods.model.proposal import Proposal
    from codemods.model.source import SourceFile
    from codemods.rules.engine import Decision

_INDENT = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a set of proposals cannot be carried out."""

    reason: Reason
    detail: str


def rewritten(semantic: SemanticModel, source: SourceFile, decision: Decision) -> FileOutcome:
    """Return *source* with all that can be proven of *decision*, the rest of it refused."""
    made = _made(semantic, source, decision.proposals, decision.import_edits)
    if not isinstance(made, _Problem):
        return _changed(semantic, source, decision.proposals, made, decision.refusals)
    if any(proposal.group for proposal in decision.proposals):
        # Other files take part: what is left of such a rewrite is none.
        return Refused(source.display, _with_refused(decision, decision.proposals, made))
    blamed = dict(_blamed(semantic, source, decision.proposals))
    # What is refused takes no name.
    rest = named(semantic, [p for p in decision.proposals if p not in blamed])
    placed = place(semantic, rest)
    made = _made(semantic, source, placed.proposals, placed.edits)
    refusals = (
        *decision.refusals,
        *placed.refusals,
        *(_refusal(proposal, problem) for proposal, problem in blamed.items()),
    )
    if isinstance(made, _Problem):  # no site alone is the cause
        together = tuple(_refusal(proposal, made) for proposal in placed.proposals)
        return Refused(source.display, (*refusals, *together))
    if not placed.proposals:
        return Refused(source.display, refusals)
    return _changed(semantic, source, placed.proposals, made, refusals)


def _blamed(
    semantic: SemanticModel, source: SourceFile, proposals: Sequence[Proposal]
) -> list[tuple[Proposal, _Problem]]:
    """Return the proposals that cannot be carried out, each with its problem."""
    placed = place(semantic, proposals)
    found = _made(semantic, source, placed.proposals, placed.edits)
    if not isinstance(found, _Problem):
        return []
    if len(proposals) == 1:
        return [(proposals[0], _explained(semantic, proposals[0], found))]
    middle = len(proposals) // 2
    return [
        *_blamed(semantic, source, proposals[:middle]),
        *_blamed(semantic, source, proposals[middle:]),
    ]


def _explained(semantic: SemanticModel, proposal: Proposal, problem: _Problem) -> _Problem:
    """Return *problem* by its cause, where that is known to lie in how a statement is written."""
    if problem.reason is not Reason.NOT_PROVEN:
        return problem
    for wrap in (edit for edit in proposal.edits if isinstance(edit, Wrap)):
        first = semantic.statement_at(wrap.path)
        for statement in semantic.module.statements_around(first)[wrap.path[-1][1] : wrap.stop]:
            place = next(filter(_shows_its_layout, ast.walk(statement)), None)
            if place is not None:
                line = semantic.module.span(place).line
                detail = f"the debug field of the f-string in line {line} shows its own indentation"
                return _Problem(Reason.CANNOT_BE_EDITED, detail)
    return problem


def _shows_its_layout(node: ast.AST) -> bool:
    """Whether *node* is an f-string with a ``{name=}`` that goes over several lines."""
    if not isinstance(node, ast.JoinedStr):
        return False
    return any(
        isinstance(text, ast.Constant)
        and isinstance(field, ast.FormattedValue)
        and "\n" in str(text.value)
        and str(text.value).rstrip().endswith("=")
        for text, field in itertools.pairwise(node.values)
    )


def _made(
    semantic: SemanticModel,
    source: SourceFile,
    proposals: Sequence[Proposal],
    imports: Sequence[Edit],
) -> bytes | _Problem:
    """Return the file's bytes with the edits made, if they are proven to be the same program."""
    from codemods.edits.apply import RoundTripError
    from codemods.edits.arguments import EditError

    try:
        text = _edited(semantic, source, proposals, imports)
    except RoundTripError as error:
        return _Problem(Reason.DOES_NOT_ROUND_TRIP, str(error))
    except EditError as error:
        return _Problem(Reason.CANNOT_BE_EDITED, str(error))
    if not compiles(source.text, text):
        detail = "the result does not compile on every Python: a function nests at most 20 blocks"
        return _Problem(Reason.DOES_NOT_COMPILE, detail)
    content = source.encode(text)
    # Where a person is asked about nothing, nothing is left open.
    unsafe, tree = any(p.confirm for p in proposals), semantic.module.tree
    asked = {ast.unparse(semantic.statement_at(path)) for p in proposals for path in p.ways_out}
    found = difference(source.text, text, unsafe=unsafe, asked=asked, tree=tree)
    found = found or spelling(source.content, content)
    if found is not None:
        return _Problem(Reason.NOT_PROVEN, f"the check of the result says: {found}")
    return content


def _changed(
    semantic: SemanticModel,
    source: SourceFile,
    proposals: Sequence[Proposal],
    content: bytes,
    refusals: Sequence[Refusal],
) -> Changed:
    applied = tuple(
        Applied(
            p.finding,
            p.form,
            p.why,
            p.notes,
            tuple(assumption.text for assumption in p.assumptions),
            semantic.runtime(p.home) if p.home else None,
            p.confirm,
        )
        for p in proposals
    )
    return Changed(source, content, applied, tuple(refusals))


def _edited(
    semantic: SemanticModel,
    source: SourceFile,
    proposals: Sequence[Proposal],
    imports: Sequence[Edit],
) -> str:
    from codemods.edits.apply import apply
    from codemods.edits.style import Style, longest_line

    edits: list[Edit] = [*(e for p in proposals for e in p.edits), *imports]
    indent = _indent(semantic.module)
    module = semantic.module
    longest = semantic.settings.line_length or longest_line(module.tree, module.lines)
    style = Style(source.newline, indent, longest)
    return apply(module.tree, module.lines, edits, style)


def _refusal(proposal: Proposal, problem: _Problem) -> Refusal:
    return Refusal(proposal.finding, problem.reason, problem.detail, problem.reason.advice)


def _with_refused(
    decision: Decision, proposals: Sequence[Proposal], problem: _Problem
) -> tuple[Refusal, ...]:
    return (*decision.refusals, *(_refusal(proposal, problem) for proposal in proposals))


def _indent(module: ParsedModule) -> str:
    """Return the indentation of the file's first inner suite, four spaces where there is none."""
    for node in module.nodes:
        if isinstance(node, ast.stmt) and node.col_offset and not isinstance(node, ast.Module):
            parent = module.parents[node]
            if module.parents.get(parent) is module.tree or parent is module.tree:
                match = _INDENT.match(module.lines[node.lineno - 1])
                if match and len(match[0]) == node.col_offset:
                    return match[0]
    return "    "

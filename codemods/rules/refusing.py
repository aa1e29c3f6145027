"""Refusing a site, with the place that causes it and what a person should do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.refusal import Reason, Refusal

if TYPE_CHECKING:
    import ast

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding


def refuse(
    semantic: SemanticModel,
    finding: Finding,
    reason: Reason,
    detail: str,
    blocking: ast.AST | None = None,
) -> Refusal:
    """Return the refusal of *finding*, caused at *blocking* (a node of the module)."""
    span = semantic.module.span(blocking) if blocking is not None else None
    return Refusal(finding, reason, detail, reason.advice, span)

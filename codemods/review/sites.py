"""Which place a finding is about, in a text that has changed since."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

Site = tuple[str, str, str, str]
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def site_of(semantic: SemanticModel, finding: Finding) -> Site:
    """Return what tells the place of *finding* from others whatever is rewritten around it.

    Lines and indentation are not part of it.  Places that are the same code of the same function
    are one: what was refused of one of them is not asked about again.
    """
    span = finding.span
    lines = semantic.module.lines[span.line - 1 : span.end_line]
    code = " ".join("".join(lines).split())
    around = [
        node.name
        for node in semantic.module.nodes
        if isinstance(node, _SCOPES) and node.lineno <= span.line <= (node.end_lineno or 0)
    ]
    return semantic.module.source.display, finding.code, ".".join(around), code

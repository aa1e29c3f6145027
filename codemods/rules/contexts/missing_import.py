"""Missing import: a context manager is used, and nothing in the file provides the name.

What it does    Adds the import that the use needs.
Why             The code raises NameError when it runs.
Before          with ai_usage_context("receipt_analysis") as tracker: ...
After           from receipt_label.utils.ai_usage_context import ai_usage_context
Safety          Safe where no definition, star import or exec could provide the name.
Leaves alone    files with star imports, or with a definition of the name in any scope
Guide           Common Issues, 2
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.model.proposal import Proposal
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel

TAKES = Sites.NEW_CODE
CODE = "AIU006"
_PROVIDERS = frozenset({"exec", "eval", "globals", "__import__", "setattr", "__getattr__"})


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer with a proposal for every context manager that is used without an import."""
    del open_sites
    for name in words.CONTEXT_MANAGERS:
        binding = semantic.scopes.binding(name, semantic.scopes.module_scope)
        if not binding.loads or _may_be_bound(semantic, name):
            continue
        finding = semantic.finding(CODE, binding.loads[0], f"{name} is used but never imported")
        why = f"nothing in this file defines {name}"
        home = semantic.imports.default_home
        yield Answer.of(Proposal(finding, (), "import", why, (name,), home))


def _may_be_bound(semantic: SemanticModel, name: str) -> bool:
    """Whether something in the file gives *name* a meaning, or could do so unseen."""
    module, bindings = semantic.module, semantic.scopes.bindings
    return (
        any(binding.binders for (_, known), binding in bindings.items() if known == name)
        or any(node.names[0].name == "*" for node in module.every(ast.ImportFrom))
        or any(node.id in _PROVIDERS for node in module.every(ast.Name))
    )

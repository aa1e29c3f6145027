"""Legacy import: the class is imported for building trackers by hand.

What it does    Reports the import beside the constructions that need it.
Why             Code that uses context managers alone does without the class.
Before          from receipt_label.utils.ai_usage_tracker import AIUsageTracker
After           from receipt_label.utils.ai_usage_context import ai_usage_context
Safety          Reported here; migrate drops the import with the last use of the class.
Leaves alone    imports in files that build no tracker by hand
Guide           section 3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.analysis.trackers.unrecorded import is_only_looked_at
from codemods.rules.checks.nested_contexts import is_managed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU003"
MESSAGE = "import for building trackers by hand"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the imports of the legacy class that only legacy construction needs."""
    del told
    homes = {
        construct.home
        for construct in semantic.lifetimes.constructs
        if not is_managed(semantic, construct) and not is_only_looked_at(semantic, construct)
    }
    for home in homes:
        statement = semantic.imports.legacy_import(home)
        if statement is not None:
            yield semantic.finding(CODE, statement, MESSAGE)

"""Which runtime a project has: its own module of contexts is looked up, read and judged."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.external.runtimes import Judged, judged
from codemods.model.outcome import Failed
from codemods.model.runtime import Evidence, Runtime

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

# A re-export of a re-export; a circle ends here too.
_MOST_STEPS = 8


class Runtimes:
    """The runtimes behind the modules of contexts that *graph* holds; each is judged once."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._judged: dict[Path, Evidence] = {}

    def of(self, origin: Path, legacy: str, context: str) -> Evidence | None:
        """Return what *context* of the project is, as *origin* imports it; None if it has none.

        Where only the *legacy* module is of the project, contexts are looked for in that.
        """
        found = self._graph.leads_to(origin, context) or self._graph.leads_to(origin, legacy)
        if not found:
            return None
        classes = self._graph.leads_to(origin, legacy)
        shown = [self._shown(file, classes) for file in found]
        # Of several files that the name may mean, one that does less decides.
        return next((one for one in shown if not one.is_ours), shown[0])

    def _shown(self, file: DiscoveredFile, classes: tuple[DiscoveredFile, ...]) -> Evidence:
        if file.path not in self._judged:
            self._judged[file.path] = self._judge(file, classes)
        return self._judged[file.path]

    def _judge(self, file: DiscoveredFile, classes: tuple[DiscoveredFile, ...]) -> Evidence:
        legacy = self._tree(classes[0]) if classes else None
        for _ in range(_MOST_STEPS):
            tree = self._tree(file)
            if tree is None:
                return Evidence(Runtime.CONSERVATIVE, f"{file.display} cannot be read")
            found = judged(tree, legacy)
            if isinstance(found, Judged):
                runtime = Runtime.TRACKER if found.as_guided else Runtime.CONSERVATIVE
                return Evidence(runtime, f"{file.display}:{found.line}: {found.why}")
            onward = [f for m in found.modules for f in self._graph.leads_to(file.path, m)]
            if not onward:
                why = f"{file.display}:{found.line}: where its contexts come from is not known"
                return Evidence(Runtime.CONSERVATIVE, why)
            file = onward[0]
        return Evidence(Runtime.CONSERVATIVE, f"{file.display}: its imports lead in a circle")

    def _tree(self, file: DiscoveredFile) -> ast.Module | None:
        source = self._graph.source(file)
        if isinstance(source, Failed):
            return None
        try:
            return ast.parse(source.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

"""What a file gives other names to is found in its bytes in every layout of an assignment."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from codemods.linking.module_graph import ModuleGraph
from codemods.linking.names.reexports import Reexports, SeenFrom
from codemods.linking.trees import Trees
from codemods.project.discovery import DiscoveredFile

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = (
    "runner = threading.Thread",
    "runner: object = threading.Thread",
    "runner \\\n    = threading.Thread",
    "runner \\\n    : object = threading.Thread",
    "(runner  # why\n    := threading.Thread)",
    "runner = (  # why\n    threading.Thread\n)",
)


@pytest.mark.parametrize("statement", GIVEN)
def test_other_name_is_found_in_any_layout(statement: str, tmp_path: Path) -> None:
    """Wherever its lines are joined, an assignment gives other files the library's name."""
    ast.parse(statement)
    home, user = tmp_path / "names.py", tmp_path / "user.py"
    home.write_text(f"import threading\n\n{statement}\n")
    user.write_text("from names import runner\n")
    files = [DiscoveredFile(str(path), path.name) for path in (home, user)]
    graph = ModuleGraph(lambda: files, {}, Trees(frozenset(), lambda _: None))
    seen = SeenFrom(Reexports(graph, lambda _: ()), user)
    assert seen.name_of("names", "runner") == "threading.Thread"

"""Who may import whom.  The invariants L1 to L10 of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass

from many_cases import each_of
from source_tree import ROOT, Module, imports_of, source_modules, walked, within


@dataclass(frozen=True)
class Wall:
    """No module of ``inside`` may import anything of ``barred`` that is not in ``allowed``."""

    invariant: str
    inside: str
    barred: tuple[str, ...]
    allowed: tuple[str, ...] = ()


WALLS = (
    Wall("L1", "codemods", ("tracker",)),
    Wall("L1", "tracker", ("codemods",)),
    Wall(
        "L2", "codemods.analysis", ("libcst", "codemods.rules", "codemods.edits", "os", "pathlib")
    ),
    Wall("L2", "codemods.analysis", ("codemods.project", "codemods.report")),
    Wall("L3", "codemods.rules", ("libcst", "codemods.edits", "codemods.project")),
    Wall("L3", "codemods.rules", ("codemods.report",)),
    Wall("L4", "codemods.edits", ("codemods.rules", "codemods.project", "codemods.report")),
    Wall("L4", "codemods.edits", ("codemods.analysis",)),
    Wall("L5", "codemods.project", ("libcst", "codemods.rules", "codemods.edits")),
    Wall("L5", "codemods.project", ("codemods.analysis", "codemods.report")),
    Wall("L6", "codemods.report", ("libcst",)),
    Wall("L6", "codemods.report", ("codemods",), ("codemods.model", "codemods.report")),
    Wall("L7", "codemods.validator.validate", ("libcst", "codemods.rules", "codemods.edits")),
    Wall("L7", "codemods.validator.validate", ("codemods.analysis",)),
    Wall("L8", "tracker.sinks", ("tracker.context.scope", "tracker.ai_usage_tracker")),
    Wall("L8", "tracker.sinks", ("tracker.ai_usage_context", "tracker.instrumentation")),
    Wall(
        "L8",
        "tracker.pricing",
        ("tracker.sinks", "tracker.context.scope", "tracker.ai_usage_tracker"),
    ),
    Wall("L8", "tracker.pricing", ("tracker.ai_usage_context", "tracker.instrumentation")),
)


def crossings(modules: list[Module], wall: Wall) -> list[str]:
    """Return where *modules* cross the wall, as ``path:line imports target``."""
    return [
        f"{module.path}:{found.line} imports {found.target} ({wall.invariant})"
        for module in modules
        if within(module.name, wall.inside)
        for found in imports_of(module)
        if any(within(found.target, name) for name in wall.barred)
        and not any(within(found.target, name) for name in wall.allowed)
        and not (found.target == "codemods" and wall.allowed)
    ]


def newly_imported(statement: str) -> set[str]:
    """Return the top-level modules that *statement* loads in a new interpreter."""
    program = (
        "import sys; before = set(sys.modules); "
        f"{statement}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@each_of("wall", WALLS)
def test_layers_hold(wall: Wall) -> None:
    """L1 L2 L3 L4 L5 L6 L7 L8: no module imports across a wall."""
    assert crossings(source_modules(), wall) == []


def test_every_wall_has_modules_behind_it() -> None:
    """A renamed package must not leave its wall without anything to guard."""
    names = [module.name for module in source_modules()]
    bare = {wall.inside for wall in WALLS if not any(within(n, wall.inside) for n in names)}
    assert bare == set()


@each_of(
    ("name", "text", "count"),
    [
        ("codemods.report.text", "from codemods import analysis\n", 1),
        ("codemods.report.text", "from ..model import Finding\nimport click\n", 0),
        ("codemods.report.text", "def f():\n    from ..rules import direct\n", 2),
        ("codemods.reporting", "import codemods.rules\n", 0),
    ],
)
def test_a_crossing_is_seen(name: str, text: str, count: int) -> None:
    """The check sees relative and local imports, and leaves permitted ones alone."""
    module = Module(name, "sample.py", text)
    wall = Wall("L6", "codemods.report", ("codemods",), ("codemods.model", "codemods.report"))
    assert len(crossings([module], wall)) == count


def test_importing_the_runtime_loads_the_standard_library_only() -> None:
    """L9: ``import tracker`` costs nothing beyond the standard library."""
    assert newly_imported("import tracker") - set(sys.stdlib_module_names) == {"tracker"}


def test_the_commands_start_without_libcst() -> None:
    """L4: LibCST is loaded when a file will change, not when a command starts."""
    loaded = newly_imported("import codemods.migrate, codemods.cli.linting")
    assert "codemods" in loaded
    assert "libcst" not in loaded


def test_a_foreign_import_is_seen() -> None:
    """The start-up check names third-party packages that a statement loads."""
    assert "click" in newly_imported("import click")


def registrations(modules: list[Module]) -> list[str]:
    """Return where *modules* ask the interpreter for calls at forks and exits."""
    names = {"register_at_fork", "register_after_fork", "atexit", "Finalize"}
    return [
        f"{module.path}:{node.lineno}"
        for module in modules
        for node in walked(module.tree)
        if (isinstance(node, ast.Attribute | ast.Name))
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in names
        and isinstance(node.ctx, ast.Load)
    ]


def test_one_module_hears_of_forks_and_exits() -> None:
    """L10: all others say in ``fork_registry`` what they need, so that there is one order."""
    modules = [module for module in source_modules() if module.name.startswith("tracker")]
    assert {place.partition(":")[0] for place in registrations(modules)} == {
        "tracker/delivery/fork_registry.py"
    }


def test_a_second_registration_is_seen() -> None:
    """The check sees calls, and takes the attribute of a finaliser for what it is."""
    sample = Module("tracker.x", "x.py", "os.register_at_fork()\nfinalizer.atexit = False\n")
    assert registrations([sample]) == ["x.py:1"]

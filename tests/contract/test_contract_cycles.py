"""Modules import each other in one direction only.  Invariant L11 of ARCHITECTURE.md.

Every import statement counts, also one inside a function or under TYPE_CHECKING; and whoever
imports a module of another package imports that package too, whose ``__init__`` runs first.
"""

from __future__ import annotations

import pytest
from many_cases import each_of
from source_tree import Module, imported_modules, source_modules, within

#: The packages whose modules are held to it.
PACKAGES = ("codemods", "tracker")


def import_graph(modules: list[Module]) -> dict[str, set[str]]:
    """Return which of *modules* each of them imports, by name."""
    names = {module.name for module in modules}
    graph: dict[str, set[str]] = {}
    for module in modules:
        targets = imported_modules(module, names)
        for target in list(targets):
            targets |= _packages_entered(target, module.name) & names
        graph[module.name] = targets - {module.name}
    return graph


def _packages_entered(target: str, importer: str) -> set[str]:
    """Return the packages around *target* that *importer* is not in itself."""
    parts = target.split(".")
    around = {".".join(parts[:length]) for length in range(1, len(parts))}
    return {package for package in around if not within(importer, package)}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of *graph* with more than one module (Tarjan)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = lowest[name] = len(index)
        stack.append(name)
        for target in sorted(graph[name]):
            if target not in index:
                visit(target)
            if target in stack:
                lowest[name] = min(lowest[name], lowest[target])
        if lowest[name] == index[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other(package: str) -> None:
    """L11: there is no circle of imports, however long, and wherever its statements stand."""
    graph = import_graph(source_modules(packages=(package,)))
    assert sum(map(len, graph.values())) > len(graph)  # the graph is not empty
    assert cycles(graph) == []


def _module(name: str, text: str, *, is_package: bool = False) -> Module:
    return Module(name, f"{name}.py", text, is_package)


@each_of(
    "texts",
    [
        {"p.a": "from p.b import x\n", "p.b": "from p.c import x\n", "p.c": "import p.a\n"},
        {"p.a": "from p import b\n", "p.b": "def f():\n    from p.a import x\n"},
        {"p.a": "from p import b\n", "p.b": "if TYPE_CHECKING:\n    from .a import X\n"},
    ],
)
def test_a_circle_is_seen(texts: dict[str, str]) -> None:
    """A circle of three, one through a function, and one through an annotation are each seen."""
    modules = [_module("p", "", is_package=True)]
    modules += [_module(name, text) for name, text in texts.items()]
    assert cycles(import_graph(modules)) == [sorted(texts)]


def test_a_circle_through_a_package_is_seen() -> None:
    """Importing a module of another package runs that package's own imports first."""
    modules = [
        _module("p", "from p.a import x\n", is_package=True),
        _module("p.q", "from p.q.deep import x\n", is_package=True),
        _module("p.q.base", ""),
        _module("p.q.deep", "from p.q.base import x\nfrom p.a import y\n"),
        _module("p.a", "from p.q.base import x\n"),
    ]
    assert cycles(import_graph(modules)) == [["p.a", "p.q", "p.q.deep"]]


def test_what_imports_downwards_only_passes() -> None:
    """Siblings may share what is below them, and a package may show what its modules have."""
    modules = [
        _module("p", "from p.a import x\nfrom p.b import y\n", is_package=True),
        _module("p.a", "from p import c\n"),
        _module("p.b", "from p import c\nfrom p.a import x\n"),
        _module("p.c", ""),
    ]
    assert cycles(import_graph(modules)) == []

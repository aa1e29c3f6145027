"""Reads the project's own source for the contract tests: modules, imports, functions, strings."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tracker", "codemods")


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, where it is, and its text."""

    name: str
    path: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        """The parsed file, which nobody changes."""
        return _parsed(self.text, self.path)


@cache
def _parsed(text: str, path: str) -> ast.Module:
    return ast.parse(text, path)


@cache
def walked(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return all nodes of *tree*, in the order of ``ast.walk``, which takes longer than any test.

    There are a million of them in the packages, and dozens of questions about each.
    """
    return tuple(ast.walk(tree))


@dataclass(frozen=True)
class Import:
    """One module that another one names in an import statement."""

    target: str
    line: int


def source_modules(root: Path = ROOT, packages: tuple[str, ...] = PACKAGES) -> list[Module]:
    """Return every module of the packages, ordered by path."""
    return [
        _module(root, path) for name in packages for path in sorted((root / name).rglob("*.py"))
    ]


def _module(root: Path, path: Path) -> Module:
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, relative.as_posix(), path.read_text(encoding="utf-8"), is_package)


def imports_of(module: Module) -> list[Import]:
    """Return what *module* imports anywhere, in functions and under TYPE_CHECKING too.

    ``from package import name`` names both ``package`` and ``package.name``: which of the two
    is a module cannot be seen from the statement.
    """
    found: list[Import] = []
    for node in walked(module.tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            found.append(Import(base, node.lineno))
            found += [Import(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def imported_modules(module: Module, known: set[str]) -> set[str]:
    """Return which of the modules *known* the statements of *module* import, anywhere in it.

    Of ``from package import name`` it is ``package.name`` if that is a module, else ``package``.
    """
    found: set[str] = set()
    for node in walked(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            inside = {f"{base}.{alias.name}" for alias in node.names}
            found |= inside & known if inside <= known else (inside & known) | {base}
    return found & known


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    drop = node.level - 1 if module.is_package else node.level
    kept = parts[: len(parts) - drop]
    return ".".join([*kept, *([node.module] if node.module else [])])


def within(name: str, package: str) -> bool:
    """Return whether the dotted *name* is *package* or lies in it."""
    return name == package or name.startswith(f"{package}.")


def functions_of(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of the module, methods and nested ones included."""
    return [n for n in walked(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def docstrings_of(tree: ast.Module) -> set[int]:
    """Return the ids of the string nodes that people read only: docstrings, a command's HELP."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in walked(tree)
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return docstrings | {
        id(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HELP"
    }


def committed_files(root: Path = ROOT) -> list[Path]:
    """Return the files that belong to the project: what git tracks, or would if asked to add.

    Without a git checkout (an unpacked archive) it is every file outside hidden folders.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [p for p in sorted(root.rglob("*")) if p.is_file() and not _hidden(p, root)]
    names = [name for name in listed.decode().split("\0") if name]
    return [root / name for name in sorted(set(names)) if (root / name).is_file()]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts[:-1])

"""Makes the other files of a program importable while it runs."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from .program import Program

LEGACY_FOLDER = "receipt_label/"
CONTEXTS_FILE = "receipt_label/utils/ai_usage_context.py"


def lacks_contexts(program: Program) -> bool:
    """Whether the legacy package lies in the project, without a module of contexts."""
    names = [name for name, _ in program.others]
    return any(name.startswith(LEGACY_FOLDER) for name in names) and CONTEXTS_FILE not in names


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of a program's files."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        base = fullname.replace(".", "/")
        for name, is_package in ((f"{base}.py", False), (f"{base}/__init__.py", True)):
            if name in self._files:
                return importlib.util.spec_from_loader(
                    fullname, self, origin=name, is_package=is_package
                )
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = str(module.__spec__.origin) if module.__spec__ else ""
        exec(compile(self._files[name], name, "exec", dont_inherit=True), vars(module))


@contextlib.contextmanager
def importable(program: Program) -> Iterator[None]:
    """Let the files of *program* beside the main one be imported in the block."""
    files = {name: text for name, text in program.others if not name.startswith(LEGACY_FOLDER)}
    if not files:
        yield
        return
    finder = _Finder(files)
    sys.meta_path.insert(0, finder)
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if getattr(sys.modules[name].__spec__, "loader", None) is finder:
                del sys.modules[name]

"""What a project puts in the place of the tracker's class, or of a variable that has a tracker.

A mock takes whatever it is asked.  A class of the project's own is asked for other methods by a
context than by legacy code: the set call that it counts, or answers, is no longer made.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.callees.puts import puts
from codemods.analysis.external.names import ExternalUse
from codemods.analysis.external.put_names import PUTTING, name_put
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.trackers.mocks.kinds import gives_mocks
from codemods.analysis.trackers.mocks.methods import asked_methods

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.dataflow.callees.puts import Put
    from codemods.analysis.semantic_model import SemanticModel

#: What a context asks a tracker for more or less often than legacy code does.
_TOLD = (
    words.SET_CALL,
    words.OLDER_SET_CALL,
    words.FLUSH_CALL,
    words.STORE_CALL,
    words.BATCH_MODE_CALL,
)
_NAMES = "__dict__"
#: A place that puts something there, with the file that it is in.
Found = tuple["SemanticModel", "Put"]


class Mocks:
    """Where files put something in the place of names of one module, as far as that matters."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._puts: dict[tuple[frozenset[str], frozenset[str]], list[Found]] = {}

    def put_for(self, name: ast.expr) -> list[Found]:
        """Return where something may be put in the place of what *name* finds, with the files.

        What is asked of a module when the code runs is that module's own, wherever it is put.
        """
        root = name
        while isinstance(root, ast.Attribute):
            root = root.value
        spelled = {last_name(name), *([root.id] if isinstance(root, ast.Name) else [])}
        return self._of(frozenset(spelled), self._found_late(name))

    @cached_property
    def of_classes(self) -> str | None:
        """What stands against a rewrite, of what is put in the place of classes of trackers."""
        return next(filter(None, (_against(self.put_for(one)) for one in self._classes)), None)

    def of_variable(self, name: str) -> str | None:
        """Return what stands against a rewrite of the tracker in the module's variable *name*."""
        return _against(self._of(frozenset([name]), frozenset()))

    @cached_property
    def asked_recording(self) -> ExternalUse | None:
        """Where a double of such a class is asked for what the module records by hand."""
        for home in (home for name in self._classes for home, _ in self.put_for(name)):
            for node in asked_methods(home.module, words.REPLAYS):
                return _use(home, node)
        return None

    @cached_property
    def _classes(self) -> list[ast.expr]:
        """What the module builds trackers by, each once."""
        calls = [one.call.func for one in self._semantic.lifetimes.constructs]
        return list({ast.unparse(name): name for name in calls}.values())

    def _found_late(self, name: ast.expr) -> frozenset[str]:
        """Return the paths of what *name* finds anew each time, but for the package."""
        semantic = self._semantic
        if isinstance(name, ast.Name) and name in semantic.scopes.scope_of:
            if semantic.scopes.of(name).scope.is_module:
                return frozenset()
        return frozenset(map(_ending, semantic.names.meaning(name).paths))

    def _of(self, names: frozenset[str], late: frozenset[str]) -> list[Found]:
        if (names, late) not in self._puts:
            every = (self._found(name, names, late) for name in sorted(names))
            self._puts[names, late] = [one for found in every for one in found]
        return self._puts[names, late]

    def _found(self, name: str, names: Iterable[str], late: frozenset[str]) -> Iterator[Found]:
        own = self._semantic
        if own.module.mentions(PUTTING) or name in own.module.written_fields:
            here = puts(own.taint, name)
            yield from ((own, put) for put in here if _is_own(own, put, name, late))
        for other in filter(None, own.elsewhere.replacing(name)):
            lines = own.elsewhere.lines_meaning(other, (*names, _NAMES))
            there = puts(other.taint, name)
            yield from ((other, p) for p in there if _means(other, p, name, lines, late))


def _against(found: Iterable[Found]) -> str | None:
    for home, put in found:
        if not gives_mocks(home.taint, put):
            use = _use(home, put.node)
            return f"a context asks what stands for the tracker for other methods: {use}"
        for node in asked_methods(home.module, _TOLD):
            use = _use(home, node)
            return f"a double is asked for a call that a context makes in another way: {use}"
    return None


def _use(home: SemanticModel, node: ast.AST) -> ExternalUse:
    span = home.module.span(node)
    return ExternalUse(home.module.segment(node), f"{home.module.source.display}:{span.line}")


def _ending(path: str) -> str:
    """Return the last module of the dotted *path* with the name in it."""
    return ".".join(path.replace(":", ".").split(".")[-2:])


def _is_own(own: SemanticModel, put: Put, name: str, late: frozenset[str]) -> bool:
    """Whether *put*, in the module itself, may give it the *name*, or the modules of *late*."""
    if isinstance(put.target, ast.Constant):
        ending = _ending(str(put.target.value))
        return ending in late or ending == _ending(".".join((*own.module.dotted, name)))
    return _may_mean(own, put.target, late)


def _means(
    other: SemanticModel, put: Put, name: str, lines: frozenset[int], late: frozenset[str]
) -> bool:
    """Whether *put* may give *name* to the module that has it, of which *lines* speak."""
    if lines.intersection(range(put.node.lineno, (put.node.end_lineno or put.node.lineno) + 1)):
        return True
    target = put.target
    if isinstance(target, ast.Constant):
        return _ending(str(target.value)) in late
    if not isinstance(target, ast.Attribute) and name_put(target) != name:
        return bool(lines)  # one of the texts of the file
    return _may_mean(other, target, late)


def _may_mean(home: SemanticModel, target: ast.expr, late: frozenset[str]) -> bool:
    """Whether *target* is of nothing that its file has by a module's name, or is one of *late*."""
    if not isinstance(target, ast.Attribute):
        return True
    paths = home.names.meaning(target.value).paths
    return not paths or any(_ending(f"{path}.{target.attr}") in late for path in paths)

"""What a file hands on of functions that have trackers, or calls of them.

Read from the tree alone: whoever asks for all files of a project analyses few of them.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.handed_records import Mention, Place, Speaker
from codemods.analysis.external.handed_values import AT_ONCE, PATCHING, RETURNED, Values, modules_of
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import index

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
#: Calls that give a function a tracker or a block of its own, or set ids in it.
_SPEAKING = frozenset(
    (
        *(words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS, *words.CONTEXT_MANAGERS),
        *(words.SET_CALL, words.OLDER_SET_CALL, *words.RECORDING_DECORATORS),
    )
)
#: Decorators that leave a function what it is, for whoever calls it by its name.
_PLAIN = frozenset(
    "staticmethod classmethod property cached_property override overload abstractmethod final "
    "wraps contextmanager asynccontextmanager cache lru_cache fixture parametrize".split()
)
#: Packages whose classes call no method of an heir, or do so in a thread or a test of their own.
_PASSIVE = frozenset("abc dataclasses enum multiprocessing threading typing unittest".split())
_DOTTED = re.compile(r"[^\W\d]\w*(?:[.:][^\W\d]\w*)+")
#: What only files with functions of their own to hand on have.
SPEAKING = (words.TRACKER_CLASS, *words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR, words.SET_CALL)


class Definitions:
    """The functions and classes of one tree, and which of them stand around a node."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        found = index(tree).of(*_DEFINITIONS)
        self._spans = sorted(
            ((d.lineno, d.end_lineno or d.lineno, d) for d in found if isinstance(d, _DEFINITIONS)),
            key=lambda span: (span[0], -span[1]),
        )

    def around(self, node: ast.AST) -> list[_Definition]:
        """Return the definitions around *node*, from the outermost."""
        line = node.lineno  # type: ignore[attr-defined]
        return [d for first, last, d in self._spans if first <= line <= last]

    def speakers(self) -> list[Speaker]:
        """Return the functions that speak to trackers."""
        calls = index(self._tree).every(ast.Call)
        found: dict[ast.AST, Speaker] = {}
        for call in (c for c in calls if last_name(c.func) in _SPEAKING):
            self._add(found, self.around(call))
        for _, _, one in self._spans:
            if any(_made(d) == words.TRACKED_DECORATOR for d in one.decorator_list):
                self._add(found, self.around(one))
        return list(found.values())

    def _add(self, found: dict[ast.AST, Speaker], around: list[_Definition]) -> None:
        for depth, one in enumerate(around):
            if isinstance(one, _FUNCTIONS) and one not in found:
                found[one] = _speaker(around[: depth + 1])

    def leading(self, node: ast.AST) -> Speaker | None:
        """Return the innermost function around *node*, if there is one."""
        around = self.around(node)
        while around and not isinstance(around[-1], _FUNCTIONS):
            around.pop()
        return _speaker(around) if around else None


def _speaker(around: list[_Definition]) -> Speaker:
    own, owner = around[-1], around[-2] if len(around) > 1 else None
    is_method = isinstance(owner, ast.ClassDef)
    base = _library_base(owner) if isinstance(owner, ast.ClassDef) else ""
    decorated = not all(_made(d) in _PLAIN for d in own.decorator_list)
    return Speaker(tuple(d.name for d in around), is_method, decorated, base)


def _made(decorator: ast.expr) -> str:
    return last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _library_base(owner: ast.ClassDef) -> str:
    """Return the package of a base in the library, whose code calls the methods of its heirs."""
    for base in owner.bases:
        root: ast.expr = base
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root is not base and root.id in sys.stdlib_module_names:
            if root.id not in _PASSIVE:
                return root.id
    return ""


def speakers_of(tree: ast.Module) -> list[Speaker]:
    """Return the functions of *tree* that have trackers, open blocks or set ids."""
    return Definitions(tree).speakers()


def handed(
    tree: ast.Module, paths: Mapping[str, Collection[str]], wanted: Collection[str]
) -> list[Mention]:
    """Return where *tree* hands on what may be one of the names *wanted*, or calls it.

    *paths* are what its names stand for that are of other modules.
    """
    reader = _Mentions(Definitions(tree), paths, wanted)
    every = index(tree)
    calls = every.every(ast.Call)
    for value in Values(tree, paths).every():
        reader.value(*value)
    replaced = {a for c in calls if last_name(c.func).startswith(PATCHING) for a in c.args}
    for text in every.every(ast.Constant):
        if text not in replaced:
            reader.text(text)
    for call in calls:
        reader.called(call, call.func)
        if last_name(call.func) in AT_ONCE:
            for argument in call.args:
                reader.called(call, argument)
    return reader.found


class _Mentions:
    """The mentions of one file."""

    def __init__(
        self,
        definitions: Definitions,
        paths: Mapping[str, Collection[str]],
        wanted: Collection[str],
    ) -> None:
        self.found: list[Mention] = []
        self._definitions = definitions
        self._paths = paths
        self._wanted = wanted
        self._locals = {local for local, p in paths.items() if any(_last(x) in wanted for x in p)}

    def value(self, node: ast.AST, place: Place, variable: str) -> None:
        """Note that *node* is put into *place*, or is part of a *variable* of the module."""
        made = isinstance(node, ast.Call)
        place_of, node = node, node.func if isinstance(node, ast.Call) else node
        for name, base in self._meant(node):
            if place is RETURNED:
                inside = self._definitions.leading(place_of)
                if inside is not None:
                    giving = replace(inside, gives=True)
                    self.found.append(Mention(name, base, inside=giving, made=made))
                continue
            self.found.append(Mention(name, base, place, made=made))
            if variable and not made:
                self.found.append(Mention(name, base, inside=Speaker((variable,))))

    def called(self, call: ast.Call, function: ast.expr) -> None:
        """Note that *call* calls *function*, if it is one of those, in a function."""
        for name, base in self._meant(function):
            inside = self._definitions.leading(call)
            if inside is not None:
                self.found.append(Mention(name, base, inside=inside))

    def text(self, text: ast.Constant) -> None:
        """Note that *text* is the dotted name of one of those."""
        if isinstance(text.value, str) and _DOTTED.fullmatch(text.value):
            *before, name = re.split(r"[.:]", text.value)
            if name in self._wanted:
                self.found.append(Mention(name, ".".join(before)))

    def _meant(self, node: ast.AST) -> Iterator[tuple[str, str | None]]:
        """Yield what *node* may be of the wanted names, with the module of it."""
        if isinstance(node, ast.Name):
            if node.id in self._locals:
                found = (path.rpartition(".") for path in self._paths[node.id])
                yield from ((name, base or dot) for base, dot, name in found)
            elif node.id in self._wanted:
                yield node.id, ""
        elif isinstance(node, ast.Attribute) and node.attr in self._wanted:
            bases = modules_of(node.value, self._paths)
            yield from ((node.attr, base) for base in bases or (None,))


def _last(path: str) -> str:
    return path.rpartition(".")[2]

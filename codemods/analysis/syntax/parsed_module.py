"""One parsed module: its tree, its text, and where each node stands in both."""

from __future__ import annotations

import ast
import re
import sys
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from codemods.analysis.syntax.tree import index
from codemods.model.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from codemods.model.source import SourceFile

T = TypeVar("T")
Node = TypeVar("Node", bound=ast.AST)

_NEWLINE = re.compile(r"\r\n|\r|\n")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# A way up of so many nodes is remembered: from deep inside, all of them would be gone again.
_FAR = 16
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_WITH_BODIES = (ast.mod, ast.stmt, ast.excepthandler, ast.match_case)
_BODY_FIELDS = ("body", "orelse", "finalbody", "handlers", "cases")
# The interpreter's own limits on nesting, lifted for generated code: an
# expression of some thousand terms needs about this much of both.
_DEEP_STACK_BYTES = 512 * 1024 * 1024
_DEEP_RECURSION = 100_000

#: The way from the module to a statement: (field, index) pairs, as in ``ast``.
Path = tuple[tuple[str, int], ...]


def on_deep_stack(work: Callable[[], T]) -> T:
    """Run *work* in a thread with a stack that deep trees need; its exception is re-raised."""
    outcome: list[T] = []
    problem: list[BaseException] = []

    def target() -> None:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(_DEEP_RECURSION)
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001 - handed to the caller
            problem.append(error)
        finally:
            sys.setrecursionlimit(limit)

    previous = threading.stack_size(_DEEP_STACK_BYTES)
    try:
        thread = threading.Thread(target=target)
        thread.start()
    finally:
        threading.stack_size(previous)
    thread.join()
    if problem:
        raise problem[0]
    return outcome[0]


_bodies: dict[type[ast.AST], tuple[str, ...]] = {}


def body_fields(node: ast.AST) -> tuple[str, ...]:
    """Return the fields of *node* that hold statements, handlers or cases."""
    kind = type(node)
    if kind not in _bodies:
        inside = _BODY_FIELDS if issubclass(kind, _WITH_BODIES) else ()
        _bodies[kind] = tuple(name for name in inside if name in kind._fields)
    return _bodies[kind]


@dataclass(eq=False)
class ParsedModule:
    """A module's ``ast`` with parents and statement paths; ``nodes`` are in the order of a walk.

    ``at`` has the statement of each path.

    ``dotted`` are the parts of the module's name (``app``, ``receipts``); relative
    imports are resolved against it.
    """

    source: SourceFile
    tree: ast.Module
    dotted: tuple[str, ...]
    is_package: bool
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    paths: dict[ast.AST, Path] = field(default_factory=dict)
    at: dict[Path, ast.AST] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _loops: dict[ast.AST, frozenset[ast.AST]] = field(default_factory=dict)
    _innermost: dict[tuple[ast.AST, ast.AST | None], ast.AST | None] = field(default_factory=dict)
    _statements: dict[ast.AST, ast.stmt] = field(default_factory=dict)
    _functions: dict[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef | None] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, source: SourceFile, tree: ast.Module, dotted: tuple[str, ...]) -> ParsedModule:
        """Return the module in *source*, whose tree is *tree*."""
        module = cls(source, tree, dotted, source.path.stem == "__init__")
        module.lines = split_lines(source.text)
        module._link()
        return module

    def _link(self) -> None:
        self.parents = index(self.tree).parents(self.tree)
        self._loops[self.tree] = frozenset()
        paths, at = self.paths, self.at
        paths[self.tree], at[()] = (), self.tree
        waiting: list[ast.AST] = [self.tree]
        for node in waiting:  # it grows on the way
            for name in body_fields(node):
                around, inside = paths[node], getattr(node, name)
                for number, child in enumerate(inside):
                    paths[child] = path = (*around, (name, number))
                    at[path] = child
                waiting += inside

    def every(self, kind: type[Node]) -> list[Node]:
        """Return all nodes of the module of exactly this *kind*; a walk for each question adds up.

        They come in the order of ``ast.walk``.
        """
        return index(self.tree).every(kind)

    @property
    def nodes(self) -> list[ast.AST]:
        """The nodes inside of the module, in the order of ``ast.walk``."""
        return index(self.tree).nodes

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions and coroutine functions of the module, in the order of ``nodes``."""
        if not self.every(ast.AsyncFunctionDef):
            return self.every(ast.FunctionDef)
        every = self.nodes
        return [n for n in every if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def written_fields(self) -> frozenset[str]:
        """The attributes that the module puts something into, of whatever object."""
        every = self.every(ast.Attribute)
        return frozenset(node.attr for node in every if isinstance(node.ctx, ast.Store))

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of all attributes that the module mentions, of whatever object."""
        return frozenset(node.attr for node in self.every(ast.Attribute))

    @cached_property
    def _words(self) -> frozenset[str]:
        return index(self.tree).renamed.union(self._by_name)

    @cached_property
    def _by_name(self) -> Mapping[str, list[ast.Name | ast.Attribute]]:
        return index(self.tree).by_name

    def called(self, name: str) -> Sequence[ast.Name | ast.Attribute]:
        """Return the variables, then the attributes of whatever object, that are called *name*."""
        return self._by_name.get(name, ())

    def mentions(self, names: Iterable[str]) -> bool:
        """Whether one of *names* is a variable, or an attribute of whatever object.

        What is imported of the library under another name counts by both.
        """
        return not self._words.isdisjoint(names)

    def behind(self, statement: ast.AST) -> Iterator[ast.AST]:
        """Yield what comes after *statement* in the suites around it, up to its function's."""
        while self.paths.get(statement):  # the module's own is empty
            name, index = self.paths[statement][-1]
            around = self.parents[statement]
            yield from getattr(around, name)[index + 1 :]
            if isinstance(around, _DEFINITIONS):
                return
            statement = around

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes that enclose *node*, innermost first, the module last."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def qualified_name(self, node: ast.AST) -> tuple[str, ...]:
        """Return the names of the definitions around *node*, from the outermost, and its own.

        They are the same in the analysis of another text of the file; lines and nodes are not.
        """
        around = (n for n in (node, *self.ancestors(node)) if isinstance(n, _DEFINITIONS))
        return tuple(reversed([definition.name for definition in around]))

    def statement(self, node: ast.AST) -> ast.stmt:
        """Return the innermost statement that *node* belongs to (itself, if it is one)."""
        current = node
        passed: list[ast.AST] = []
        while not isinstance(current, ast.stmt):
            if current in self._statements:
                current = self._statements[current]
                break
            passed.append(current)
            current = self.parents[current]
        if len(passed) > _FAR:
            self._statements.update(dict.fromkeys(passed, current))
        return current

    def function_around(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the innermost function, lambdas left out, that *node* stands in."""
        current = self.parents.get(node)
        passed: list[ast.AST] = []
        while current is not None and not isinstance(current, _FUNCTIONS):
            if current in self._functions:
                current = self._functions[current]
                break
            passed.append(current)
            current = self.parents.get(current)
        if len(passed) > _FAR:
            self._functions.update(dict.fromkeys(passed, current))
        return current

    def loops_around(self, node: ast.AST) -> frozenset[ast.AST]:
        """Return every loop statement that *node* stands in, of whatever function."""
        waiting = [node]
        while waiting[-1] not in self._loops:
            waiting.append(self.parents[waiting[-1]])
        loops = self._loops[waiting.pop()]
        while waiting:
            around = self.parents[waiting[-1]]
            loops = loops | {around} if isinstance(around, _LOOPS) else loops
            self._loops[waiting.pop()] = loops
        return loops

    def enclosing_loop(self, node: ast.AST, outermost: ast.AST | None = None) -> ast.AST | None:
        """Return the innermost loop around *node* within its function (not beyond *outermost*)."""
        key = (node, outermost)
        if key not in self._innermost:
            self._innermost[key] = self._enclosing_loop(node, outermost)
        return self._innermost[key]

    def _enclosing_loop(self, node: ast.AST, outermost: ast.AST | None) -> ast.AST | None:
        passed: list[ast.AST] = []
        found: ast.AST | None = None
        for ancestor in self.ancestors(node):
            if ancestor is outermost or isinstance(
                ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
            ):
                break
            if isinstance(ancestor, _LOOPS):
                found = ancestor
                break
            if (ancestor, outermost) in self._innermost:
                found = self._innermost[ancestor, outermost]
                break
            passed.append(ancestor)
        if len(passed) > _FAR:
            self._innermost.update(((one, outermost), found) for one in passed)
        return found

    def statements_around(self, statement: ast.AST) -> list[ast.stmt]:
        """Return the list of statements that *statement* is an element of."""
        name, _ = self.paths[statement][-1]
        body: list[ast.stmt] = getattr(self.parents[statement], name)
        return body

    def span(self, node: ast.AST) -> Span:
        """Return where *node* stands, in characters."""
        line, end_line = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        return Span(
            line,
            self._characters(line, node.col_offset) + 1,  # type: ignore[attr-defined]
            end_line,
            self._characters(end_line, node.end_col_offset) + 1,  # type: ignore[attr-defined]
        )

    def segment(self, node: ast.AST) -> str:
        """Return the source text of *node*, newlines as they are in the file."""
        span = self.span(node)
        chosen = self.lines[span.line - 1 : span.end_line]
        chosen[-1] = chosen[-1][: span.end_column - 1]
        chosen[0] = chosen[0][span.column - 1 :]
        return "".join(chosen)

    def segment_lines(self, node: ast.stmt) -> str:
        """Return the whole lines of *node*, comments behind it included."""
        return "".join(self.lines[node.lineno - 1 : node.end_lineno])

    def _characters(self, line: int, offset: int) -> int:
        text = self.lines[line - 1]
        if text.isascii():
            return offset
        return len(text.encode("utf-8")[:offset].decode("utf-8", "ignore"))


def split_lines(text: str) -> list[str]:
    """Split *text* into lines as the interpreter counts them, each with its newline."""
    if "\r" not in text:  # nearly always, and in a tenth of the time
        *whole, last = text.split("\n")
        return [f"{line}\n" for line in whole] + [last] * bool(last)
    lines: list[str] = []
    start = 0
    for match in _NEWLINE.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    if start < len(text):
        lines.append(text[start:])
    return lines

"""What a file hands on of functions that have trackers, or calls of them.

Read from the tree alone: whoever asks for all files of a project analyses few of them.
"""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_right
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.api_aliases import api_aliases
from codemods.analysis.external.handed_records import Mention, Speaker
from codemods.analysis.external.handed_values import AT_ONCE, PATCHING, RETURNED, Values, modules_of
from codemods.analysis.syntax.calls import calls_by_name, calls_named, last_name
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import children, imports, index, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from codemods.analysis.external.handed_values import Holder, Value

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Bound = tuple[frozenset[str], frozenset[str]]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
#: What binds names for itself alone.
_OF_THEIR_OWN = frozenset((ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
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
        self._bound: dict[ast.AST, _Bound] = {}
        every = index(tree)
        found = [d for kind in _DEFINITIONS for d in every.every(kind)]
        self._spans: list[tuple[int, int, _Definition]] = sorted(
            ((d.lineno, d.end_lineno or d.lineno, d) for d in found),  # type: ignore[misc]
            key=lambda span: (span[0], -span[1], span[2].col_offset),
        )

    @cached_property
    def _variables(self) -> frozenset[str]:
        """The names of all variables and parameters of the tree."""
        every = index(self._tree)
        stored = (one.id for one in every.every(ast.Name) if type(one.ctx) is ast.Store)
        return frozenset(stored).union(one.arg for one in every.every(ast.arg))

    def around(self, node: ast.AST) -> list[_Definition]:
        """Return the definitions around *node*, from the outermost."""
        lines, around = self._by_line
        at = bisect_right(lines, node.lineno)  # type: ignore[attr-defined]
        return around[at - 1] if at else []

    @cached_property
    def _by_line(self) -> tuple[list[int], list[list[_Definition]]]:
        """The lines from which on other definitions stand around, and those."""
        begun: dict[int, list[int]] = {}
        ended: dict[int, list[int]] = {}
        for number, (first, last, _) in enumerate(self._spans):
            begun.setdefault(first, []).append(number)
            ended.setdefault(last + 1, []).append(number)
        lines = sorted(begun.keys() | ended.keys())
        here: list[int] = []  # from the outermost: an inner one has a higher number
        around: list[list[_Definition]] = []
        for line in lines:
            over = ended.get(line, ())
            here = [number for number in here if number not in over] + begun.get(line, [])
            around.append([self._spans[number][2] for number in here])
        return lines, around

    def is_variable(self, name: ast.Name) -> bool:
        """Whether *name* is a parameter of a function around it, or what that assigns."""
        if name.id not in self._variables:
            return False
        for one in reversed(self.around(name)):
            if isinstance(one, ast.ClassDef) or not _is_in_body(name, one):
                continue
            if one not in self._bound:
                self._bound[one] = _bound_by(one)
            variables, others = self._bound[one]
            if name.id in variables or name.id in others:
                return name.id not in others
        return False

    def speakers(self) -> list[Speaker]:
        """Return the functions that speak to trackers."""
        aliases = api_aliases(self._tree)
        found: dict[ast.AST, Speaker] = {}
        for call in calls_named(self._tree, _SPEAKING.union(aliases)):
            self._add(found, self.around(call))
        for _, _, one in self._spans:
            made = (_made(d) for d in one.decorator_list)
            if any(words.TRACKED_DECORATOR in (name, aliases.get(name)) for name in made):
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


def _is_in_body(name: ast.Name, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether *name* is behind the header of *function*, where its variables are not known."""
    first = function.body[0]
    return (name.lineno, name.col_offset) >= (first.lineno, first.col_offset)


def _bound_by(function: ast.FunctionDef | ast.AsyncFunctionDef) -> _Bound:
    """Return the parameters of *function* with what it assigns, and what other names it has.

    Those are what it defines, imports, or has of another scope.  What a comprehension binds for
    itself is left out.
    """
    variables = {one.arg for one in parameters(function.args)}
    others: set[str] = set()
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            others.add(node.name)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            others.update(node.names)
        elif isinstance(node, ast.alias):
            others.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            variables.add(node.id)
        elif type(node) not in _OF_THEIR_OWN:
            waiting += children(node)
    return frozenset(variables), frozenset(others)


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


class Mentions:
    """The mentions of functions in one file, by their names: read once, for all who ask."""

    def __init__(self, tree: ast.Module, paths: Mapping[str, Collection[str]]) -> None:
        self._tree = tree
        self._paths = paths
        self._definitions = Definitions(tree)
        self._put = Values(tree, paths)
        self._called = calls_by_name(tree)
        self._at_once: dict[str, list[tuple[ast.Call, ast.expr]]] = {}
        for call in calls_named(tree, AT_ONCE):
            for argument in call.args:
                self._at_once.setdefault(last_name(argument), []).append((call, argument))
        #: The names that imports give to names of other modules.
        self._locals: dict[str, set[str]] = {}
        for local, full in paths.items():
            for path in full:
                self._locals.setdefault(path.rpartition(".")[2], {local}).add(local)
        self._texts = _paths_in_texts(tree)

    @cached_property
    def _values(self) -> Mapping[str, list[Value]]:
        """What the file puts somewhere, by its last name; most files put nothing that is asked."""
        found: dict[str, list[Value]] = {}
        for value in self._put.every():
            node = value[0]
            name = last_name(node.func if isinstance(node, ast.Call) else node)
            found.setdefault(name, []).append(value)
        return found

    @cached_property
    def _hidden(self) -> Collection[str] | None:
        """The names by which what is only called may be put somewhere, too; None for any.

        What stands in a lambda is put where that is.  Of what is imported in classes or functions
        and of names of the library any may be.
        """
        every = index(self._tree)
        on_top = [one for one in self._tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
        if every.renamed or len(imports(self._tree)) != len(on_top):
            return None
        inside = (node for one in every.every(ast.Lambda) for node in walk(one.body))
        return {last_name(one) for one in inside if isinstance(one, ast.Name | ast.Attribute)}

    def _put_somewhere(self, spelled: str, made: bool) -> Sequence[Value]:
        """Return the values of that name; what a call of it gives is asked for if *made*."""
        # Each call by a name has one node that is called so.
        called = len(self._called.get(spelled, ()))
        is_put = len(index(self._tree).named(spelled)) > called or (made and called)
        if not is_put and self._hidden is not None and spelled not in self._hidden:
            return ()
        return self._values.get(spelled, ())

    def of(self, wanted: Collection[str], made: Collection[str]) -> Iterator[Mention]:
        """Yield where the file hands on what may be one of the names *wanted*, or calls it.

        What calls of *made* give is handed on, too.
        """
        for name in wanted:
            yield from (Mention(name, base) for base in self._texts.get(name, ()))
            for spelled in sorted({name} | self._locals.get(name, set())):
                for value in self._put_somewhere(spelled, name in made):
                    if name in made or not isinstance(value[0], ast.Call):
                        yield from self._handed(name, *value)
                called = ((call, call.func) for call in self._called.get(spelled, ()))
                for call, function in (*called, *self._at_once.get(spelled, ())):
                    inside = self._definitions.leading(call)
                    for base in self._bases(name, function) if inside is not None else ():
                        yield Mention(name, base, inside=inside)

    def _handed(
        self, name: str, node: ast.expr, holder: Holder, variable: str
    ) -> Iterator[Mention]:
        made = isinstance(node, ast.Call)
        for base in self._bases(name, node.func if isinstance(node, ast.Call) else node):
            if holder is RETURNED:
                inside = self._definitions.leading(node)
                if inside is not None:
                    yield Mention(name, base, inside=replace(inside, gives=True), made=made)
                continue
            yield Mention(name, base, self._put.place(holder), made=made)
            if variable and not made:
                yield Mention(name, base, inside=Speaker((variable,)))

    def _bases(self, name: str, node: ast.expr) -> Iterator[str | None]:
        """Yield the modules that *node* may be a *name* of, empty for its own, None for objects."""
        if isinstance(node, ast.Name):
            paths = [path.rpartition(".") for path in self._paths.get(node.id, ())]
            yield from (base or dot for base, dot, last in paths if last == name)
            if not paths and node.id == name and not self._definitions.is_variable(node):
                yield ""
        elif isinstance(node, ast.Attribute) and node.attr == name:
            yield from modules_of(node.value, self._paths) or (None,)


def _paths_in_texts(tree: ast.Module) -> Mapping[str, set[str]]:
    """Return what the texts of *tree* say is before a dotted name, by its last part."""
    found: dict[str, set[str]] = {}
    likely = [n for n in index(tree).every(ast.Constant) if _is_dotted(n.value)]
    replaced: set[ast.AST] = set()
    for name, calls in calls_by_name(tree).items() if likely else ():
        if name.startswith(PATCHING):
            replaced.update(argument for call in calls for argument in call.args)
    for text in likely:
        if text not in replaced:
            *before, name = re.split(r"[.:]", str(text.value))
            found.setdefault(name, set()).add(".".join(before))
    return found


def _is_dotted(said: object) -> bool:
    likely = isinstance(said, str) and ("." in said or ":" in said)
    return likely and _DOTTED.fullmatch(str(said)) is not None

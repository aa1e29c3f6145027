"""All names that a project gives, changed in all of its files."""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import keyword
import re
import sys
import tokenize
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .places import edited
from .variation import Variation, comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

_WORD = re.compile(r"[^\W\d]\w*")
_TOOLS = Path(__file__).resolve().parents[2] / "codemods"
#: What a tracker calls on the client that it stores with.
_STORING = frozenset({"put_ai_usage_metric", "put_item"})
_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def renamed(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with other names of ASCII letters."""
    return _with(files, lambda name, n: f"{name}_other_{n}")


def umlauts(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with names that start, go on or end with letters beyond ASCII."""
    start = random.choice("üß日é")

    def other(name: str, n: int) -> str:
        head, rest = name[: len(name) - len(name.lstrip("_"))], name.lstrip("_")
        first = start.upper() if rest[:1].isupper() and len(start.upper()) == 1 else start
        where = random.randrange(4)
        if where == 0:
            return f"{head}{first}{rest}"
        if where == 1:
            return f"{name}{n}é"
        if where == 2:
            return f"{head}{rest[:1]}ö{rest[1:]}"
        return f"{head}{first}{n}ñ"

    return _with(files, other)


def _with(files: Mapping[str, str], other: Callable[[str, int], str]) -> Variation | None:
    if any(name.endswith(".ipynb") for name in files):
        return None
    names = {name: other(name, n) for n, name in enumerate(sorted(own_names(files)))}
    if not names:
        return None
    named = {path: _path(path, names) for path in files}
    return Variation(
        {named[path]: put(text, names) for path, text in files.items()},
        named=named,
        expected=lambda text: comparable(put(text, names)),
        seen=comparable,
    )


def put(text: str, names: Mapping[str, str]) -> str:
    """Return *text* with the *names* in it changed."""
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    edits = []
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if token.type == tokenize.NAME and token.string in names:
            start = starts[token.start[0] - 1] + token.start[1]
            edits.append((start, start + len(token.string), names[token.string]))
    return edited(text, edits)


def _path(path: str, names: Mapping[str, str]) -> str:
    *folders, last = PurePosixPath(path).parts
    stem, dot, suffix = last.partition(".")
    return "/".join([*(names.get(f, f) for f in folders), names.get(stem, stem) + dot + suffix])


def own_names(files: Mapping[str, str]) -> set[str]:
    """Return the names that *files* bind and that mean nothing to anybody else.

    Of ``f"visit_{kind}"`` and the like names are made that begin, or end, with that.
    """
    bound: set[str] = set()
    foreign: set[str] = set()
    modules = {part for path in files for part in PurePosixPath(path).with_suffix("").parts}
    for text in files.values():
        nodes = list(ast.walk(ast.parse(text)))
        defined = {node.name for node in nodes if isinstance(node, _DEFINED)}
        for node in nodes:
            bound.update(_bound(node))
            foreign.update(_foreign(node, modules, defined))
    begins = tuple(word for word in foreign if word.endswith("_"))
    ends = tuple(word for word in foreign if word.startswith("_"))
    main = {part for path in files for part in PurePosixPath(path).parts if path.startswith("test")}
    return {
        name
        for name in bound | modules
        if name not in foreign | main | known()
        and not name.startswith(("test", "Test", "__", *begins))
        and not name.endswith(ends)
        and name not in ("_", "self", "cls", "conftest", "run")
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not keyword.issoftkeyword(name)
    }


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _DEFINED):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr
    elif isinstance(node, ast.alias) and node.asname:
        yield node.asname
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name


def _foreign(node: ast.AST, modules: set[str], defined: set[str]) -> Iterator[str]:
    """Yield the names in *node* that must stay: of strings, other modules and their parameters."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _WORD.findall(node.value)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            parts = alias.name.split(".")
            if parts[0] not in modules:
                yield from parts
                yield from _library(alias.name)
    elif isinstance(node, ast.ImportFrom):
        parts = (node.module or "").split(".")
        if not node.level and parts[0] not in modules:
            yield from parts
            yield from (alias.name for alias in node.names)
            yield from _library(node.module or "")
    elif isinstance(node, ast.Call):
        callee = node.func
        name = getattr(callee, "id", getattr(callee, "attr", ""))
        if name not in defined:
            yield from (k.arg for k in node.keywords if k.arg)


@cache
def _library(module: str) -> frozenset[str]:
    """Return the names of *module* and of its classes, if it is of the standard library."""
    if module.split(".")[0] not in sys.stdlib_module_names or module == "__future__":
        return frozenset()
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        return frozenset()
    found = set(dir(loaded))
    for one in vars(loaded).values():
        if isinstance(one, type):
            found.update(dir(one))
    return frozenset(found)


@cache
def known() -> frozenset[str]:
    """Return the names that the tools, or Python itself, know something about."""
    found = {*_STORING, *dir(builtins)}
    for kind in (str, bytes, list, dict, set, tuple, int, float, object, Exception, BaseException):
        found.update(dir(kind))
    for path in _TOOLS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if "\n" not in node.value and not node.value.endswith("."):
                    found.update(_WORD.findall(node.value))
    return frozenset(found)


def bound_names(text: str) -> set[str]:
    """Return the names that *text* binds."""
    return {name for node in ast.walk(ast.parse(text)) for name in _bound(node)}


@cache
def api_names() -> frozenset[str]:
    """Return the names of the tracking API, and Python's own words."""
    words = _WORD.findall((_TOOLS / "vocabulary.py").read_text())
    return frozenset({*words, *keyword.kwlist, *keyword.softkwlist})

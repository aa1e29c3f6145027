"""Definitions, imports and files in another order, where the order means nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .places import Places, edited
from .variation import Variation, sorted_definitions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from .places import Edit

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with functions and methods that stand beside one another in another order."""
    return _reordered(files, random, _functions)


def imports(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with imports that stand beside one another in another order."""
    return _reordered(files, random, _imports)


def given(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* given by name, in another order, to be written in another one, too."""
    names = list(files)
    if len(names) < 2:
        return None
    random.shuffle(names)
    named = random.sample(names, len(names))
    return Variation({name: files[name] for name in names}, given=tuple(named), in_order=False)


def _reordered(files: Mapping[str, str], random: Random, runs: object) -> Variation | None:
    changed = dict(files)
    for name, text in files.items():
        if name.endswith(".ipynb") or "\r" in text or "%%" in text:
            continue
        places = Places(text)
        edits: list[Edit] = []
        for run in runs(ast.parse(text)):  # type: ignore[operator]
            edits += _shuffled(run, places, random)
        changed[name] = edited(text, edits)
        ast.parse(changed[name])
    if changed == files:
        return None
    return Variation(
        changed,
        in_order=False,
        expected=lambda text: sorted_definitions(text),
        seen=lambda text: sorted_definitions(text),
    )


def _functions(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Yield the functions that stand beside one another, of different names and plain headers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from _runs(node.body, _plain_function)


def _plain_function(node: ast.stmt) -> bool:
    """Whether nothing is evaluated where the function *node* is defined."""
    if not isinstance(node, _FUNCTIONS) or node.decorator_list:
        return False
    args = node.args
    given = [*args.defaults, *filter(None, args.kw_defaults)]
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    noted = [a.annotation for a in every if a is not None and a.annotation is not None]
    noted += [node.returns] if node.returns is not None else []
    return all(isinstance(one, ast.Constant) for one in given + noted)


def _imports(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            yield from _runs(body, _plain_import)


def _plain_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module != "__future__" and all(a.name != "*" for a in node.names)
    return isinstance(node, ast.Import)


def _runs(body: Sequence[ast.stmt], fits: object) -> Iterator[list[ast.stmt]]:
    run: list[ast.stmt] = []
    names: set[str] = set()
    for statement in body:
        given = _given(statement) if fits(statement) else set()  # type: ignore[operator]
        if not given or given & names:
            yield run
            run, names = [], set()
        if given:
            run.append(statement)
            names |= given
    yield run


def _given(statement: ast.stmt) -> set[str]:
    if isinstance(statement, _FUNCTIONS):
        return {statement.name}
    aliases = statement.names if isinstance(statement, ast.Import | ast.ImportFrom) else []
    return {(a.asname or a.name).split(".")[0] for a in aliases}


def _shuffled(run: Sequence[ast.stmt], places: Places, random: Random) -> Iterator[Edit]:
    """Yield what puts the statements of *run* in each other's places, if each has its own lines."""
    spans = [places.span(s) for s in run]
    texts = [places.text[a:b] for a, b in spans]
    alone = all(
        places.text[b : b + 1] in ("\n", "") and not places.text[places.at(s.lineno, 0) : a].strip()
        for s, (a, b) in zip(run, spans, strict=True)
    )
    if len(run) < 2 or not alone:
        return
    random.shuffle(texts)
    for (start, end), text in zip(spans, texts, strict=True):
        yield start, end, text

"""Statements and annotations that do nothing, added here and there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .places import Places, edited
from .variation import Variation, without_additions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from .places import Edit

_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def passes(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with ``pass`` between some statements."""
    return _added(files, random, _passes)


def docstrings(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with docstrings for what has none."""
    return _added(files, random, _docstrings)


def annotations(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with annotations that say nothing of the values."""
    return _added(files, random, _annotations)


def _added(files: Mapping[str, str], random: Random, edits: object) -> Variation | None:
    changed = dict(files)
    often = random.choice([0.1, 0.4, 1.0])
    for name, text in files.items():
        if name.endswith(".ipynb") or "\r" in text or "%%" in text:
            continue
        found = [e for e in edits(text) if random.random() < often]  # type: ignore[operator]
        changed[name] = edited(text, found)
        ast.parse(changed[name])
    if changed == files:
        return None
    return Variation(changed, expected=without_additions, seen=without_additions)


def _passes(text: str) -> Iterator[Edit]:
    places = Places(text)
    for node in ast.walk(ast.parse(text)):
        for part in ("body", "orelse", "finalbody"):
            suite = getattr(node, part, None)
            for n, statement in enumerate(suite if isinstance(suite, list) else []):
                if isinstance(statement, ast.stmt) and not (n == 0 and _says(statement)):
                    yield from _above(statement, places, "pass")
                if n == len(suite) - 1:
                    yield from _below(statement, places)


def _says(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _above(statement: ast.stmt, places: Places, text: str) -> Iterator[Edit]:
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    start = places.at(first, 0)
    indent = places.text[start : start + statement.col_offset]
    future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    if not indent.strip() and not future and not places.text[start:].lstrip().startswith("elif"):
        yield start, start, f"{indent}{text}\n"


def _below(statement: ast.stmt, places: Places) -> Iterator[Edit]:
    _, end = places.span(statement)
    start = places.at(statement.lineno, 0)
    indent = places.text[start : start + statement.col_offset]
    simple = not hasattr(statement, "body") and not isinstance(statement, ast.Match)
    if simple and not indent.strip() and places.text[end : end + 1] == "\n":
        yield end + 1, end + 1, f"{indent}pass\n"


def _docstrings(text: str) -> Iterator[Edit]:
    places = Places(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DEFINED) and ast.get_docstring(node) is None:
            if not _says(node.body[0]):
                yield from _above(node.body[0], places, '"""Do what is to be done here."""')


def _annotations(text: str) -> Iterator[Edit]:
    places = Places(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            args = node.args
            for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs]:
                if arg.annotation is None and arg.arg not in ("self", "cls"):
                    end = places.at(arg.end_lineno or 0, arg.end_col_offset or 0)
                    yield end, end, ': "object"'

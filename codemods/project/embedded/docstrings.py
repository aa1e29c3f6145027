"""Examples in the docstrings of a Python file: each docstring is a module, as for doctest.

They are decided on apart from the code of the file, and put into what becomes of that.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed, Linted, Refused
from codemods.project.embedded import outcomes
from codemods.project.embedded.blocks import split
from codemods.project.embedded.grammars import docstring
from codemods.project.embedded.text import TextDocument, names_the_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codemods.model.finding import Finding
    from codemods.model.outcome import Applied, FileOutcome
    from codemods.model.refusal import Refusal
    from codemods.model.source import SourceFile
    from codemods.project.embedded.blocks import Block
    from codemods.project.embedded.outcomes import Rewriting

    Work = Callable[[SourceFile], FileOutcome]

_OWNERS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class _Examples:
    """What was made of the examples of a file: the code of each docstring that changed."""

    applied: tuple[Applied, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    codes: tuple[tuple[int, tuple[str, ...]], ...] = ()


def linted(source: SourceFile, outcome: FileOutcome, work: Work) -> FileOutcome:
    """Return *outcome*, of the code of *source*, with what *work* finds in its docstrings."""
    if isinstance(outcome, Failed):
        return outcome
    found: list[Finding] = list(outcome.findings) if isinstance(outcome, Linted) else []
    silenced = list(outcome.silenced) if isinstance(outcome, Linted) else []
    for _, document in _documents(source.text, source.digest):
        told = outcomes.linted(document, source, work)
        if isinstance(told, Failed):
            return told
        found.extend(told.findings if isinstance(told, Linted) else ())
        silenced.extend(told.silenced if isinstance(told, Linted) else ())
    if not found and not silenced:
        return outcome
    ordered = tuple(sorted(found, key=lambda f: (f.span, f.code)))
    return Linted(source.display, ordered, tuple(silenced))


def migrated(source: SourceFile, outcome: FileOutcome, work: Rewriting) -> FileOutcome:
    """Return *outcome*, of the code of *source*, with what *work* makes of its docstrings."""
    if isinstance(outcome, Failed):
        return outcome
    found = _examples(source, work)
    if isinstance(found, Failed):
        return found
    refusals = (*_refusals(outcome), *found.refusals)
    applied = (*(outcome.applied if isinstance(outcome, Changed) else ()), *found.applied)
    if found.codes:
        after = outcome.after if isinstance(outcome, Changed) else source.content
        text = after[3 if source.bom else 0 :].decode(source.encoding)
        written = _with(text, source.digest, dict(found.codes))
        if written is None:
            message = "an example of a docstring cannot be written back"
            return Failed(source.display, "edit", message, "run without --include doctests")
        groups = outcome.groups if isinstance(outcome, Changed) else frozenset()
        return Changed(source, source.encode(written), applied, refusals, groups)
    if isinstance(outcome, Changed):
        return replace(outcome, refusals=refusals)
    return Refused(source.display, refusals) if refusals else outcome


def _refusals(outcome: FileOutcome) -> tuple[Refusal, ...]:
    return outcome.refusals if isinstance(outcome, Changed | Refused) else ()


def _examples(source: SourceFile, work: Rewriting) -> _Examples | Failed:
    """Return what *work* makes of the examples in the docstrings of *source*."""
    found = _Examples()
    for number, document in _documents(source.text, source.digest):
        told = outcomes.migrated(document, source, work)
        if isinstance(told, Failed):
            return told
        found = replace(found, refusals=(*found.refusals, *_refusals(told)))
        if isinstance(told, Changed):
            after = told.after[3 if source.bom else 0 :].decode(source.encoding)
            codes = tuple(one.code for one in _blocks(after, number))
            found = replace(
                found,
                applied=(*found.applied, *told.applied),
                codes=(*found.codes, (number, codes)),
            )
    return found


def _blocks(text: str, number: int) -> tuple[Block, ...]:
    return _document(text, _docstrings(ast.parse(text))[number], "").blocks


def _documents(text: str, token: str) -> Iterator[tuple[int, TextDocument]]:
    """Yield the docstrings of *text* that name the API in an example, each with its number."""
    try:
        nodes = _docstrings(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # what is no Python is told of where the code is analysed
    for number, node in enumerate(nodes):
        document = _document(text, node, token)
        if any(names_the_api(one.code) for one in document.blocks):
            yield number, document


def _docstrings(tree: ast.Module) -> list[ast.Constant]:
    found: list[ast.Constant] = []
    for node in ast.walk(tree):
        if not isinstance(node, _OWNERS) or not node.body:
            continue
        first = node.body[0]
        value = first.value if isinstance(first, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.append(value)
    return sorted(found, key=lambda one: one.lineno)


def _document(text: str, node: ast.Constant, token: str) -> TextDocument:
    """Return the examples in the docstring *node* of *text*."""
    lines = split(text)
    first, stop = node.lineno - 1, node.end_lineno or node.lineno
    opening = lines[first][0][len(lines[first][0].encode()[: node.col_offset].decode()) :]
    is_raw = "r" in opening[:2].lower().partition('"')[0].partition("'")[0]
    # The first line and the last hold the quotes.
    inner = [("", end) for _, end in lines[:first]] + [("", lines[first][1])]
    inner += lines[first + 1 : stop - 1]
    found = tuple(docstring(inner))
    return TextDocument(text, found, token[:12], escapes=not is_raw)


def _with(text: str, token: str, codes: dict[int, tuple[str, ...]]) -> str | None:
    """Return *text* with *codes* in its docstrings, None if the program would be another one."""
    nodes = _docstrings(ast.parse(text))
    written = text
    for number in sorted(codes, reverse=True):
        found = _document(text, nodes[number], token).with_codes(codes[number], written)
        if found is None:
            return None
        written = found
    try:
        same = _without_docstrings(written) == _without_docstrings(text)
    except (SyntaxError, ValueError):
        return None
    return written if same else None


def _without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in _docstrings(tree):
        node.value = ""
    return ast.dump(tree)

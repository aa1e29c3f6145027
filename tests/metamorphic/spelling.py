"""The same tokens in another spelling: names that Python folds, strings, needless parentheses."""

from __future__ import annotations

import ast
import io
import tokenize
import unicodedata
from itertools import chain
from typing import TYPE_CHECKING

from .names import api_names, bound_names
from .places import Places, edited, plain_nodes
from .variation import Variation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    from .places import Edit

    _Edits = Callable[[str, Random], Iterator[tuple[Edit, ...]]]

#: Letters that stand for two, and those of alphabets that stand for one each.
_LIGATURES = {"fi": "\ufb01", "fl": "\ufb02", "st": "\ufb06", "ff": "\ufb00"}
_SMALL = (0x1D41A, 0x1D4EA, 0x1D5BA, 0xFF41)  # bold, script, sans-serif, full width


def folded(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with some names of theirs in letters of which Python makes the plain ones.

    A name of the API is left: files without any are not looked into, and nobody spells it so.
    """
    return _each(files, random, _compatible_names)


def strings(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with some strings in other quotes, escapes and parts."""
    return _each(files, random, _other_strings)


def parentheses(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with needless parentheses around some expressions."""
    return _each(files, random, _parenthesized)


def _each(files: Mapping[str, str], random: Random, edits: _Edits) -> Variation:
    changed = dict(files)
    often = random.choice([0.03, 0.2, 1.0])
    for name, text in files.items():
        if name.endswith(".ipynb") or text.startswith("\ufeff") or "\r" in text:
            continue
        some = [group for group in edits(text, random) if random.random() < often]
        changed[name] = edited(text, chain.from_iterable(some))
        assert ast.dump(ast.parse(changed[name])) == ast.dump(ast.parse(text)), changed[name]
    return Variation(changed)


def _compatible_names(text: str, random: Random) -> Iterator[tuple[Edit, ...]]:
    places = Places(text)
    names = bound_names(text) - api_names()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.NAME or not token.string.isascii():
            continue
        if token.string not in names:
            continue
        spelled = _compatible(token.string, random)
        if spelled is not None:
            (row, column), (_, end) = token.start, token.end
            start = places.starts[row - 1]
            yield ((start + column, start + end, spelled),)


def _compatible(name: str, random: Random) -> str | None:
    """Return *name* with another letter, which the compatibility form makes the same."""
    if name.startswith("__"):
        return None
    for pair, one in _LIGATURES.items():
        if pair in name and random.random() < 0.5:
            spelled = name.replace(pair, one, 1)
            break
    else:
        letters = [n for n, c in enumerate(name) if "a" <= c <= "z"]
        if not letters:
            return None
        at = random.choice([letters[0], letters[-1], random.choice(letters)])
        spelled = name[:at] + chr(random.choice(_SMALL) + ord(name[at]) - 97) + name[at + 1 :]
    fits = spelled.isidentifier() and unicodedata.normalize("NFKC", spelled) == name
    return spelled if fits else None


def _other_strings(text: str, random: Random) -> Iterator[tuple[Edit, ...]]:
    places = Places(text)
    tree = ast.parse(text)
    for node in plain_nodes(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        start, end = places.span(node)
        written = text[start:end]
        if node.kind == "u" or "#" in written or "\n" in written:
            continue
        yield ((start, end, _spelled(node.value, random)),)


def _spelled(value: str, random: Random) -> str:
    at = random.randrange(len(value) + 1)
    letter = value[at : at + 1]
    escaped = f"\\x{ord(letter):02x}" if letter and ord(letter) < 256 else letter
    head, tail = value[:at], value[at + 1 :]
    way = random.randrange(4)
    if way == 0:
        return f"{_quoted(head)} {_quoted(letter + tail)}"
    if way == 1 and "\\" not in value and "'" not in value and value.isprintable():
        return f"r'{value}'"
    if way == 2 and value.isprintable() and not {"\\", '"'} & {*value}:
        return f'"""{value}"""'
    return f'"{_inner(head)}{escaped}{_inner(tail)}"' if value else "''"


def _quoted(value: str) -> str:
    return f'"{_inner(value)}"'


def _inner(value: str) -> str:
    return value.encode("unicode_escape").decode().replace('"', '\\"')


def _parenthesized(text: str, random: Random) -> Iterator[tuple[Edit, ...]]:
    places = Places(text)
    tree = ast.parse(text)
    unfit = set(_unfit(tree))
    for node in plain_nodes(tree):
        if not isinstance(node, ast.expr) or id(node) in unfit:
            continue
        if isinstance(node, ast.Slice | ast.Starred | ast.GeneratorExp):
            continue
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        start, end = places.span(node)
        if random.random() < 0.3:
            yield (start, start, "("), (end, end, ")")


def _unfit(tree: ast.AST) -> Iterator[int]:
    """Yield the nodes that may have no parentheses around them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.pattern):
            yield from (id(inner) for inner in ast.walk(node))
        elif isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
            if any(isinstance(part, ast.Slice | ast.Starred) for part in parts):
                yield id(node.slice)

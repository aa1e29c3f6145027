"""Foreign functions by names that another file, or an object, has for them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .importing import File, differing, foreign_calls, is_ours
from .places import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from .places import Edit
    from .variation import Variation

_THERE = "names_of_there"


def of_another_file(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in which foreign functions have other names in a file, which gives them."""
    changed, lines = dict(files), []
    for name, text in files.items():
        if name.endswith(".ipynb") or "%%" in text or "/" in name:
            continue
        edits = list(_from_there(File.of(name, files), random, lines))
        changed[name] = edited(text, edits)
        ast.parse(changed[name])
    if changed != files:
        changed[f"{_THERE}.py"] = "\n".join(sorted(lines, key=lambda one: " = " in one)) + "\n"
    return differing(files, changed)


def _from_there(file: File, random: Random, lines: list[str]) -> Iterator[Edit]:
    by_module = random.random() < 0.3
    for node in file.top_imports():
        alias = node.names[0]
        name = alias.asname or alias.name
        module = node.module or ""
        if random.random() < 0.3 or is_ours(file.files, module) or not file.bound_once(name):
            continue
        other = name if random.random() < 0.2 else f"{file.stem}_{name}_of_there"
        uses = file.uses(name, f"{_THERE}.{other}" if by_module else other)
        if uses is not None:
            put = f"import {_THERE}" if by_module else f"from {_THERE} import {other}"
            yield *file.places.span(node), put
            yield from uses
            lines.append(f"from {module} import {alias.name} as {other}")
    names: dict[str, str] = {}
    for node, module in foreign_calls(file):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if text not in names and random.random() < 0.7:
                names[text] = f"{file.stem}_{node.attr}_of_there"
                lines += [f"import {module}", f"{names[text]} = {module}.{node.attr}"]
            if text in names:
                other = f"{_THERE}.{names[text]}" if by_module else names[text]
                yield *file.places.span(node), other
    if names:
        put = f"from {_THERE} import {', '.join(dict.fromkeys(names.values()))}"
        put = f"import {_THERE}" if by_module else put
        yield file.behind_imports, file.behind_imports, f"{put}\n"


def of_an_object(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in whose methods foreign functions are called as fields of the object."""
    changed = dict(files)
    for name, text in files.items():
        if name.endswith(".ipynb") or "%%" in text:
            continue
        changed[name] = edited(text, _of_fields(File.of(name, files), random))
        ast.parse(changed[name])
    return differing(files, changed)


def _of_fields(file: File, random: Random) -> Iterator[Edit]:
    calls = list(foreign_calls(file))
    for owner in file.nodes:
        if not isinstance(owner, ast.ClassDef) or owner.bases or owner.decorator_list:
            continue
        made = [one for one in owner.body if getattr(one, "name", "") == "__init__"]
        kept: dict[str, str] = {}
        for method in (one for one in owner.body if one not in made and _is_method(one)):
            inside = {id(part) for part in ast.walk(method)}
            for node, _ in calls:
                text = ast.unparse(node)
                if id(node) not in inside or random.random() < 0.3:
                    continue
                kept[text] = f"{text.rpartition('.')[2]}_of_there"
                yield *file.places.span(node), f"self.{kept[text]}"
        where = made[0].body[0] if made else owner.body[0]  # type: ignore[attr-defined]
        start = file.places.at(where.lineno, 0)
        indent = " " * where.col_offset
        lines = [f"self.{field} = {text}\n" for text, field in kept.items()]
        if kept and made:
            yield start, start, "".join(f"{indent}{line}" for line in lines)
        elif kept:
            body = "".join(f"{indent}    {line}" for line in lines)
            yield start, start, f"{indent}def __init__(self):\n{body}\n"


def _is_method(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.decorator_list:
        return False
    inner = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    return [a.arg for a in node.args.args[:1]] == ["self"] and len(inner) < 2

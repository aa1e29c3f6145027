"""What a block stands for: the construction and the set call that would become it again.

Whether they do is not decided here: the migration itself is asked, on the text with them.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel


@dataclass(frozen=True, slots=True)
class Plan:
    """How one block goes back.

    ``lines`` are the statements in the place of its header; ``tracker`` is what its calls are
    recorded with, and ``own`` the block's own name for it, where it has another one.
    ``operation`` is the source of its operation type, "" where it has none.
    """

    statement: ast.With | ast.AsyncWith
    home: str
    lines: tuple[str, ...]
    tracker: str
    own: str = ""
    operation: str = ""
    builds: bool = False


class NoWayBackError(Exception):
    """A block has no legacy form; the message says why."""


def plan(
    semantic: SemanticModel, statement: ast.With | ast.AsyncWith, call: ast.Call, name: str
) -> Plan:
    """Return how the block that *call*, a context manager called *name*, opens goes back.

    Raises NoWayBackError.
    """
    if len(statement.items) != 1:
        raise NoWayBackError("the statement opens something else too")
    if name == words.PARTIAL_CONTEXT:
        raise NoWayBackError("legacy calls do not count partial failures")
    given = _arguments(call, name)
    operation = given.pop(words.OPERATION_ARGUMENT, None)
    given.pop(words.COUNT_ARGUMENT, None)
    ids = {key: given.pop(key) for key in list(given) if key in words.SET_PARAMETERS}
    tracker = given.pop(words.TRACKER_ARGUMENT, None)
    environment = given.pop("environment", None)
    if given:
        raise NoWayBackError(f"legacy calls have no {next(iter(given))}")
    build = _built(semantic, call, tracker, environment)
    used, own = _names(semantic, statement, tracker, has_ids=bool(ids))
    lines = [f"{used} = {build}"] if build else []
    if ids:
        said = ", ".join(f"{key}={_source(semantic, value)}" for key, value in ids.items())
        lines.append(f"{used}.{words.SET_CALL}({said})")
    home = semantic.imports.home_of(call)
    named = ast.literal_eval(operation) if isinstance(operation, ast.Constant) else ""
    return Plan(statement, home, tuple(lines), used, own, str(named), bool(build))


def _names(
    semantic: SemanticModel,
    statement: ast.With | ast.AsyncWith,
    tracker: ast.expr | None,
    *,
    has_ids: bool,
) -> tuple[str, str]:
    """Return what calls are recorded with, and the block's own name for it if it has another."""
    target = _target(statement)
    if tracker is None or isinstance(tracker, ast.Call):
        return target or _free_name(semantic), ""
    used = _source(semantic, tracker)
    own = target if target != used else ""
    if own and has_ids:
        raise NoWayBackError("the block has another name for the tracker, and ids of its own")
    return used, own


def _arguments(call: ast.Call, name: str) -> dict[str, ast.expr]:
    first = words.BATCH if name == words.BATCH_CONTEXT else words.OPERATION_ARGUMENT
    order = (first, words.OPERATION_ARGUMENT) if first == words.BATCH else (first, "tracker")
    starred = [a for a in call.args if isinstance(a, ast.Starred)]
    if starred or len(call.args) > len(order) or any(k.arg is None for k in call.keywords):
        raise NoWayBackError("the header passes arguments through * or **, or by position")
    given = dict(zip(order, call.args, strict=False))
    return given | {str(k.arg): k.value for k in call.keywords}


def _target(statement: ast.With | ast.AsyncWith) -> str:
    target = statement.items[0].optional_vars
    if target is not None and not isinstance(target, ast.Name):
        raise NoWayBackError("the tracker is bound to something else than a name")
    return target.id if target is not None else ""


def _built(
    semantic: SemanticModel,
    call: ast.Call,
    tracker: ast.expr | None,
    environment: ast.expr | None,
) -> str:
    """Return the construction of the block's tracker, "" where the tracker is there already."""
    if isinstance(tracker, ast.Call) and environment is None:
        return _source(semantic, tracker)
    if tracker is not None and environment is not None:
        raise NoWayBackError("legacy calls have no environment for a tracker that is there")
    if tracker is not None:
        return ""
    given = f"environment={_source(semantic, environment)}" if environment is not None else ""
    return f"{class_name(semantic, semantic.imports.home_of(call))}({given})"


def class_name(semantic: SemanticModel, home: str) -> str:
    """Return how the module names the tracker class that goes with *home*."""
    statement = semantic.imports.legacy_import(home)
    module = semantic.vocabulary.legacy_module(home) or ""
    if isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            if alias.name == words.TRACKER_CLASS:
                return alias.asname or alias.name
            if alias.name == module.rpartition(".")[2]:
                return f"{alias.asname or alias.name}.{words.TRACKER_CLASS}"
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.name == module:
                return f"{alias.asname or alias.name}.{words.TRACKER_CLASS}"
    return words.TRACKER_CLASS


def _free_name(semantic: SemanticModel) -> str:
    name = words.TRACKER_ARGUMENT
    if any(node.id == name for node in semantic.module.every(ast.Name)):
        raise NoWayBackError(f"the block gives its tracker no name, and {name} is another thing")
    return name


def _source(semantic: SemanticModel, node: ast.expr) -> str:
    text = ast.get_source_segment(semantic.module.source.text, node)
    if text is None:
        raise NoWayBackError("an argument cannot be read")
    return text

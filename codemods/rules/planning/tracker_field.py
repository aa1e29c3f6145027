"""``self.name`` of a class that its ``__init__`` gives a tracker, and who else may reach it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.tree import walk
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import external_refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding

_LOOKUPS = ("getattr", "setattr", "vars", "attrgetter")
Method = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class TrackerField:
    """``self.name`` of a class, and the places that use it."""

    owner: ast.ClassDef
    name: str
    construct: Construct
    loads: dict[Method, list[ast.Attribute]]


def tracker_field(semantic: SemanticModel, construct: Construct) -> TrackerField | None:
    """Return the field that *construct* is put into in ``__init__``, with its uses by method."""
    statement = semantic.module.parents[construct.call]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    method = semantic.module.parents[statement]
    owner = semantic.module.parents.get(method)
    if not isinstance(target, ast.Attribute) or not isinstance(owner, ast.ClassDef):
        return None
    if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
        return None
    if not isinstance(target.value, ast.Name) or target.value.id != self_name(method):
        return None
    loads: dict[Method, list[ast.Attribute]] = {}
    for inner in owner.body:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            found = [
                n
                for n in walk(inner)
                if isinstance(n, ast.Attribute)
                and _is_field(n, target.attr, self_name(inner))
                and n is not target
            ]
            if found:
                loads[inner] = found
    return TrackerField(owner, target.attr, construct, loads)


def self_name(method: Method) -> str:
    """Return what *method* calls its own object, "" if it takes none."""
    arguments = [*method.args.posonlyargs, *method.args.args]
    return arguments[0].arg if arguments else ""


def _is_field(node: ast.Attribute, name: str, owner: str) -> bool:
    return node.attr == name and isinstance(node.value, ast.Name) and node.value.id == owner


def foreign_use(semantic: SemanticModel, finding: Finding, field: TrackerField) -> Refusal | None:
    """Refuse where something else than the class's own methods reaches the field, or binds it."""
    own = {load for loads in field.loads.values() for load in loads}
    for node in semantic.module.every(ast.Attribute):
        if node.attr != field.name:
            continue
        built = semantic.module.parents[field.construct.call]
        if node in own and isinstance(node.ctx, ast.Load):
            continue
        if node not in getattr(built, "targets", ()):
            detail = f"{ast.unparse(node)} is used or bound outside of the class's methods"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, node)
    named = _reached_by_name(semantic, field)
    if named is not None:
        detail = f"{ast.unparse(named)} may reach self.{field.name} by its name"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, named)
    if not field.construct.certain:
        detail = "the class may come from several imports"
        return refuse(semantic, finding, Reason.AMBIGUOUS_IMPORT, detail)
    if field.construct.shared:
        detail = f"the tracker may be one that others use: {field.construct.shared}"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, field.construct.call)
    return external_refusal(
        semantic, finding, semantic.elsewhere.field(field.owner.name, field.name)
    )


def _reached_by_name(semantic: SemanticModel, field: TrackerField) -> ast.AST | None:
    """Return what looks the field up by its name, or all fields of an object."""
    for node in walk(semantic.module.tree):
        captured = isinstance(node, ast.MatchClass) and field.name in node.kwd_attrs
        if captured or (isinstance(node, ast.Attribute) and node.attr == "__dict__"):
            return node
        if not isinstance(node, ast.Call) or last_name(node.func) not in _LOOKUPS:
            continue
        name = node.args[1] if len(node.args) > 1 else None
        if not isinstance(name, ast.Constant) or name.value == field.name:
            return node
    return None

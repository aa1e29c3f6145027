"""Who else than a class's own methods may reach the field that holds its tracker."""

from __future__ import annotations

import ast
from operator import itemgetter
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import calls_named
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import external_refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Identity
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField
    from codemods.model.finding import Finding

    #: An attribute with its place among all of the module.
    _Numbered = tuple[int, ast.Attribute]

_SETTERS = (words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL)
_NOT_PASSED_ON = "{} (line {}) and the methods of {} would no longer pass ids on to each other"
_NOR_FROM_ELSEWHERE = "{} and the methods of {} would no longer pass ids on to each other"
_LOOKUPS = ("getattr", "setattr", "vars", "attrgetter")


def foreign_use(semantic: SemanticModel, finding: Finding, field: TrackerField) -> Refusal | None:
    """Refuse where something else than the class's own methods reaches the field, or binds it."""
    for node in external_uses(semantic, field):
        if semantic.settings.unsafe and _may_be_asked_about(semantic, node):
            continue
        detail = f"{ast.unparse(node)} is used or bound outside of the class's methods"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, node)
    if field.strays:
        detail = f"{field.strays[0].id}, which is in self.{field.name} too, is handed on"
        return refuse(semantic, finding, Reason.ESCAPES, detail, field.strays[0])
    named = _reached_by_name(semantic, field)
    if named is not None:
        detail = f"{ast.unparse(named)} may reach self.{field.name} by its name"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, named)
    again = _defined_again(semantic, field)
    if again is not None:
        detail = f"{again[0]} puts something else in the place of the tracker"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, again[1])
    if semantic.replaced_method is not None:
        detail = f"{ast.unparse(semantic.replaced_method)} is replaced: the file tests the tracker"
        return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail, semantic.replaced_method)
    return _construct_refusal(semantic, finding, field) or next(
        (
            refusal
            for name in sorted(field.fields)
            if (refusal := _external(semantic, finding, field, name)) is not None
        ),
        None,
    )


def external_uses(semantic: SemanticModel, field: TrackerField) -> Iterator[ast.Attribute]:
    """Yield where something else than the class's own methods has the field in the module."""
    own = field.own | field.making
    named = semantic.once(_FieldsOfObjects)
    kin = semantic.elsewhere.kin(field.owner.name)
    found = {pair for name in (*field.fields, field.name) for pair in named.of(name, kin)}
    for _, node in sorted(found, key=itemgetter(0)):
        if not _is_known(semantic, field, node, own):
            yield node


class _FieldsOfObjects:
    """The attributes of a module by their names, and by the classes of the objects.

    To ask each of them for each field of each class would take the square of the classes.
    """

    def __init__(self, semantic: SemanticModel) -> None:
        self._taint = semantic.taint
        self._named: dict[str, list[_Numbered]] = {}
        self._by_class: dict[str, dict[Identity | None, list[_Numbered]]] = {}
        for number, node in enumerate(semantic.module.every(ast.Attribute)):
            self._named.setdefault(node.attr, []).append((number, node))

    def of(self, name: str, kin: AbstractSet[Identity]) -> Iterator[_Numbered]:
        """Yield the attributes *name* of objects that may be of a class of *kin*, numbered."""
        if name not in self._by_class:
            grouped: dict[Identity | None, list[_Numbered]] = {}
            for number, node in self._named.get(name, ()):
                owner = self._taint.object_class(node.value)
                grouped.setdefault(owner.identity if owner else None, []).append((number, node))
            self._by_class[name] = grouped
        for one in (None, *kin):
            yield from self._by_class[name].get(one, ())


def _may_be_asked_about(semantic: SemanticModel, node: ast.Attribute) -> bool:
    """Whether *node* reads the field, and sets no ids on it where it stands."""
    parent = semantic.module.parents[node]
    sets = isinstance(parent, ast.Attribute) and parent.attr in _SETTERS
    return isinstance(node.ctx, ast.Load) and not sets


def external_conditions(
    semantic: SemanticModel, field: TrackerField
) -> list[tuple[str, ast.AST, Reason]]:
    """Return what must be confirmed of those who use the field outside of the class's methods."""
    name = field.owner.name
    return [
        (_NOT_PASSED_ON.format(ast.unparse(node), node.lineno, name), node, Reason.SHARED_STATE)
        for node in external_uses(semantic, field)
    ] + [
        (_NOR_FROM_ELSEWHERE.format(place, name), field.owner, Reason.SHARED_STATE)
        for one in sorted(field.fields)
        for place in semantic.elsewhere.field(name, one).readers
    ]


def _is_known(
    semantic: SemanticModel, field: TrackerField, node: ast.Attribute, own: frozenset[ast.AST]
) -> bool:
    """Whether *node* is the class's own use, or harmless."""
    if node in field.making:
        return True
    return isinstance(node.ctx, ast.Load) and (node in own or is_flushed(semantic, node))


def is_flushed(semantic: SemanticModel, node: ast.expr) -> bool:
    """Whether nothing but a flush is done with the tracker *node*."""
    method = semantic.module.parents[node]
    call = semantic.module.parents[method]
    return (
        isinstance(method, ast.Attribute)
        and method.attr == words.FLUSH_CALL
        and isinstance(call, ast.Call)
        and call.func is method
    )


def _construct_refusal(
    semantic: SemanticModel, finding: Finding, field: TrackerField
) -> Refusal | None:
    construct = field.construct
    if construct is None:
        return None
    if not construct.certain:
        detail = "the class may come from several imports"
        return refuse(semantic, finding, Reason.AMBIGUOUS_IMPORT, detail)
    if construct.shared:
        detail = f"the tracker may be one that others use: {construct.shared}"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, construct.call)
    return None


def _external(
    semantic: SemanticModel, finding: Finding, field: TrackerField, name: str
) -> Refusal | None:
    uses = semantic.elsewhere.field(field.owner.name, name)
    return external_refusal(semantic, finding, uses, asks=True)


def _reached_by_name(semantic: SemanticModel, field: TrackerField) -> ast.AST | None:
    """Return what looks the field up by its name, or all fields of an object."""
    names = field.fields | {field.name}
    module = semantic.module
    patterns = module.every(ast.MatchClass)
    found: set[ast.AST] = {one for one in patterns if not names.isdisjoint(one.kwd_attrs)}
    found.update(one for one in module.called("__dict__") if isinstance(one, ast.Attribute))
    for call in calls_named(module.tree, _LOOKUPS):
        name = call.args[1] if len(call.args) > 1 else None
        if not isinstance(name, ast.Constant) or name.value in names:
            found.add(call)
    return next((node for node in module.nodes if node in found), None) if found else None


def _defined_again(semantic: SemanticModel, field: TrackerField) -> tuple[str, ast.AST] | None:
    """Return what puts a method or an attribute in the field's place, in a class that is kin."""
    names = field.fields | {field.name}
    here = semantic.module.source.path
    kin = {name for path, name in semantic.elsewhere.kin(field.owner.name) if path == here}
    for owner in semantic.module.every(ast.ClassDef):
        # Its own statements are how the field is made.
        if owner is field.owner or owner.name not in kin:
            continue
        for statement in owner.body:
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            bound = {t.id for t in targets if isinstance(t, ast.Name)}
            bound.add(getattr(statement, "name", ""))
            if not names.isdisjoint(bound):
                return f"{owner.name}.{min(names & bound)}", statement
    return None

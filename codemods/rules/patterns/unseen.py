"""Unseen tracker: ids are set on something that is built out of sight, and is said to be one.

What it does    With ``--unsafe``, gives the rest of the work with it a block in its function.
Why             Whoever has the tracker too gets the ids of whoever set them last.
Before          def show(obj, key):
                    obj["tracker"].set_tracking_context(job_id=f"show-{key}")
                    return ask(key, obj["tracker"])
After           def show(obj, key):
                    with ai_usage_context("show", tracker=obj["tracker"], job_id=f"show-{key}"):
                        return ask(key, obj["tracker"])
Safety          What it is does not show, nor who else relies on its ids: a person says both.
Leaves alone    everything without --unsafe; what is bound anew in the function, or leaves it;
                objects of other classes that have a method of the same name
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.tree import walk
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.method_names.other_receivers import is_another
from codemods.rules.checks.shared_trackers.leaking_ids import conditions
from codemods.rules.planning.shared_blocks import adopted_parts, loose_parts
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.rules.planning.adoption import Part

TAKES = Sites.SET_UNSEEN
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for the set calls that no rule knows the tracker of, if a person may say it."""
    if not semantic.settings.unsafe:
        return
    found: dict[tuple[_Function, str], list[SetCall]] = {}
    for site in open_sites.set_calls:
        function = semantic.scope_at(site.path).node
        if site.problem is None and isinstance(function, _Function):
            if not is_another(semantic, site):
                found.setdefault((function, ast.dump(_receiver(site))), []).append(site)
    for (function, _), sites in found.items():
        root = _root(semantic, function, _receiver(sites[0]))
        home = _home(semantic) if root is not None else None
        if root is not None and home is not None:
            finding = semantic.finding(CODE, sites[0].call, MESSAGE)
            decided = partial(_decided, semantic, finding, sites, root, home)
            yield Answer(frozenset(site.call for site in sites), finding, decided)


def _receiver(site: SetCall) -> ast.expr:
    receiver: ast.expr = site.call.func.value  # type: ignore[attr-defined]
    return receiver


def _root(
    semantic: SemanticModel, function: _Function, receiver: ast.expr
) -> Binding | tuple[Binding, str] | None:
    """Return what is followed for *receiver*: a variable of the function, or a field of one.

    None where it is not read by names alone, or may be another object a line later.
    """
    node, fields = receiver, list[str]()
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            return None
        fields.append(node.attr if isinstance(node, ast.Attribute) else "")
        node = node.value
    if not isinstance(node, ast.Name) or receiver.lineno != receiver.end_lineno:
        return None
    binding = semantic.scopes.of(node)
    own = binding.scope is semantic.scopes.inner[function]
    if not own or len(binding.binders) != 1 or binding.declared or binding.deletes:
        return None
    stored = (
        n
        for n in walk(function)
        if isinstance(n, ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load)
    )
    names = {field for field in fields if field}
    if any(isinstance(n, ast.Subscript) or n.attr in names for n in stored if fields):
        return None
    return (binding, fields[-1]) if fields and fields[-1] else binding


def _home(semantic: SemanticModel) -> str | None:
    """Return the module of contexts that the file uses, or all others of the project do."""
    home = semantic.imports.default_home
    if semantic.imports.legacy_import(home) or semantic.imports.context_import(home):
        return home
    others = (o for o in semantic.elsewhere.mentioning(words.TRACKER_CLASS) if o is not None)
    homes = {
        o.imports.default_home for o in others if o.imports.legacy_import(o.imports.default_home)
    }
    return homes.pop() if len(homes) == 1 else None


def _decided(
    semantic: SemanticModel,
    finding: Finding,
    sites: list[SetCall],
    root: Binding | tuple[Binding, str],
    home: str,
) -> Decided:
    parts = loose_parts(semantic, finding, sites, root)
    if isinstance(parts, Refusal):
        return Decided(parts)
    text = semantic.module.segment(_receiver(sites[0]))
    verdict = _adopted(semantic, finding, parts, text, home)
    tainted = frozenset(parts[0].flow.tainted) if isinstance(verdict, Proposal) else frozenset()
    return Decided(verdict, tainted)


def _adopted(
    semantic: SemanticModel, finding: Finding, parts: list[Part], text: str, home: str
) -> Proposal | Refusal:
    waiting = [part.function.name for part in parts if part.waits]
    asked = conditions(semantic, [part.setter for part in parts], parts[0].loose, waiting)
    keys = " or ".join(sorted({key for part in parts for key in part.setter.keys})) or "ids"
    name = parts[0].function.name
    said = (
        f"{text}, in {name}, is a tracker that sets ids in no way of its own, nothing else counts "
        f"on the {keys} set there, and nothing that is called there sets ids on it"
    )
    again = next((p.sets[1].call for p in parts if len(p.sets) > 1), None)
    if again is not None and not text.isidentifier():
        detail = f"{text} is asked for again, and may be another object then"
        return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail, again)
    verdict = adopted_parts(semantic, finding, parts, text, home, about_none=asked.about_none)
    if isinstance(verdict, Refusal):
        return verdict
    why = f"{name} uses {text} in the block, and whoever has it too has ids of its own"
    return replace(verdict, why=why, confirm=(said, *asked.texts))

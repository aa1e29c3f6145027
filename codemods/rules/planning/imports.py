"""Imports of a rewritten file: new ones beside the legacy one, which stays while it is needed."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.model.edit import AddImport, Delete, DropImport, Edit, ExtendImport, Path, Wrap
from codemods.model.proposal import Assumption, Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding, Scope


# A bare ``noqa``, or one for unused imports, says that others need the import.
_NOQA = re.compile(r"#\s*noqa\b(?::\s*([A-Z0-9, ]+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """Proposals with their imports settled, the import edits, and what had to be refused."""

    proposals: tuple[Proposal, ...]
    edits: tuple[Edit, ...]
    refusals: tuple[Refusal, ...]


def place(semantic: SemanticModel, proposals: Sequence[Proposal]) -> Placed:
    """Settle the imports that *proposals* need, and drop those that nothing needs any more."""
    possible: list[Proposal] = []
    refusals: list[Refusal] = []
    wanted: dict[tuple[Path, str], list[str]] = {}
    for proposal in proposals:
        made = _with_imports(semantic, proposal, wanted)
        if isinstance(made, Refusal):
            refusals.append(made)
        else:
            possible.append(made)
    edits: list[Edit] = []
    for (path, home), names in wanted.items():
        edits.append(_edit(semantic, path, home, names))
    edits.extend(_dropped(semantic, possible))
    return Placed(tuple(possible), tuple(edits), tuple(refusals))


def _with_imports(
    semantic: SemanticModel, proposal: Proposal, wanted: dict[tuple[Path, str], list[str]]
) -> Proposal | Refusal:
    renamed: dict[str, str] = {}
    additions: list[tuple[tuple[Path, str], str]] = []
    asked: list[str] = []
    beside = semantic.imports.legacy_import(proposal.home, _sites(semantic, proposal))
    for name in proposal.needs:
        local = semantic.imports.imported_as(
            name, lambda found: _runs_before(semantic, proposal, beside, found)
        )
        places = _places(semantic, proposal, beside)
        if local is not None and _means_the_import(semantic, proposal, local):
            if len(places) > 1:
                detail = f"the class has a fallback, and {local} has none"
                return refuse(semantic, proposal.finding, Reason.AMBIGUOUS_IMPORT, detail, beside)
            renamed[name] = local
            continue
        taken = _taken(semantic, proposal, name, beside)
        if taken is not None:
            detail = f"{name} means something else here"
            return refuse(semantic, proposal.finding, Reason.NAME_TAKEN, detail, taken)
        if beside is not None and _is_guarded(semantic, proposal, beside):
            detail = "the class is imported under a guard, and may be missing"
            return refuse(semantic, proposal.finding, Reason.AMBIGUOUS_IMPORT, detail, beside)
        if all(_brought_there(semantic, name, place) for place in places):
            continue
        lacking = _lacking(semantic, [home for _, home in places], name)
        if lacking is not None and not semantic.settings.unsafe:
            refusal = refuse(semantic, proposal.finding, Reason.NO_CONTEXT_MODULE, lacking, beside)
            return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe and add it")
        if lacking is not None:
            asked.append(f"you add what is missing before this runs: {lacking}")
        additions.extend((place, name) for place in places)
    if additions:
        stars = semantic.imports.foreign_stars()
        assumed = [
            Assumption(f"{name} brings in no name of the tracking API", semantic.module.span(node))
            for name, node in stars
        ]
        if assumed and semantic.settings.strict:
            detail = f"it is assumed that {assumed[0].text}"
            return refuse(semantic, proposal.finding, Reason.ASSUMPTION, detail, stars[0][1])
        proposal = replace(proposal, assumptions=(*proposal.assumptions, *assumed))
    for key, name in additions:
        if name not in wanted.setdefault(key, []):
            wanted[key].append(name)
    edits = tuple(_with_names(e, renamed) for e in proposal.edits)
    return replace(proposal, edits=edits, confirm=(*proposal.confirm, *dict.fromkeys(asked)))


def _lacking(semantic: SemanticModel, homes: Sequence[str], name: str) -> str | None:
    """Return what the project has not, and the imports of *name* would need; None if nothing."""
    for home in homes:
        legacy = semantic.vocabulary.legacy_module(home) or ""
        lacking = semantic.elsewhere.lacking(legacy, home, name)
        if lacking is not None:
            line = semantic.vocabulary.reexport(home)
            return f"{lacking}, and would be imported; for the tracker runtime it is `{line}`"
    return None


def _places(
    semantic: SemanticModel, proposal: Proposal, beside: ast.stmt | None
) -> list[tuple[Path, str]]:
    """Return the imports to put a new name into, or beside, each with the module to take it from.

    Where the class has a fallback, so have the contexts: both come from one package.
    """
    if beside is not None:
        pair = semantic.imports.in_turn(beside, proposal.home)
        if len(pair) > 1:
            return [(semantic.module.paths[one], home) for one, home in pair]
    return [(_place_of(semantic, proposal, beside), proposal.home)]


def _brought_there(semantic: SemanticModel, name: str, place: tuple[Path, str]) -> bool:
    """Whether the suite of *place*, the import of a class with a fallback, imports *name* too."""
    path, home = place
    if len(path) < 2:
        return False
    binding = semantic.scopes.binding(name, semantic.scopes.module_scope)
    return any(
        semantic.module.paths[one][:-1] == path[:-1] and semantic.names.absolute(one) == home
        for one in semantic.names.in_turn(binding)
    )


def _with_names(edit: Edit, renamed: dict[str, str]) -> Edit:
    if not isinstance(edit, Wrap):
        return edit
    function = renamed.get(edit.header.function, edit.header.function)
    return replace(edit, header=replace(edit.header, function=function))


def _sites(semantic: SemanticModel, proposal: Proposal) -> list[Scope]:
    """Return the scopes in which the new blocks of *proposal* will stand."""
    return [semantic.scope_at(e.path) for e in proposal.edits if isinstance(e, Wrap)]


def _runs_before(
    semantic: SemanticModel, proposal: Proposal, beside: ast.stmt | None, found: ast.stmt
) -> bool:
    """Whether the import *found*, at the top level, has run when a new block is entered.

    Functions may be called by any statement below the class's import: only other
    imports may stand between.
    """
    body = semantic.module.tree.body
    index = body.index(found)
    if beside is not None and beside in body:
        between = body[body.index(beside) : index]
    else:
        tops = [e.path[0][1] for e in proposal.edits if isinstance(e, Wrap)]
        between = body[min(tops, default=index) : index]
    return all(isinstance(s, ast.Import | ast.ImportFrom) for s in between)


def _place_of(semantic: SemanticModel, proposal: Proposal, beside: ast.stmt | None) -> Path:
    """Return the import to put the new name into, or beside; () where there is none."""
    local = beside is not None and len(semantic.module.paths[beside]) > 1
    existing = None if local else semantic.imports.context_import(proposal.home)
    if existing is not None and "noqa" not in semantic.module.segment_lines(existing):
        if _runs_before(semantic, proposal, beside, existing):
            return semantic.module.paths[existing]
    return semantic.module.paths[beside] if beside is not None else ()


def _means_the_import(semantic: SemanticModel, proposal: Proposal, local: str) -> bool:
    """Whether *local* is the module's import, and nothing else, wherever a block will stand."""
    for scope in _sites(semantic, proposal):
        binding = semantic.scopes.binding(local, scope)
        if not binding.scope.is_module or binding.deletes or binding.declared:
            return False
        if not all(_is_known_import(semantic, binder) for binder in binding.binders):
            return False
    return True


def _taken(
    semantic: SemanticModel, proposal: Proposal, name: str, beside: ast.stmt | None
) -> ast.AST | None:
    """Return what stands against importing *name* where the class is imported."""
    home = semantic.scope_at(semantic.module.paths[beside]) if beside is not None else None
    if home is not None and home.is_class:
        return beside
    for scope in [*_sites(semantic, proposal), semantic.scopes.module_scope]:
        binding = semantic.scopes.binding(name, scope)
        if binding.loads and not binding.binders and semantic.imports.foreign_stars():
            return binding.loads[0]
        if binding.deletes or binding.declared:
            return (binding.deletes or binding.declared)[0]
        for binder in binding.binders:
            # An import of the same name in another scope is fine; here it would be unbound first.
            if not _is_known_import(semantic, binder) or not binding.scope.is_module:
                return binder
    return None


def _is_known_import(semantic: SemanticModel, binder: ast.AST) -> bool:
    statement = semantic.module.parents.get(binder)
    if not isinstance(binder, ast.alias) or not isinstance(statement, ast.ImportFrom):
        return False
    return semantic.names.canonical(binder) in semantic.vocabulary.context_paths


def _is_guarded(semantic: SemanticModel, proposal: Proposal, statement: ast.stmt) -> bool:
    """Whether the import *statement* may not have run, or may have failed, at a new block."""
    parent = semantic.module.parents[statement]
    if isinstance(parent, ast.If):
        *above, (field, _) = semantic.module.paths[statement]
        wraps = [e.path for e in proposal.edits if isinstance(e, Wrap)]
        inside = (
            list(p[: len(above)]) == above and [f for f, _ in p[len(above) :]][:1] == [field]
            for p in wraps
        )
        return not wraps or not all(inside)
    if len(semantic.imports.in_turn(statement, proposal.home)) > 1:
        return False
    if isinstance(parent, ast.Try | ast.TryStar) and statement in parent.body:
        return not all(map(_goes_no_further, parent.handlers))
    return isinstance(parent, ast.Try | ast.TryStar | ast.ExceptHandler | ast.With | ast.match_case)


def _goes_no_further(handler: ast.ExceptHandler) -> bool:
    """Whether *handler* surely raises: then what stands behind its ``try`` has the import."""
    *before, last = handler.body
    plain = all(isinstance(s, ast.Expr | ast.Assign | ast.AnnAssign) for s in before)
    return plain and isinstance(last, ast.Raise)


def _edit(semantic: SemanticModel, path: Path, home: str, names: list[str]) -> Edit:
    pairs = tuple((name, None) for name in sorted(names))
    if path:
        statement = semantic.statement_at(path)
        if isinstance(statement, ast.ImportFrom) and semantic.names.absolute(statement) == home:
            return ExtendImport(path, pairs)
        module = _module_text(semantic, path, home)
        legacy = getattr(statement, "module", None) or ""
        # In the order that import sorters ask for, if the legacy import stands alone.
        before = isinstance(statement, ast.ImportFrom) and module.lstrip(".") < legacy
        return AddImport(path, module, pairs, before=before and bool(legacy))
    last, first = _top(semantic.module.tree, names)
    if last is not None:
        return AddImport((("body", last),), home, pairs)
    return AddImport((("body", first),), home, pairs, before=True)


def _top(tree: ast.Module, names: Sequence[str]) -> tuple[int | None, int]:
    """Return the statement for the import to stand behind, and the first one after a docstring.

    That is the last import above the first use of *names*, with what sets the program up
    (``sys.path``, ``os.environ``) right behind it.
    """
    body = tree.body
    first = 1 if ast.get_docstring(tree, clean=False) is not None else 0
    last = None
    for index in range(first, len(body)):
        if any(isinstance(n, ast.Name) and n.id in names for n in walk(body[index])):
            break
        imports = isinstance(body[index], ast.Import | ast.ImportFrom)
        if imports or (last == index - 1 and _sets_up(body[index])):
            last = index
    return last, first


def _sets_up(statement: ast.stmt) -> bool:
    """Whether *statement* only calls something, or stores something in another object."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(t, ast.Attribute | ast.Subscript) for t in statement.targets)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)


def _module_text(semantic: SemanticModel, path: Path, home: str) -> str:
    """Return *home* in the style of the import at *path*: relative stays relative."""
    statement = semantic.statement_at(path)
    if not isinstance(statement, ast.ImportFrom) or not statement.level:
        return home
    # The import reaches the module or a package above it: name the rest from there.
    base = semantic.names.absolute(statement)
    package = f"{'.' * statement.level}{statement.module or ''}"
    if home.startswith(f"{base}."):
        joint = "" if package.endswith(".") else "."
        return f"{package}{joint}{home[len(base) + 1 :]}"
    if home.rpartition(".")[0] != base.rpartition(".")[0]:
        return home
    parent, _, _ = package.rpartition(".")
    dots = (
        "." * statement.level
        if not parent.strip(".") and not (statement.module or "").count(".")
        else f"{parent}."
    )
    return f"{dots}{home.rpartition('.')[2]}"


def _dropped(semantic: SemanticModel, proposals: Sequence[Proposal]) -> list[Edit]:
    """Return the removals of legacy imports that the rewritten file does not need."""
    deleted = {e.path for p in proposals for e in p.edits if isinstance(e, Delete)}
    edits: list[Edit] = []
    headers = " ".join(
        t for p in proposals for w in p.edits if isinstance(w, Wrap) for t in w.header.leading
    )
    module = semantic.module

    def is_gone(read: ast.Name) -> bool:
        return module.paths[module.statement(read)] in deleted

    for binding, binder in _imports_read(semantic, deleted):
        statement = semantic.module.parents.get(binder)
        if not isinstance(statement, ast.ImportFrom) or not all(map(is_gone, binding.loads)):
            continue
        if not semantic.names.imports_legacy(binder):
            continue
        if re.search(rf"\b{binding.name}\b", headers):
            continue
        if len(semantic.module.statements_around(statement)) == 1 and len(statement.names) == 1:
            continue  # the suite would be empty, or hold nothing but the new import
        if not _needed(semantic, binding.name, statement):
            edits.append(DropImport(semantic.module.paths[statement], binding.name))
    return edits


def _imports_read(
    semantic: SemanticModel, deleted: Iterable[Path]
) -> Iterator[tuple[Binding, ast.alias]]:
    """Yield the variables that statements at the paths *deleted* read, and one import binds."""
    scopes = semantic.scopes
    names = (n for path in deleted for n in walk(semantic.statement_at(path)))
    read = {scopes.of(n) for n in names if isinstance(n, ast.Name) and n in scopes.scope_of}
    for binding in [one for one in scopes.bindings.values() if one in read]:
        binders = binding.binders if binding.loads else []
        if len(binders) == 1 and isinstance(binders[0], ast.alias):
            yield binding, binders[0]


def _needed(semantic: SemanticModel, name: str, statement: ast.stmt) -> bool:
    """Whether something besides code of this file may need the imported *name*."""
    text = semantic.module.segment_lines(statement)
    possible = any(not codes or "F401" in codes for codes in _NOQA.findall(text))
    if semantic.module.is_package or possible or semantic.used_elsewhere(name):
        return True
    word = re.compile(rf"\b{re.escape(name)}\b")
    texts = (n.value for n in semantic.module.every(ast.Constant) if isinstance(n.value, str))
    in_text = any(word.search(text) for text in texts)
    comments = (ln.partition("#")[2] for ln in semantic.module.lines if "# type:" in ln)
    return in_text or any(word.search(comment) for comment in comments)

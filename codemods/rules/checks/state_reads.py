"""Reads of the ids that a tracker has: where they are told the same inside of its block.

On our runtime the block's tracker has, in its own fields, the ids that count there: as long as
a read stands in the block, and runs there, it gives what the set calls gave.
Of others in the block a person may say that they need not (``--unsafe``): most only log.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable_from
from codemods.analysis.trackers.block_extent import Block
from codemods.model.edit import Wrap
from codemods.model.refusal import Reason
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import Path
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.finding import Finding
    from codemods.model.proposal import Proposal
    from codemods.model.refusal import Refusal

#: What a frame has its variables under.
_OF_A_FRAME = "f_locals"
_KEYS = dict(zip(words.ID_ATTRIBUTES, words.SET_PARAMETERS, strict=True))


def is_of_id(semantic: SemanticModel, lifetime: Lifetime, node: ast.AST) -> bool:
    """Whether *node* reads an id from the variable of *lifetime*, by a statement of its scope."""
    if not isinstance(node, ast.Attribute) or node.attr not in words.ID_ATTRIBUTES:
        return False
    if lifetime.owned or not semantic.ours(lifetime.construct.home):
        return False
    if _is_in_a_header(semantic, lifetime, node):
        return False
    name = node.value
    return (
        isinstance(node.ctx, ast.Load)
        and isinstance(name, ast.Name)
        and semantic.scopes.scope_of[name] is lifetime.scope
        and semantic.scopes.of(name) is lifetime.binding
    )


def may_be_asked(semantic: SemanticModel, lifetime: Lifetime, node: ast.AST) -> bool:
    """Whether a person may say that *node* need not read what it reads today off the tracker."""
    if not semantic.settings.unsafe or lifetime.owned or not isinstance(node, ast.Attribute):
        return False
    name = node.value
    return (
        isinstance(node.ctx, ast.Load)
        and node.attr in (*words.ID_ATTRIBUTES, words.CONTEXT_FIELD)
        and isinstance(name, ast.Name)
        and semantic.scopes.scope_of[name] is lifetime.scope
        and semantic.scopes.of(name) is lifetime.binding
        and not _is_in_a_header(semantic, lifetime, node)
    )


def read_conditions(
    semantic: SemanticModel, lifetime: Lifetime, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return what is to be confirmed of reads that may give something else.

    So may reads of ids that the conditions *asked* are about.
    """
    return tuple(
        f"line {semantic.module.span(read).line} may read another {read.attr} than today"
        for read in _reads(semantic, lifetime)
        if not is_of_id(semantic, lifetime, read) or any(_KEYS[read.attr] in one for one in asked)
    )


def _is_in_a_header(semantic: SemanticModel, lifetime: Lifetime, node: ast.AST) -> bool:
    """Whether *node* will be evaluated outside of a block, and may be so behind another one."""
    return semantic.module.statement(node) in {site.statement for site in lifetime.sets}


def external_read_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, proposal: Proposal
) -> Refusal | None:
    """Refuse a proposal in whose blocks not all reads of ids stand."""
    wraps = [edit for edit in proposal.edits if isinstance(edit, Wrap)]
    blocks = [Block(w.path[:-1], *w.path[-1], w.stop) for w in wraps]
    for read in _reads(semantic, lifetime):
        path = semantic.module.paths[semantic.module.statement(read)]
        if not any(block.holds(path) for block in blocks) and not _is_before(
            path, lifetime, blocks
        ):
            return read_refusal(semantic, finding, read)
    return None


def read_refusal(semantic: SemanticModel, finding: Finding, read: ast.AST) -> Refusal:
    """Refuse what is read off the tracker: a block changes when that is set, or is there."""
    if getattr(read, "attr", "") == words.PENDING_FIELD:
        detail = f"{ast.unparse(read)} has what is not stored yet, and a block stores it at its end"
        refusal = refuse(semantic, finding, Reason.READS_STATE, detail, read)
        return replace(refusal, advice="look into the store, or end the context behind this place")
    detail = f"{ast.unparse(read)} depends on when the ids are set and reset"
    return refuse(semantic, finding, Reason.READS_STATE, detail, read)


def _is_before(path: Path, lifetime: Lifetime, blocks: list[Block]) -> bool:
    """Whether the statement at *path* runs behind the construction and before all *blocks*."""
    depth = len(lifetime.prefix)
    if path[:depth] != lifetime.prefix or len(path) <= depth:
        return False
    field, index = path[depth]
    return all(
        block.prefix == lifetime.prefix and block.field == field and index < block.start
        for block in blocks
    )


def _reads(semantic: SemanticModel, lifetime: Lifetime) -> Iterator[ast.Attribute]:
    for node in (semantic.module.parents[load] for load in lifetime.loads):
        known = is_of_id(semantic, lifetime, node) or may_be_asked(semantic, lifetime, node)
        if isinstance(node, ast.Attribute) and known:
            yield node


def frame_refusal(
    semantic: SemanticModel, finding: Finding, body: Sequence[ast.stmt], block: Block
) -> Refusal | None:
    """Refuse where what *block* of *body* calls looks into the variables of those who called it."""
    files = [one for one in semantic.elsewhere.mentioning(_OF_A_FRAME) if one is not None]
    files += [semantic] if semantic.module.mentions((_OF_A_FRAME,)) else []
    looking: set[ast.AST] = set()
    for module in (one.module for one in files):
        reads = (n for n in module.every(ast.Attribute) if n.attr == _OF_A_FRAME)
        looking.update(around for read in reads for around in module.ancestors(read))
    if not looking:
        return None
    for one in reachable_from(semantic.taint, body, block.start, block.stop):
        if one.node in looking:
            place = f"{one.taint.module.source.display}:{one.node.lineno}"
            detail = f"{one.node.name} ({place}) may reach the tracker in a frame, by its name"
            return refuse(semantic, finding, Reason.ESCAPES, detail, body[block.start])
    return None

"""The blocks that a proposal makes, by the names that they have and the functions they are in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.model.edit import Wrap
from codemods.model.options import MODULE
from codemods.model.question import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.edit import Header
    from codemods.model.proposal import Proposal

_OPERATION = f"{words.OPERATION_ARGUMENT}="


def blocks_of(semantic: SemanticModel, proposal: Proposal) -> tuple[Block, ...]:
    """Return the blocks of *proposal*: one for each function, whose blocks share a given name."""
    found: dict[str, Block] = {}
    for wrap in (edit for edit in proposal.edits if isinstance(edit, Wrap)):
        statement = semantic.statement_at(wrap.path)
        function = semantic.module.function_around(statement)
        module = ".".join(semantic.module.dotted)
        key = f"{module}:{function.name if function else MODULE}"
        line = semantic.module.span(statement).line
        found.setdefault(key, Block(operation(wrap.header), key, line))
    return tuple(found.values())


def operation(header: Header) -> str:
    """Return the operation that a block with *header* is given, "" for none."""
    named = [text for text in header.leading if text.startswith(_OPERATION)]
    if not named and _gives_batch_first(header):
        return ""
    texts = [text.removeprefix(_OPERATION) for text in named] or list(header.leading[:1])
    return next(_literals(texts), "")


def _gives_batch_first(header: Header) -> bool:
    """Whether the block is one of a batch, whose id comes first; it chooses from no names."""
    return header.function.endswith(words.BATCH_CONTEXT) and not header.names


def _literals(texts: list[str]) -> Iterator[str]:
    for text in texts:
        if text[:1] in ("'", '"'):
            yield str(ast.literal_eval(text))

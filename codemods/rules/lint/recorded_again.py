"""Recorded again: a call that its block records is recorded by hand as well.

What it does    Reports the recording.
Why             The block takes the call when it is made: the recording by hand adds nothing, and
                who reads it believes that it is needed.
Before          with ai_usage_context("receipt_reading") as tracker:
                    response = client.responses.create(model="gpt-4.1", input=text)
                    tracker.track_openai_completion(lambda: response)()
After           with ai_usage_context("receipt_reading") as tracker:
                    response = client.responses.create(model="gpt-4.1", input=text)
Safety          Reported here; ``migrate`` takes it away where it makes the block.
Severity        warning
Leaves alone    results of other functions, of clients that carry a tracker, and results that are
                changed; everything where the runtime is another one, which takes no calls itself
Guide           Step-by-Step Migration
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.rules.planning.replays import bodies, is_made_by_a_captured_call, replayed

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU017"
MESSAGE = "the block has recorded this call already"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the statements that record the result of a call which a block around both takes."""
    del told
    seen: set[ast.stmt] = set()
    for block, _, call, _ in semantic.context_calls:
        if not semantic.ours(semantic.imports.home_of(call)):
            continue  # other contexts take no call by themselves
        for body in bodies(semantic, block.body):
            for statement in body:
                if statement not in seen and _is_needless(semantic, body, statement):
                    seen.add(statement)
                    yield semantic.finding(CODE, statement, MESSAGE)


def _is_needless(semantic: SemanticModel, body: Sequence[ast.stmt], statement: ast.stmt) -> bool:
    found = replayed(statement)
    if found is None:
        return False
    _, result = found
    return is_made_by_a_captured_call(semantic, result, body, statement)

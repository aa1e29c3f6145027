"""Misspelt field: a context is given a name that is nearly one of its parameters.

What it does    Reports the keyword, with the parameter that it is nearly.
Why             A context keeps what it does not know as metadata: ``jobid=`` sets no job, and
                reports by job do not have the call.
Before          with ai_usage_context("receipt_reading", jobid=job) as tracker: ...
After           with ai_usage_context("receipt_reading", job_id=job) as tracker: ...
Safety          Reported and never rewritten: the records would be other ones from then on.
Leaves alone    other names, also those that one letter parts from a parameter: ``user_ip``,
                ``match_id``, ``job_ids``
Guide           Best Practices, 3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU014"
_PARAMETERS = (
    *words.SET_PARAMETERS,
    words.TRACKER_ARGUMENT,
    words.OPERATION_ARGUMENT,
    words.COUNT_ARGUMENT,
)
_VOWELS = "aeiou"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the keywords of contexts that are nearly parameters."""
    del told
    for _, _, call, _ in semantic.context_calls:
        for keyword in call.keywords:
            meant = _nearly(keyword.arg or "")
            if meant is not None and not _has(call, meant):
                message = f"{keyword.arg}= is kept as metadata: {meant}= is the parameter"
                yield semantic.finding(CODE, keyword, message)


def _has(call: ast.Call, name: str) -> bool:
    return any(keyword.arg == name for keyword in call.keywords)


def _nearly(name: str) -> str | None:
    """Return the parameter that *name* is a misspelling of."""
    if not name or name in _PARAMETERS:
        return None
    return next((one for one in _PARAMETERS if _plain(name) in _slips(_plain(one))), None)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _slips(word: str) -> Iterator[str]:
    """Yield *word*, and how it is mistyped into what is no other word: most slips may be one.

    Two letters are swapped, one is doubled, or a vowel inside is left out.
    """
    yield word
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at, letter in enumerate(word):
        yield word[:at] + letter + word[at:]
        if 0 < at < len(word) - 2 and letter in _VOWELS:
            yield word[:at] + word[at + 1 :]

"""Whether what an observed function gave back is an answer that no captured call has given.

A function may make captured calls and have its own answer from a client that is not captured;
and what it gives back may as well be made of captured answers: a dict of one, a sum of several.
What a provider's answer tells decides: its request id, its model, its tokens.
"""

from __future__ import annotations

from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Any

from tracker.instrumentation import deduplication
from tracker.instrumentation.providers.usage import model_of, request_id_of, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracker.records.metric import Call, Usage

#: Of so many calls every part is added up; of more, each one and all.
MAX_PARTS = 8
#: So many elements of a list are looked at.
MAX_ANSWERS = 1000


def answers_among(response: Any) -> Sequence[Any]:
    """Return the answers of *response*: a list's or a tuple's own, if any of them tells tokens."""
    if isinstance(response, list | tuple):
        found = {id(one): one for one in islice(response, MAX_ANSWERS) if _tells_tokens(one)}
        if found:
            return list(found.values())
    return (response,)


def is_unseen(response: Any, service: str, seen: Sequence[Call | None]) -> bool:
    """Return whether *response* is an answer of *service* beside those of the calls *seen*.

    ``None`` among them is a call that has not ended.  In doubt it is not: what is booked
    twice is wrong, too.
    """
    model = model_of(response)
    if model is None or not _tells_tokens(response):
        return False
    request_id = request_id_of(response)
    if deduplication.find(response, service, request_id) is not None:
        return False
    if request_id is not None:
        return True  # it was read from another HTTP response
    calls = [call for call in seen if call is not None]
    if len(calls) < len(seen):
        return False
    if all(call.service != service and call.model != model for call in calls):
        return True
    usage = usage_of(response)
    return not any(_is_sum(usage, part) for part in _parts([call.usage for call in calls]))


def _tells_tokens(response: Any) -> bool:
    usage = usage_of(response)
    return usage.input_tokens is not None or usage.output_tokens is not None


def _parts(known: Sequence[Usage]) -> Iterable[Sequence[Usage]]:
    if len(known) > MAX_PARTS:
        return [*([usage] for usage in known), known]
    sizes = range(1, len(known) + 1)
    return chain.from_iterable(combinations(known, size) for size in sizes)


def _is_sum(usage: Usage, part: Sequence[Usage]) -> bool:
    """Return whether *usage* is what *part* tells together, as far as it says anything."""
    inputs, outputs = usage.input_tokens, usage.output_tokens
    return (inputs is None or inputs == sum(one.input_tokens or 0 for one in part)) and (
        outputs is None or outputs == sum(one.output_tokens or 0 for one in part)
    )

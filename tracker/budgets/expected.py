"""What a call may cost, before it is made.

By the size of what is sent and by what it asks for (``max_tokens``); where it does not say how
much, by the dearest of the last calls of the same operation.  A guess that is wrong holds until the
call has ended.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tracker.budgets.limit import PICODOLLARS
from tracker.budgets.request_size import asked_for, tokens_sent
from tracker.records.arithmetic import default_arithmetic
from tracker.records.metric import Call, Usage
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.protocols import MetricOwner
    from tracker.records.metric import Metric

#: What is taken for the answer where nothing says how long it may be.
UNKNOWN_OUTPUT = 1024
#: Operations that answer with no tokens.
WITHOUT_OUTPUT = frozenset({"embedding"})
LAST_CALLS = 20
MOST_KINDS = 1000

#: Calls that are alike: the operation type, the service, the kind of call and the model.
Kind = tuple[str | None, str, str, str | None]
_lock = threading.RLock()
_last: OrderedDict[Kind, deque[tuple[int | None, int | None]]] = OrderedDict()


class Expected(NamedTuple):
    """What one call may cost, in picodollars, and whom it is booked to."""

    amount: int
    is_free: bool
    kind: Kind
    metric: Metric


def expect(
    record: PendingRecord, service: str, operation: str, model: object, options: Any
) -> Expected:
    """Return what the call that *options* describe may cost."""
    body = getattr(options, "json_data", None)
    body = body if isinstance(body, dict) else {}
    extra = getattr(options, "extra_json", None)
    if isinstance(extra, dict):
        body = {**body, **extra}
    named = model if isinstance(model, str) else None
    kind = (_text(record.state.context.get("operation_type")), service, operation, named)
    known = tuple(_last.get(kind, ()))
    outputs = asked_for(body)
    says = outputs is not None or operation in WITHOUT_OUTPUT
    if outputs is None:
        outputs = 0 if operation in WITHOUT_OUTPUT else _most(known, 0, UNKNOWN_OUTPUT)
    inputs = tokens_sent(body, named)
    probe = opened(record.owner, record.node, record.state)
    probe.base_url = record.base_url
    probe.unbilled = record.unbilled
    probe.call = Call(service, operation, named, Usage(inputs, outputs, inputs + outputs))
    metric = cast("MetricOwner", record.owner).priced(probe)
    cost = metric.list_cost_usd if metric.list_cost_usd is not None else metric.cost_usd
    amount = None if cost is None else int(default_arithmetic().multiply(cost, PICODOLLARS))
    if amount is None or not says:
        amount = max(amount or 0, _most(known, 1, 0))
    return Expected(amount, metric.price_basis == "free", kind, metric)


def learn(kind: Kind, outputs: int | None, cost: int | None) -> None:
    """Note what a call of *kind* came to."""
    if outputs is None and cost is None:
        return
    with _lock:
        _last.setdefault(kind, deque(maxlen=LAST_CALLS)).append((outputs, cost))
        _last.move_to_end(kind)
        if len(_last) > MOST_KINDS:
            _last.popitem(last=False)


def forget() -> None:
    """Forget the last calls, for tests."""
    _last.clear()


def _most(known: Iterable[tuple[int | None, int | None]], which: int, otherwise: int) -> int:
    return max((told for one in known if (told := one[which]) is not None), default=otherwise)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

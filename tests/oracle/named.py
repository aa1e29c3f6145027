"""Whether what ``--unsafe`` changed of a program is what the conditions of its rewrites say.

A condition that names ids is about these, and one that names none about all of them.  Few are about
more than who a call belongs to: what they are told by stands in ``_MORE``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_IDS = {"job_id": "job", "batch_id": "batch", "user_id": "user", "github_pr": "pr"}
_ID = re.compile(rf"\b(?:{'|'.join(_IDS)})\b")
#: Said of trackers that would inherit whatever a block has; the code of a header may name others.
_ALL = re.compile(r"\bids\b")
_METRICS = "metrics: "
#: What a condition says, and what else than ids may differ with it.
_MORE = (
    # Without it, nothing of the file runs; or its import fails where it stands, and is caught.
    ("you add what is missing before this runs", ("error", "output", "lost metrics")),
    ("does where it is given a tracker is what it is to do here", ("output", "error")),
    ("than today", ("output",)),
    ("need not be evaluated", ("error", "output", "new metrics", "lost metrics")),
    ("is never None where its block begins", ("error", "output", "new metrics", "lost metrics")),
)


def is_named(what: str, conditions: Collection[str]) -> bool:
    """Whether *what* differs, in the words of ``difference``, is what *conditions* speak of."""
    if what.startswith(_METRICS):
        columns = set(what.removeprefix(_METRICS).split())
        if "batch" in columns:
            columns.discard("price")  # a call that comes into a batch has the batch's price
        return bool(columns) and columns <= {c for one in conditions for c in _columns(one)}
    told = (kinds for text, kinds in _MORE for one in conditions if text in one)
    return any(what.startswith(kinds) for kinds in told)


def _columns(condition: str) -> Collection[str]:
    if _ALL.search(condition):
        return _IDS.values()
    found = [_IDS[name] for name in _ID.findall(condition)]
    return found or _IDS.values()

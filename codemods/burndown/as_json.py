"""The status as a document for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codemods.burndown.records import Counts, Row, Status

VERSION = 1


def render(status: Status) -> str:
    """Return the whole document.

    Numbers are counts, ``dollars`` US dollars and ``share`` from 0 to 1; times are ISO 8601.
    """
    return json.dumps(document(status), indent=2, ensure_ascii=True) + "\n"


def document(status: Status) -> dict[str, Any]:
    """Return what the document holds; parts that nobody asked for are null."""
    points = status.history
    return {
        "version": VERSION,
        "whole": _row(status.whole),
        "folders": [_row(row) for row in status.folders],
        "owners": [_row(row) for row in status.owners],
        "history": None
        if points is None
        else [
            {"commit": p.commit, "when": p.when.isoformat(), **_counts(p.counts)} for p in points
        ],
        "pace": None
        if status.pace is None
        else {
            "a_week": status.pace.a_week,
            "days": status.pace.days,
            "done": status.pace.done and status.pace.done.isoformat(),
        },
        "money": None if status.money is None else asdict(status.money),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        **_counts(row.counts),
        "files": row.files,
        "ready": row.ready,
        "refused": row.refused,
        "reasons": dict(row.reasons),
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "legacy": counts.legacy,
        "contexts": counts.contexts,
        "unread": counts.unread,
        "share": counts.share,
    }

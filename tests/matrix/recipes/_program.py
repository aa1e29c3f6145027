"""Runs in an entry's environment: its recipe, and what was recorded of it.

``python -m matrix.recipes._program NAME``
"""

from __future__ import annotations

import os
import sys
import traceback

from matrix import results
from matrix.catalogue import load
from matrix.frameworks._case import MODEL
from matrix.frameworks._server import serving
from matrix.recipes import sections


def main(name: str) -> int:
    """Run the recipe of the entry *name*."""
    entry = load("recipes", name)
    with serving() as server:
        os.environ |= {
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_BASE": server.base_url,
            "OPENAI_API_KEY": "sk-not-a-key",
        }
        trouble = None
        try:
            trouble = judged(entry)
            if trouble is None and not server.answers:
                trouble = "the server was not asked"
        except Exception:  # noqa: BLE001 - whatever a package raises is told
            trouble = " | ".join(traceback.format_exc().strip().splitlines()[-8:])
    results.tell({"cell": entry.HEADING, "trouble": trouble})
    return 0


def judged(entry: object) -> str | None:
    """Return how the records of *entry*'s recipe differ from what is due, if they do."""
    import openai

    import tracker
    from tracker.propagate import extract, inject
    from tracker.testing import capture

    names = {
        "ai_usage_context": tracker.ai_usage_context,
        "ai_usage_tracked": tracker.ai_usage_tracked,
        "asking": lambda text: {"model": MODEL, "messages": [{"role": "user", "content": text}]},
        "client": openai.OpenAI(),
        "extract": extract,
        "inject": inject,
    }
    code = sections()[entry.HEADING]  # type: ignore[attr-defined]
    with capture() as metrics:
        exec(code, names)
        due = entry.run(names)  # type: ignore[attr-defined]
        found = [metric.job_id for metric in metrics]
    return None if found == due else f"due are {due}, recorded are {found}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Celery: a task of a real worker, whose message took the ids along."""

from __future__ import annotations

from typing import Any

REQUIREMENTS = ("celery", "pytest")
HEADING = "Celery"


def run(names: dict[str, Any]) -> list[str]:
    """Send two tasks through a broker in memory, to a worker in another thread."""
    from celery.contrib.testing.worker import start_worker

    app = names["celery_app"]
    app.conf.update(broker_url="memory://", result_backend="cache+memory://")
    with start_worker(app, perform_ping_check=False, pool="solo"):
        sent = [names["sent_to_celery"](text) for text in ("one", "two")]
        assert all(result.get(timeout=60) for result in sent)
    return ["celery"] * 2

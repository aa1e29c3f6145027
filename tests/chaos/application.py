"""What the servers, pools and functions of the chaos test run: small, recorded pieces of work.

A job's name says how it records: ``block`` leaves a block, ``loop`` leaves one in an event loop
that ends, ``open`` makes a call in a block that nobody leaves.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import tracker
from tests.chaos.program import configure, tokens
from tracker.sinks import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FOLDER_VARIABLE = "CHAOS_FOLDER"
STORE_VARIABLE = "CHAOS_STORE"
#: Where Celery's tasks tell of jobs that are done: a pipe with a name.
TOLD_VARIABLE = "CHAOS_TOLD"
_left_open: list[Any] = []


def prepare() -> None:
    """Choose the stores that the environment names."""
    registry.KNOWN["remote"] = registry.Known("tests.chaos.remote:from_environment")
    if folder := os.environ.get(FOLDER_VARIABLE):
        configure(os.environ[STORE_VARIABLE], Path(folder))


prepare()


def call(used: tracker.AIUsageTracker, job: str) -> None:
    """Make the call of *job*."""
    usage = {"input_tokens": tokens(job), "output_tokens": 1}
    response: Any = SimpleNamespace(model="gpt-4o-mini", usage=usage)
    used.track_openai_completion(lambda: response)()


def block(job: str) -> None:
    """Record in a block, and leave it."""
    with tracker.ai_usage_context("op", job_id=job, stage=job) as used:
        call(used, job)


async def step_7(job: str) -> None:
    """Record as the guide's step 7 does: in a block that a coroutine leaves by a plain ``with``."""
    with tracker.ai_usage_context("async_processing", job_id=job, stage=job) as used:
        await asyncio.sleep(0)
        call(used, job)


async def awaited(job: str) -> None:
    """Record in a block that waits for its records without blocking the loop."""
    async with tracker.ai_usage_context("op", job_id=job, stage=job) as used:
        call(used, job)


def kept_open(job: str) -> None:
    """Make a call in a block that nobody leaves: the end of the process has to store it."""
    opened = tracker.ai_usage_context("op", job_id=job, stage=job)
    _left_open.append(opened)
    call(opened.__enter__(), job)
    # Whoever comes next in this thread is in no block.
    tracker.set_current_context(None)


def work(job: str) -> str:
    """Do *job*, in the way that its name says; return its name."""
    kinds: dict[str, Callable[[str], object]] = {
        "block": block,
        "loop": lambda job: asyncio.run(step_7(job)),
        "open": kept_open,
    }
    kinds[job.rpartition("/")[2].partition("-")[0]](job)
    return job


def work_all(jobs: Iterable[str]) -> None:
    """Do each of *jobs*."""
    for job in jobs:
        work(job)


def in_block_around(job: str) -> str:
    """Make a call in the block that was open when this process was forked; return its name."""
    node = tracker.context.scope.current()  # type: ignore[attr-defined]
    node.tracker.add_context_metadata({"stage": job})
    node.tracker.set_tracking_context(job_id=job)
    call(node.tracker, job)
    return job


def wsgi(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Do the job that the path names."""
    work(environ["PATH_INFO"][1:])
    start_response("200 OK", [("Content-Length", "0")])
    return []


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Do the job that the path names, in the loop or in one of its threads."""
    if scope["type"] == "lifespan":
        told = ""
        while not told.endswith("shutdown"):
            told = (await receive())["type"]
            await send({"type": f"{told}.complete"})
        return
    job = scope["path"][1:]
    kind = job.rpartition("/")[2].partition("-")[0]
    if kind == "block":
        await asyncio.to_thread(block, job)
    else:
        await (step_7(job) if kind == "loop" else awaited(job))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def celery_app() -> Any:
    """Return a Celery application whose broker is a folder, with one task: a job."""
    from celery import Celery

    folder = Path(os.environ[FOLDER_VARIABLE], "broker", os.environ["CHAOS_NUMBER"])
    folder.mkdir(parents=True, exist_ok=True)
    app = Celery("chaos", broker="filesystem://")
    app.conf.broker_transport_options = {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
    }
    app.conf.update(worker_max_tasks_per_child=3, task_ignore_result=True)

    @app.task(name="job")
    def job(name: str) -> None:
        work(name)
        pipe = os.open(os.environ[TOLD_VARIABLE], os.O_WRONLY)
        os.write(pipe, json.dumps(name).encode() + b"\n")
        os.close(pipe)

    return app

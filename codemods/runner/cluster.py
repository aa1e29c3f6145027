"""Work on the files of a run on the workers of a Dask cluster: the same outcomes, in order.

Workers read the other files of the project where they are, so they must see the folder of the
run as it is here, and have the same version of this tool; both is found out, and not assumed.
A worker that dies has its files done by another one; a file that every worker dies of is
reported as failed.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from concurrent.futures import CancelledError
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import Client, Future, KilledWorker

import codemods
from codemods.model.outcome import Failed
from codemods.model.progress import Progress, nothing_told
from codemods.runner.errors import ClusterError
from codemods.runner.worker import chunks, prepared, worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.linking.links import Project
    from codemods.model.outcome import FileOutcome
    from codemods.model.source import SourceFile
    from codemods.runner.run import Run

    Work = Callable[[Project, SourceFile], FileOutcome]

#: How long a scheduler, and then a first worker, may take to answer, in seconds.
_PATIENCE = 15
#: The analysis is not made for two threads, and a worker may have several.
_one_at_a_time = threading.Lock()


def outcomes(
    run: Run,
    work: Work,
    sources: Sequence[SourceFile],
    address: str,
    progress: Progress = nothing_told,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, worked on by the cluster at *address*.

    Raises ClusterError: nobody answers there, or the workers cannot do it.
    """
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        _require_same_tool(client, address)
        return _outcomes(client, run, work, sources, progress)


def _require_same_tool(client: Client, address: str) -> None:
    try:
        # A cluster that grows with its work, or whose workers start again, has none at times.
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise ClusterError(f"the cluster at {address} has no workers; start one") from None
    # One that dies now is asked no more; those that take its place are asked where they work.
    answers = client.run(tool_digest, on_error="return").values()
    for answer in (one for one in answers if not isinstance(one, OSError)):
        if isinstance(answer, Exception):
            raise _cannot_run(answer)
        if answer != tool_digest():
            raise ClusterError(f"the workers of {address} have another version of this tool")


def _cannot_run(error: Exception) -> ClusterError:
    message = f"the workers cannot run this tool ({type(error).__name__}: {error})"
    return ClusterError(f"{message}; install ai-usage-suite there")


@cache
def tool_digest() -> str:
    """Return what identifies the code of this tool, as it is installed here."""
    digest = hashlib.sha256()
    home = Path(codemods.__file__).parent
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _outcomes(
    client: Client, run: Run, work: Work, sources: Sequence[SourceFile], progress: Progress
) -> list[FileOutcome]:
    cores = sum(client.nthreads().values()) or 1
    pieces = [[sources[i] for i in chunk] for chunk in chunks(len(sources), cores)]
    given = _given(client, run, work, pieces)
    done: list[list[FileOutcome] | None] = []
    for future in given:
        done.append(_result(future))
        progress(sum(map(len, pieces[: len(done)])), len(sources))
    return [
        outcome
        for piece, outcomes in zip(pieces, done, strict=True)
        for outcome in outcomes or (_alone(client, run, work, source) for source in piece)
    ]


def _given(
    client: Client, run: Run, work: Work, pieces: Sequence[Sequence[SourceFile]]
) -> list[Future[list[FileOutcome]]]:
    """Give *pieces* to the cluster, and return what their outcomes will be.

    These are the client's own futures: those of its executor (distributed 2026.8) are never done,
    or raise what nothing raised, if the worker that has a result dies while it is read.
    """
    # The record is a task of its own: a worker that dies with it has it made anew.
    shared = client.submit(_handed, run, run.digest, tool_digest(), pure=False)
    return [client.submit(partial(_work_on, work), shared, piece, pure=False) for piece in pieces]


def _result(future: Future[list[FileOutcome]]) -> list[FileOutcome] | None:
    """Return the outcomes of a piece, or None if the workers died that had it, or the record."""
    try:
        return future.result()
    except CancelledError:
        raise ClusterError("the scheduler ended, or gave the work up, during the run") from None
    except KilledWorker:
        return None
    except (ImportError, OSError) as error:  # of a worker that joined since
        raise _cannot_run(error) from None


def _alone(client: Client, run: Run, work: Work, source: SourceFile) -> FileOutcome:
    """Return the outcome of *source* while no other file is worked on, whose fault it could be."""
    [future] = _given(client, run, work, [[source]])
    outcomes = _result(future)
    if outcomes is None:
        message = "every worker that worked on it ended before it was done"
        advice = "have they enough memory? --jobs 1 shows what it dies of; or leave the file out"
        return Failed(source.display, "analyse", message, advice)
    return outcomes[0]


def _handed(run: Run, files: str, tool: str) -> tuple[Run, str, str]:
    return run, files, tool


def _work_on(
    work: Work, shared: tuple[Run, str, str], sources: Sequence[SourceFile]
) -> list[FileOutcome]:
    """Return the outcomes of *sources*, on a worker."""
    run, files, tool = shared
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Asked on each worker: it may have joined the cluster since the first look.
        if tool_digest() != tool:
            raise ClusterError("a worker that joined has another version of this tool")
        if run.digest != files:
            folder = run.options.cwd
            raise ClusterError(f"a worker does not see the files of {folder} as they are here")
        one = prepared(worker(run, work), len(run.candidates))
        return [one(source) for source in sources]

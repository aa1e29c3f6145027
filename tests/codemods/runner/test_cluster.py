"""A run on a Dask cluster gives the report of one process, whatever becomes of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dask
import pytest
from distributed import Client, Future, LocalCluster

from codemods.model.options import Options
from codemods.model.outcome import Failed, FileOutcome, Untouched
from codemods.model.progress import nothing_told
from codemods.project.config import Tables
from codemods.project.discovery import DiscoveredFile, discover
from codemods.runner import cluster
from codemods.runner.candidates import scan
from codemods.runner.errors import ClusterError
from codemods.runner.run import Run
from tests.patience import PATIENCE, joined
from tests.warm import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.linking.links import Project
    from codemods.model.source import SourceFile

ROOT = Path(__file__).parents[3]
LEGACY = """from tracker.ai_usage_tracker import AIUsageTracker
from helpers{0} import ask

def work_{0}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="{0}")
    return ask(text, tracker)
"""
HELPER = "def ask(text, tracker):\n    return tracker.openai().responses.create(input=text)\n"


#: Runs a command that waits for the cluster as long as it takes.
PATIENT = f"""
import sys
from codemods import migrate
from codemods.runner import cluster
cluster._PATIENCE = {PATIENCE}
sys.exit(migrate.main(sys.argv[1:]))
"""


class Kept:
    """A worker of two threads: whenever its process has died, another one takes its place.

    Dask's own nannies are not used. One whose worker dies before it has told that it is ready, as
    one does that is given the wrong file at once, may wait for it for ever (distributed 2026.8).
    """

    def __init__(self, address: str) -> None:
        self._command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
        self._command += ["--no-nanny", "--nthreads", "2", "--no-dashboard"]
        # They have this module, as pytest calls it: the work is named in it.
        found = (str(Path(__file__).parent), str(ROOT), os.environ.get("PYTHONPATH"))
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))}
        self._lock = threading.Lock()
        self._is_over = False
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        while True:
            with self._lock:
                if self._is_over:
                    return
                self._process = subprocess.Popen(
                    self._command, env=self._environment, stderr=subprocess.DEVNULL
                )
            self._process.wait()

    def end(self) -> None:
        """End it for good."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.kill()
        joined(self._thread)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two workers, each a process with two threads, that are started again when they die."""
    # A file is given up when the second worker died of it.
    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "temporary-directory": str(tmp_path_factory.mktemp("workers")),
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp", dashboard_address=":0"
        ) as started,
        ExitStack() as stack,
    ):
        for _ in range(2):
            stack.callback(Kept(started.scheduler_address).end)
        yield started.scheduler_address


@pytest.fixture
def address(workers: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where both are, also those that take the place of what an earlier test killed."""
    monkeypatch.setattr(cluster, "_PATIENCE", PATIENCE)
    with Client(workers) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
    return workers


def legacy_tree(folder: Path, files: int) -> None:
    """Make a project in which every file has legacy code and a helper of its own."""
    (folder / "pyproject.toml").write_text("")
    for number in range(files):
        (folder / f"work{number}.py").write_text(LEGACY.format(number))
        (folder / f"helpers{number}.py").write_text(HELPER)


def run(folder: Path, *arguments: str) -> tuple[bytes, bytes, int]:
    """Run the migration; return what it printed, its errors and its status."""
    start = ["-c", PATIENT] if "--executor" in arguments else ["-m", "codemods.migrate"]
    command = [sys.executable, *start, "--check", *arguments, "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = run_command(command, folder, environment)
    return done.stdout, done.stderr, done.returncode


def seen(project: Project, source: SourceFile) -> FileOutcome:
    """Do nothing but say that the file was there."""
    del project
    return Untouched(f"{source.display} seen")


def dies_once(project: Project, source: SourceFile) -> FileOutcome:
    """Kill the worker of one file, the first time that it is worked on."""
    del project
    mark = source.path.with_suffix(".died")
    if source.display == "work3.py" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Untouched(f"{source.display} seen")


def dies_always(project: Project, source: SourceFile) -> FileOutcome:
    """Kill whoever works on one of the files."""
    del project
    if source.display == "work3.py":
        os.kill(os.getpid(), signal.SIGKILL)
    return Untouched(f"{source.display} seen")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_report_is_that_of_one_process(tmp_path: Path, address: str, form: str) -> None:
    """The cluster's report is the same byte for byte, and so is the status."""
    legacy_tree(tmp_path, 9)
    alone = run(tmp_path, "--format", form, "--jobs", "1")
    assert run(tmp_path, "--format", form, "--executor", f"dask={address}") == alone
    assert b"work8.py" in alone[0]


def test_a_cluster_that_nobody_answers_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without a scheduler ends the run with status 2 and says so."""
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with pytest.raises(ClusterError, match="no Dask scheduler answers"):
        cluster.outcomes(made_run(tmp_path), dies_once, [], "tcp://127.0.0.1:9")


@pytest.mark.parametrize("given", ["dask", "dask=", "slurm=here", "=x"])
def test_another_executor_is_refused(tmp_path: Path, given: str) -> None:
    """What is no address of a Dask cluster is a mistake of the command line."""
    _, error, status = run(tmp_path, "--executor", given)
    assert status == 2
    assert b"write dask=ADDRESS" in error


def made_run(folder: Path) -> Run:
    """Return the record of a run over *folder*."""
    found = scan(discover([Path()], folder), nothing_told)
    named = [DiscoveredFile(str(source.path), source.display) for source in found.candidates]
    files = (*named, *found.others)
    return Run(Options((Path(),), folder), Tables(folder), files, found.candidates)


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, address: str) -> None:
    """Another worker does what a dead one had; the order is that of the files."""
    legacy_tree(tmp_path, 7)
    made = made_run(tmp_path)
    done = cluster.outcomes(made, dies_once, made.candidates, address)
    assert [outcome.path for outcome in done] == [f"{s.display} seen" for s in made.candidates]
    assert (tmp_path / "work3.died").exists()


def test_a_result_is_read_though_its_worker_dies_then(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the cluster loses a result in the moment in which it arrives here changes nothing."""
    gather = Client._gather

    async def lost_then(client: Client, futures: list[Future], **options: object) -> object:
        result = await gather(client, futures, **options)
        for future in futures:
            future._state.lose()
        return result

    monkeypatch.setattr(Client, "_gather", lost_then)
    legacy_tree(tmp_path, 5)
    made = made_run(tmp_path)
    done = cluster.outcomes(made, seen, made.candidates, address)
    assert [outcome.path for outcome in done] == [f"{s.display} seen" for s in made.candidates]


def test_a_worker_that_dies_when_it_is_asked_costs_nothing(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have answered for the version; what takes its place is asked where it works."""
    legacy_tree(tmp_path, 3)
    made = made_run(tmp_path)
    mark = tmp_path / "asked.died"
    asked = partial(dies_when_asked, mark, os.getpid(), cluster.tool_digest())
    monkeypatch.setattr(cluster, "tool_digest", asked)
    done = cluster.outcomes(made, seen, made.candidates, address)
    assert [outcome.path for outcome in done] == [f"{s.display} seen" for s in made.candidates]
    assert mark.exists()


def dies_when_asked(mark: Path, here: int, digest: str) -> str:
    """Kill the first worker that is asked for the version of the tool."""
    if os.getpid() != here:
        with suppress(FileExistsError):
            mark.touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
    return digest


def test_those_beside_a_file_that_workers_die_of_are_not_blamed(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was given out with it is tried while nothing else runs, and is done."""
    monkeypatch.setattr(cluster, "chunks", lambda count, jobs: [range(count)])
    legacy_tree(tmp_path, 5)
    made = made_run(tmp_path)
    done = cluster.outcomes(made, dies_always, made.candidates, address)
    assert [o.path for o in done if isinstance(o, Failed)] == ["work3.py"]
    assert sum(isinstance(o, Untouched) for o in done) == 4


def test_a_file_that_every_worker_dies_of_is_named(tmp_path: Path, address: str) -> None:
    """Such a file is reported as failed, and takes no other one along."""
    legacy_tree(tmp_path, 5)
    made = made_run(tmp_path)
    done = cluster.outcomes(made, dies_always, made.candidates, address)
    assert [o.path for o in done if isinstance(o, Failed)] == ["work3.py"]
    assert sum(isinstance(o, Untouched) for o in done) == 4


def test_workers_that_see_other_files_are_refused(tmp_path: Path, address: str) -> None:
    """A worker where a file of the project reads otherwise does nothing, be it as long."""
    legacy_tree(tmp_path, 3)
    made = made_run(tmp_path)
    assert made.digest
    (tmp_path / "helpers1.py").write_text(HELPER.replace("ask", "tel"))
    with pytest.raises(ClusterError, match="does not see the files"):
        cluster.outcomes(made, dies_once, made.candidates, address)


def test_workers_with_another_version_are_refused(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose code of this tool differs is not given any file."""
    legacy_tree(tmp_path, 3)
    made = made_run(tmp_path)
    with Client(address) as client:
        client.run(cluster.tool_digest.cache_clear)
    monkeypatch.setattr(cluster, "tool_digest", other_digest)
    with pytest.raises(ClusterError, match="another version"):
        cluster.outcomes(made, dies_once, made.candidates, address)


def test_a_worker_that_joins_with_another_version_is_refused(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked of the first workers is asked again where the work is done."""
    legacy_tree(tmp_path, 3)
    made = made_run(tmp_path)
    monkeypatch.setattr(cluster, "_require_same_tool", lambda client, address: None)
    monkeypatch.setattr(cluster, "tool_digest", other_digest)
    with pytest.raises(ClusterError, match="that joined has another version"):
        cluster.outcomes(made, dies_once, made.candidates, address)


def other_digest() -> str:
    """Return something else in every process."""
    return str(os.getpid())

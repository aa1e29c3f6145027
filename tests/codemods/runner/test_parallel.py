"""Several processes do what one does, and a process that dies costs one file."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.model.frozen import replace
from codemods.model.outcome import Failed, FileOutcome, Untouched
from codemods.model.source import SourceFile
from codemods.runner import many_files, parallel, worker
from codemods.runner.many_files import processes

if TYPE_CHECKING:
    from codemods.linking.shares import Gathering, Share

ROOT = Path(__file__).parents[3]
LEGACY = """from tracker.ai_usage_tracker import AIUsageTracker
from helpers{0} import ask

def work_{0}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="{0}")
    return ask(text, tracker)
"""
HELPER = "def ask(text, tracker):\n    return tracker.openai().responses.create(input=text)\n"


#: A test that puts a function in the place of the tracker's set call.
REPLACING = """import work{0}
from tracker.ai_usage_tracker import AIUsageTracker

def test_work(monkeypatch):
    monkeypatch.setattr(AIUsageTracker, "set_tracking_context", lambda self, **ids: None)
    work{0}.work_{0}("text")
"""


def source(name: str) -> SourceFile:
    """Return an empty file of that name."""
    return SourceFile(Path("/") / name, name, b"", "", "utf-8", False, "\n", "")


def untouched(given: SourceFile) -> FileOutcome:
    """Find nothing in a file, but die of one that is called so."""
    if given.display.startswith("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    return Untouched(f"{given.display} seen")


def gathering(how: str) -> worker.Worker:
    """Return what tells its number twice, but for the second process, which may do otherwise."""
    told: list[list[int]] = []

    def gather(share: Share) -> Gathering:
        for _ in range(2):
            if share.number == 1 and len(told) == 1 and how == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if share.number == 1 and len(told) == 1 and how == "leaves":
                return
            told.append((yield share.number))

    return worker.Worker(lambda _: Untouched(str(told)), gather)


def gathered(how: str) -> list[str]:
    """Return what each file's process was told by both, where the second one does as *how* says."""
    sources = [source(f"{number}.py") for number in range(12)]
    done = parallel.outcomes(partial(gathering, how), sources, 2)
    return sorted({outcome.path for outcome in done})


DEADLY: tuple[str, ...] = ("", "a", "ak", "klm")
SHUFFLED = random.Random(7).sample([f"{number}.py" for number in range(200)], 200)
#: Prints what becomes of lists of files.  Beside the threads of a test process none is forked.
PROGRAM = f"""
import json, sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[3])]}
from test_parallel import gathered, told
ends = [told(names, jobs) for names, jobs in json.loads(sys.stdin.read())]
print(json.dumps([*ends, *map(gathered, ("tells", "dies", "leaves"))]))
"""


def names_of(deadly: str) -> list[str]:
    """Return the names of files, of which those with a letter of *deadly* are so."""
    return [f"deadly {c}.py" if c in deadly else f"{c}.py" for c in "abcdefghijklm"]


def told(names: list[str], jobs: int) -> list[tuple[str, bool]]:
    """Return what the outcome of each file names, and whether it failed."""
    done = parallel.outcomes(maker, [source(name) for name in names], jobs)
    return [(outcome.path, isinstance(outcome, Failed)) for outcome in done]


@pytest.fixture(scope="module")
def ends() -> list[list[list[object]]]:
    """Return what becomes of the files of each of DEADLY, and of those that are shuffled."""
    asked = [*((names_of(deadly), 2) for deadly in DEADLY), (SHUFFLED, 4)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[list[object]]] = json.loads(done.stdout)
    return found


def maker() -> worker.Worker:
    """Return the work, as each process is given it."""
    return worker.Worker(untouched)


def legacy_tree(folder: Path, files: int) -> None:
    """Make a project in which every file has legacy code and a helper of its own."""
    (folder / "pyproject.toml").write_text("")
    for number in range(files):
        (folder / f"work{number}.py").write_text(LEGACY.format(number))
        (folder / f"helpers{number}.py").write_text(HELPER)


def run(folder: Path, *arguments: str, seed: str) -> subprocess.CompletedProcess[bytes]:
    """Run the migration, with that order of the interpreter's sets."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "codemods.migrate", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_report_is_the_same_however_many_work_on_it(tmp_path: Path, form: str) -> None:
    """One process and three give the same report, byte for byte, and the same status."""
    legacy_tree(tmp_path, 7)
    one = run(tmp_path, "--check", "--format", form, "--jobs", "1", ".", seed="1")
    three = run(tmp_path, "--check", "--format", form, "--jobs", "3", ".", seed="2")
    assert (three.stdout, three.stderr, three.returncode) == (
        one.stdout,
        one.stderr,
        one.returncode,
    )
    assert one.stdout.count(b"work6.py") > 0


def test_a_method_replaced_in_another_file_is_told_to_all(tmp_path: Path) -> None:
    """A file whose tests replace a set call is left alone, whichever process reads those."""
    legacy_tree(tmp_path, 7)
    for number in range(0, 7, 2):
        (tmp_path / f"test_work{number}.py").write_text(REPLACING.format(number))
    said = [
        run(tmp_path, "--check", "--jobs", jobs, ".", seed=jobs).stdout.decode()
        for jobs in ("1", "2", "3")
    ]
    assert said[1:] == said[:1] * 2
    assert said[0].count("refused: tests-the-tracker") == 4
    assert said[0].count("test_work4.py:") == 1


def test_what_several_processes_rewrite_is_written(tmp_path: Path) -> None:
    """Files are written as one process writes them."""
    texts = []
    for jobs in ("1", "3"):
        folder = tmp_path / jobs
        folder.mkdir()
        legacy_tree(folder, 6)
        assert run(folder, "--jobs", jobs, ".", seed=jobs).returncode == 0
        texts.append([path.read_text() for path in sorted(folder.glob("work*.py"))])
    assert texts[0] == texts[1]
    assert all("with ai_usage_context" in text for text in texts[0])


@pytest.mark.parametrize("number", range(len(DEADLY)))
def test_a_process_that_dies_costs_its_file(number: int, ends: list[list[list[object]]]) -> None:
    """The files whose process dies are named as failed; all others are as without them."""
    names = names_of(DEADLY[number])
    assert ends[number] == [
        [name, True] if name.startswith("deadly") else [f"{name} seen", False] for name in names
    ]


def test_processes_that_are_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process cannot be forked, each new one makes for itself what does the work."""
    monkeypatch.setattr(parallel, "_may_fork", lambda: False)
    names = [f"{number}.py" for number in range(5)]
    done = parallel.outcomes(maker, [source(name) for name in names], 2)
    assert [outcome.path for outcome in done] == [f"{name} seen" for name in names]


def test_processes_tell_each_other_what_they_find(ends: list[list[list[object]]]) -> None:
    """In each round every process has what all have found, in the order of their numbers."""
    assert ends[-3] == ["[[0, 1], [0, 1]]"]


@pytest.mark.parametrize("number", [-2, -1])
def test_a_process_that_leaves_a_round(number: int, ends: list[list[list[object]]]) -> None:
    """Where one dies or gives up before all is told, all files are done with what was told."""
    assert ends[number] == ["[[0, 1]]"]


@given(sizes=st.lists(st.integers(0, 50)), count=st.integers(1, 9))
def test_shares_hold_every_file_once(sizes: list[int], count: int) -> None:
    """There is a share for each process, and each file is in one of them, in order."""
    texts = [replace(source(f"{at}.py"), text="x" * size) for at, size in enumerate(sizes)]
    found = worker.parts(texts, count)
    assert len(found) == count
    assert [index for part in found for index in part] == list(range(len(sizes)))


@given(files=st.integers(0, 400), jobs=st.integers(2, 9))
def test_chunks_hold_every_file_once(files: int, jobs: int) -> None:
    """However many files and processes, each file is in one chunk, in order."""
    chunks = list(worker.chunks(files, jobs))
    assert [index for chunk in chunks for index in chunk] == list(range(files))


@given(
    asked=st.none() | st.integers(1, 64),
    files=st.integers(0, 10_000),
    there=st.integers(1, 64),
    each=st.integers(1, 10),
)
def test_no_process_is_without_work(asked: int | None, files: int, there: int, each: int) -> None:
    """There is at least one process, never more than files, and as many as were asked for.

    Where nobody asks, each has some files at least, and there are no more than processors.
    """
    with (
        patch.object(many_files, "processors", lambda: there),
        patch.object(many_files, "_FILES_A_PROCESS", each),
    ):
        count = processes(asked, files)
    assert 1 <= count <= max(1, files)
    if asked is None:
        assert count == max(1, min(there, files // each))
    else:
        assert count == max(1, min(asked, files))


def test_the_order_of_files_is_kept(ends: list[list[list[object]]]) -> None:
    """Outcomes come in the order of the files, whichever process is done first."""
    assert ends[len(DEADLY)] == [[f"{name} seen", False] for name in SHUFFLED]

"""Runs that remember: what a later one says is what it would say without a memory."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codemods import lint, migrate
from codemods.cache import memory, replay
from codemods.cache.frame import DamagedError
from codemods.cache.record import decoded, encoded
from codemods.cache.replay import FOLDER
from codemods.cache.store import Store
from tests.warm import run_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.model.outcome import RunReport

ROOT = Path(__file__).resolve().parents[2]
#: In one process: beside the threads of a test process others are not forked, but begin anew.
ALONE = ("--jobs", "1")
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker)
"""
OURS = """\
from tracker.ai_usage_tracker import AIUsageTracker


class Ours(AIUsageTracker):
    pass
"""
PLAIN = OURS.replace("(AIUsageTracker)", "(BaseException)")
USING = """\
from app.ours import Ours


def read(text):
    tracker = Ours()
    tracker.set_tracking_context(job_id="read-1")
    return text, tracker
"""
#: A minute: what was written before a run is old enough for it.
LATER = 60_000_000_000


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with some legacy files, in which runs are started; its files seem old."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    for number in range(memory.LEAST_FILES):
        folder = tmp_path / f"app/part{number % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"m{number}.py").write_text(f"x = {number}\n")
    (tmp_path / "app/old.py").write_text(LEGACY)
    (tmp_path / "app/ours.py").write_text(OURS)
    (tmp_path / "app/using.py").write_text(USING)
    real = memory.now
    monkeypatch.setattr(memory, "now", lambda: real() + LATER)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return what runs lint, and returns its status, its output and its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        known = replay.told("lint", [*arguments, "."])
        status = lint.main([*arguments, "."])
        shown = capsys.readouterr()
        # What is printed without a look at the options is what a run prints.
        assert known in (None, (shown.out, status))
        assert known is None or not shown.err
        return status, shown.out, shown.err

    return run


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that says of each run that remembers whether it was told again."""
    told: list[bool] = []
    real = memory.Memory.replayed

    def replayed(self: memory.Memory) -> RunReport | None:
        found = real(self)
        told.append(found is not None)
        return found

    monkeypatch.setattr(memory.Memory, "replayed", replayed)
    return told


def test_the_second_run_says_the_same_and_reads_nothing(
    start: Path, said: Callable[..., object], replays: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has changed: the findings are told again, and no file is opened for them."""
    first = said()
    opened: list[str] = []
    real = os.open

    def watched(path: str, *given: int, **named: int | None) -> int:
        opened.append(str(path))
        return real(path, *given, **named)

    monkeypatch.setattr(os, "open", watched)
    assert said() == first
    assert replays == [False, True]
    assert not [path for path in opened if path.endswith(".py")]


def test_only_what_changed_is_read_again(
    start: Path, said: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was edited is found, and the files that had no work in them are not opened."""
    said()
    (start / "app/part3/m3.py").write_text(LEGACY)
    opened: list[str] = []
    real = os.open

    def watched(path: str, *given: int, **named: int | None) -> int:
        opened.append(str(path))
        return real(path, *given, **named)

    monkeypatch.setattr(os, "open", watched)
    assert "app/part3/m3.py:5" in said()[1]
    clean = {str(start / f"app/part{n % 5}/m{n}.py") for n in range(memory.LEAST_FILES) if n != 3}
    # The rules asked for words of the other files, or did not: the search for work read none.
    assert len(clean.intersection(opened)) in (0, len(clean))
    assert opened.count(str(start / "app/part3/m3.py")) >= 1


def test_findings_follow_what_another_file_says(
    start: Path, said: Callable[..., tuple[int, str, str]]
) -> None:
    """A file is not as before if the class that it imports is not."""
    before = said()[1]
    assert "app/using.py:5" in before
    (start / "app/ours.py").write_text(PLAIN)
    assert "app/using.py:5" not in said()[1]
    (start / "app/ours.py").write_text(OURS)
    assert said()[1] == before


def test_what_was_just_written_is_not_believed(
    start: Path, said: Callable[..., object], replays: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change may follow within one step of the file system's clock, and not be seen."""
    newest = max(path.stat().st_ctime_ns for path in start.rglob("*"))
    monkeypatch.setattr(memory, "now", lambda: newest + 1_000_000_000)
    first = said()
    (kept,) = (start / FOLDER).glob("*.run")
    record = decoded(kept.read_bytes())
    assert record.found is None
    assert not any(record.clean)
    assert said() == first
    assert replays == [False, False]


def _edits(start: Path, choose: random.Random) -> list[Callable[[], object]]:
    """Return what may happen to a project between two runs."""
    files = sorted(path for path in start.glob("app/**/*.py") if not path.is_symlink())
    one, other = choose.sample(files, 2)
    text = choose.choice([LEGACY, "x = 1\n", OURS, USING, LEGACY + "y = (\n", "z = [\n"])
    fresh = one.with_name(f"n{choose.randrange(1000)}.py")
    same = one.read_text()
    return [
        lambda: one.write_text(text),
        lambda: one.write_text(text),
        lambda: one.write_text(same[::-1] if "AIU" not in same else same.replace("AIU", "BIU")),
        lambda: one.touch(),
        lambda: one.unlink(),
        lambda: fresh.write_text(text),
        lambda: one.replace(other),
        lambda: one.replace(fresh),
        lambda: (one.parent / "new").mkdir(exist_ok=True),
        lambda: shutil.copytree(one.parent, start / f"app/copy{choose.randrange(1000)}"),
        lambda: (one.parent / ".gitignore").write_text(f"{one.name}\n"),
        lambda: (start / "app/.gitignore").unlink(missing_ok=True),
        lambda: (start / "pyproject.toml").write_text("[tool.ai-usage]\nexclude = ['app/part1']\n"),
        lambda: (start / "pyproject.toml").write_text("[project]\n"),
        lambda: (one.parent / "pyproject.toml").write_text("[tool.ai-usage]\nruntime = 'auto'\n"),
        lambda: (one.parent / "__init__.py").write_text(""),
        lambda: os.utime(one, ns=(1, 1)),
        lambda: None,
        lambda: None,
    ]


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_between_runs_the_report_is_that_of_a_first_run(
    start: Path, said: Callable[..., object], replays: list[bool], seed: int
) -> None:
    """Edits, files and folders that come, go and move, rules, configuration: in any order."""
    choose = random.Random(seed)
    for step in range(24):
        choose.choice(_edits(start, choose))()
        if step == 20:
            (start / "app/link.py").symlink_to("old.py")
        remembered = said(*ALONE)
        assert remembered == said(*ALONE, "--no-cache"), (seed, step)
        if step % 3 == 0:
            assert remembered == said(*ALONE), (seed, step)
    assert any(replays)


def test_a_repository_and_its_index_decide_anew_each_time(
    start: Path, said: Callable[..., tuple[int, str, str]], replays: list[bool]
) -> None:
    """What git lists may change without a change of any file or folder that was walked."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    said()
    (start / ".git/info/exclude").write_text("old.py\n")
    assert "app/old.py" not in said()[1]
    assert not any(replays)


def test_migration_finds_what_lint_knew_nothing_of(
    start: Path, said: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    """It remembers which files have no work in them, and takes neither finding nor text from it."""
    said()
    assert migrate.main(["--check", "."]) == 1
    first = capsys.readouterr().out
    assert migrate.main(["--check", "."]) == 1
    assert capsys.readouterr().out == first
    assert migrate.main(["."]) == 1
    assert "ai_usage_context(" in (start / "app/old.py").read_text()
    capsys.readouterr()
    assert migrate.main(["--check", "."]) == 1
    assert "app/old.py" not in capsys.readouterr().out


def test_few_files_are_not_remembered(start: Path, said: Callable[..., object]) -> None:
    """They are read sooner: a run over a handful of files leaves nothing behind."""
    shutil.rmtree(start / "app/part0")
    said()
    assert not (start / FOLDER).exists()


def test_without_a_cache_nothing_is_written(start: Path, said: Callable[..., object]) -> None:
    """--no-cache leaves the project as it is."""
    said("--no-cache")
    assert not (start / FOLDER).exists()


def test_the_cache_is_where_it_is_asked_for(
    start: Path, said: Callable[..., object], monkeypatch: pytest.MonkeyPatch, replays: list[bool]
) -> None:
    """The option counts before the variable, and both before the project."""
    monkeypatch.setenv("AI_USAGE_CACHE_DIR", str(start / "by-variable"))
    assert said() == said()
    assert list((start / "by-variable").glob("*.run"))
    assert said("--cache-dir", "by-option") == said()
    assert list((start / "by-option").glob("*.run"))
    assert not (start / FOLDER).exists()
    assert any(replays)


def test_it_can_be_removed(
    start: Path, said: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    """--clean-cache removes what runs wrote, leaves what others put there, and needs no PATH."""
    said()
    assert lint.main(["--clean-cache"]) == 0
    assert "1 records removed" in capsys.readouterr().out
    assert not (start / FOLDER).exists()
    said()
    (start / FOLDER / "mine").write_text("kept")
    assert migrate.main(["--clean-cache"]) == 0
    assert [path.name for path in (start / FOLDER).iterdir()] == ["mine"]
    assert lint.main(["--clean-cache"]) == 0


def test_it_is_marked_as_a_cache(start: Path, said: Callable[..., object]) -> None:
    """Backups and git pass it over."""
    said()
    assert (start / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172")
    assert (start / FOLDER / ".gitignore").read_text().endswith("*\n")


def test_another_version_of_the_tools_remembers_nothing(
    start: Path, said: Callable[..., object], replays: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older rule found is not told by a newer one."""
    said()
    monkeypatch.setattr(memory, "tool", lambda: "another")
    said()
    assert replays == [False, False]


def test_no_more_is_kept_than_a_few_ways_to_look(
    start: Path, said: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest records are removed, and what a killed run left an hour ago."""
    said()
    (kept,) = (start / FOLDER).glob("*.run")
    (printed,) = (start / FOLDER).glob("*.out")
    for number in range(30):
        shutil.copy(kept, kept.with_name(f"{number:032}.run"))
        shutil.copy(printed, kept.with_name(f"{number:032}.out"))
    (start / FOLDER / "1-1.new").write_text("half")
    os.utime(start / FOLDER / "1-1.new", (1, 1))
    (start / "app/fresh.py").write_text("x = 1\n")
    said()
    names = [path.name for path in (start / FOLDER).iterdir()]
    for ending in (".run", ".out"):
        assert len([name for name in names if name.endswith(ending)]) == 16
    assert "1-1.new" not in names


def test_several_runs_at_once_say_the_same(start: Path, said: Callable[..., object]) -> None:
    """Each writes its record whole: none reads a half of another's."""
    command = [sys.executable, "-m", "codemods.lint", "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(run_text, command, Path.cwd(), environment) for _ in range(4)]
    outputs = {one.result().stdout for one in running}
    assert len(outputs) == 1
    assert said()[1] in outputs
    assert not list((start / FOLDER).glob("*.new"))


def test_a_record_is_what_was_kept(start: Path, said: Callable[..., object]) -> None:
    """Encoding and decoding lose nothing."""
    said()
    (kept,) = (start / FOLDER).glob("*.run")
    record = decoded(kept.read_bytes())
    assert decoded(encoded(record)) == record
    assert record.found
    assert len(record.paths) > record.count == memory.LEAST_FILES + 3


def test_a_second_run_prints_before_anything_is_imported(
    start: Path,
    said: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same command line in the same folder needs no option, no parser and no record class."""
    first = said()
    monkeypatch.setattr(sys, "argv", ["ai-usage-lint", "."])
    monkeypatch.setattr(memory, "Memory", None)
    assert (lint.main(), capsys.readouterr().out, "") == first
    program = (
        "import sys; from codemods.cache import replay; print(replay.told('lint', ['.'])[1], "
        "sys.modules.keys() & {'click', 'dataclasses', 'pathlib', 'inspect'})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1 set()\n"


def test_a_few_files_do_not_pay_for_what_is_kept_of_many(
    start: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named ones make no memory; of a small folder there is no record whose tools would count."""
    assert lint.main(["app"]) == 1
    first = capsys.readouterr().out
    assert (start / FOLDER).is_dir()

    def asked() -> str:
        raise AssertionError("the code of the tools is looked at")

    for module in (memory, replay):
        monkeypatch.setattr(module, "tool", asked)
    (start / "few").mkdir()
    (start / "few/one.py").write_text("x = 1\n")
    monkeypatch.setattr(sys, "argv", ["ai-usage-lint", "few"])
    assert lint.main() == 0
    monkeypatch.setattr(memory, "Memory", None)
    assert lint.main(["app/old.py", "app/ours.py", "app/using.py"]) == 1
    assert "app/old.py" in first
    assert "app/old.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    "happens",
    [
        lambda start, patch: (start / "app/old.py").write_text("x = 1\n"),
        lambda start, patch: (start / "app/new.py").write_text("x = 1\n"),
        lambda start, patch: (start / "app/using.py").unlink(),
        lambda start, patch: (start / "new").mkdir(),
        lambda start, patch: patch.chdir(start / "app"),
        lambda start, patch: patch.setenv("NO_COLOR", "1"),
        lambda start, patch: patch.setenv("AI_USAGE_CACHE_DIR", "elsewhere"),
        lambda start, patch: patch.setattr(replay, "tool", lambda: "another"),
        lambda start, patch: (start / FOLDER).chmod(0o777),
        lambda start, patch: next((start / FOLDER).glob("*.out")).chmod(0o644),
        lambda start, patch: next((start / FOLDER).glob("*.run")).unlink(),
    ],
)
def test_an_output_holds_as_long_as_nothing_is_other(
    start: Path,
    said: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Path, pytest.MonkeyPatch], object],
) -> None:
    """Files, folders, the place, what is around, the tools, the modes of the cache count."""
    said()
    assert replay.told("lint", ["."]) is not None
    assert replay.told("lint", [".", "--quiet"]) is None
    assert replay.told("migrate", ["."]) is None
    happens(start, monkeypatch)
    assert replay.told("lint", ["."]) is None


def test_a_run_that_cleans_the_cache_is_no_output_to_be_told(
    start: Path, said: Callable[..., object]
) -> None:
    """The same command line cleans it each time, however little has changed."""
    said("--clean-cache")
    assert list((start / FOLDER).glob("*.run"))
    assert replay.told("lint", ["--clean-cache", "."]) is None


def test_an_output_is_not_told_for_what_another_run_looked_at(
    start: Path, said: Callable[..., object]
) -> None:
    """Runs that print in other forms share what they looked at; an older output does not."""
    said()
    (start / "app/old.py").write_text("x = 1\n")
    said("--format", "json")
    assert replay.told("lint", ["--format", "json", "."]) is not None
    assert replay.told("lint", ["."]) is None


@pytest.mark.parametrize("at", [0, 20, 60, -10, -1])
def test_a_damaged_output_is_none(start: Path, said: Callable[..., object], at: int) -> None:
    """Any byte that is not what was written is noticed."""
    said()
    (printed,) = (start / FOLDER).glob("*.out")
    content = bytearray(printed.read_bytes())
    content[at] ^= 0x55
    printed.write_bytes(content)
    assert replay.told("lint", ["."]) is None


@pytest.mark.parametrize("at", [0, 20, 60, -40, -1])
def test_a_damaged_record_is_none(start: Path, said: Callable[..., object], at: int) -> None:
    """Any byte that is not what was written is noticed."""
    said()
    (kept,) = (start / FOLDER).glob("*.run")
    content = bytearray(kept.read_bytes())
    content[at] ^= 1
    with pytest.raises(DamagedError):
        decoded(bytes(content))
    kept.write_bytes(content)
    assert Store(start / FOLDER).read(kept.stem) is None
    assert said() == said("--no-cache")

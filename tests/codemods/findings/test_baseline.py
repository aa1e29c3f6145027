"""A baseline: what a project has already, which only gets less."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codemods import lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
ONE = f"{IMPORT}ask(AIUsageTracker())\n"
TWO = f"{ONE}ask(AIUsageTracker())\n"
FILE = "known.json"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with two legacy files, in which runs are started."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("app/a.py", ONE), ("app/b.py", TWO), ("app/c.py", "x = 1\n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(start: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return what lints with the baseline, and returns status, output and errors."""

    def linted(*arguments: str, path: str = ".") -> tuple[int, str, str]:
        capsys.readouterr()
        status = lint.main(["--baseline", FILE, *arguments, path])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return linted


@pytest.fixture
def known(start: Path, run: Callable[..., tuple[int, str, str]]) -> Path:
    """Return the file of a baseline that has all that is found."""
    status, out, err = run("--update-baseline")
    assert (status, out) == (0, "3 files scanned: nothing to do.\n")
    assert err == f"{FILE} is written: 5 findings in 2 files.\n"
    return start / FILE


def counts(file: Path) -> dict[str, dict[str, int]]:
    """Return what the baseline counts, by file."""
    document = json.loads(file.read_text())
    return {path: one["counts"] for path, one in document["files"].items()}


def test_what_is_known_is_not_told(known: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """The baseline holds counts by file and rule, and a run that finds just these is clean."""
    assert counts(known) == {
        "app/a.py": {"AIU001": 1, "AIU003": 1},
        "app/b.py": {"AIU001": 2, "AIU003": 1},
    }
    assert run() == (0, "3 files scanned: nothing to do.\n", "")


def test_one_more_fails(start: Path, known: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Which of them is new cannot be told, so all of that file and rule are."""
    (start / "app/a.py").write_text(TWO)
    status, out, _ = run()
    assert status == 1
    assert [line.split()[:2] for line in out.splitlines()[:-1]] == [
        ["app/a.py:2:5:", "AIU001"],
        ["app/a.py:3:5:", "AIU001"],
    ]
    (start / "app/c.py").write_text(ONE)
    assert "app/c.py:2:5" in run()[1]
    assert run("--prune-baseline")[0] == 1
    assert counts(known)["app/a.py"] == {"AIU001": 1, "AIU003": 1}
    assert "app/c.py" not in counts(known)
    assert run("--update-baseline")[0] == 0
    assert counts(known)["app/c.py"] == {"AIU001": 1, "AIU003": 1}


def test_one_less_fails_until_it_is_pruned(
    start: Path, known: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """What is gone must not come back unseen; a file that is clean or gone counts for nothing."""
    (start / "app/b.py").write_text(ONE)
    said = "outdated baseline: app/b.py has 1 AIU001, not 2; see --prune-baseline"
    assert run()[:2] == (1, f"{FILE}:1:1: AIU102 {said}\n3 files scanned: 1 finding.\n")
    assert run("--ignore", "AIU102")[0] == 0
    assert run("--prune-baseline") == (
        0,
        "3 files scanned: nothing to do.\n",
        f"{FILE} is written: 4 findings in 2 files.\n",
    )
    assert run()[0] == 0
    (start / "app/b.py").write_text("x = 1\n")
    (start / "app/a.py").unlink()
    status, out, _ = run()
    assert (status, out.count("AIU102")) == (1, 4)
    run("--prune-baseline")
    assert counts(known) == {}
    assert run()[0] == 0


def test_a_file_that_was_renamed_is_followed(
    start: Path, known: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Its content says which it was; neither name is told of, wherever the run looks."""
    (start / "lib").mkdir()
    (start / "app/b.py").rename(start / "lib/other.py")
    assert run()[0] == 0
    assert run(path="lib/other.py")[0] == 0
    assert run("--prune-baseline")[0] == 0
    assert set(counts(known)) == {"app/a.py", "lib/other.py"}
    (start / "lib/other.py").rename(start / "lib/third.py")
    (start / "lib/third.py").write_text(f"{TWO}y = 1\n")
    status, out, _ = run()
    assert (status, "lib/third.py:2:5: AIU001" in out) == (1, True)
    assert "lib/other.py has 0 AIU001, not 2" in out


def test_a_copy_is_new(start: Path, known: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """A file whose content is that of one that is still there was not renamed."""
    (start / "app/copy.py").write_text(ONE)
    status, out, _ = run()
    assert (status, "app/copy.py:2:5" in out) == (1, True)
    (start / "app/a.py").unlink()
    (start / "app/again.py").write_text(ONE)
    out = run()[1]
    assert ("app/again.py" in out) != ("app/copy.py" in out)


def test_only_what_was_looked_at_is_judged(
    start: Path, known: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Other files and rules are neither gone nor taken out: hooks name single files."""
    (start / "app/b.py").write_text("x = 1\n")
    assert run(path="app/a.py")[0] == 0
    assert run("--select", "AIU009")[0] == 0
    run("--prune-baseline", path="app/a.py")
    run("--update-baseline", "--select", "AIU003")
    assert counts(known) == {
        "app/a.py": {"AIU001": 1, "AIU003": 1},
        "app/b.py": {"AIU001": 2},
    }
    (start / "app/b.py").write_text(ONE)
    assert run("--select", "AIU003")[0] == 1


def test_a_file_that_fails_is_not_gone(
    start: Path, known: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """What is in it is not known, so nothing is said of it, and no baseline is written."""
    before = known.read_text()
    (start / "app/b.py").write_text(f"{ONE}x = (\n")
    status, out, _ = run()
    assert (status, "AIU102" in out) == (2, False)
    status, _, err = run("--prune-baseline")
    assert (status, "the baseline is not written" in err) == (2, True)
    assert known.read_text() == before


def test_names_are_those_from_the_baseline_on(
    start: Path, known: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a run is started, the files are the same."""
    monkeypatch.chdir(start / "app")
    assert lint.main(["--baseline", f"../{FILE}", "."]) == 0
    (start / "app/b.py").write_text(ONE)
    capsys.readouterr()
    assert lint.main(["--baseline", f"../{FILE}", str(start / "app")]) == 1
    assert f"../{FILE}:1:1: AIU102 outdated baseline: b.py has 1" in capsys.readouterr().out


def test_a_folder_that_is_a_link_has_the_name_it_is_given(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """What is gone behind it is told of, as what was found there was."""
    (start / "link").symlink_to(start / "app")
    assert run("--update-baseline", path="link")[0] == 0
    assert set(counts(start / FILE)) == {"link/a.py", "link/b.py"}
    assert run(path="link")[0] == 0
    (start / "app/b.py").write_text("x = 1\n")
    status, out, _ = run(path="link")
    assert (status, "link/b.py has 0 AIU001, not 2" in out) == (1, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "There is no baseline known.json; --update-baseline writes one"),
        ("{", "Cannot use known.json: it is no baseline"),
        ("[]", "it is no baseline"),
        ('{"version": 2, "files": {}}', "it is of version 2, not 1"),
        ('{"version": 1, "files": {"a.py": 3}}', "it is no baseline"),
        ('{"version": 1, "files": {"a.py": {"digest": "", "counts": {"AIU001": "x"}}}}', "no base"),
    ],
)
def test_what_is_no_baseline_ends_the_run(
    start: Path, run: Callable[..., tuple[int, str, str]], text: str | None, told: str
) -> None:
    """A baseline that is not there, or is none, is told before anything is looked at."""
    if text is not None:
        (start / FILE).write_text(text)
    status, out, err = run()
    assert (status, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--update-baseline"],
        ["--prune-baseline"],
        ["--baseline", FILE, "--update-baseline", "--prune-baseline"],
        ["--baseline", FILE, "--since", "HEAD"],
        ["--baseline", FILE, "--diff-from-stdin"],
        ["--since", "HEAD", "--diff-from-stdin"],
        ["--baseline", FILE, "--shard", "1/2"],
        ["--baseline", FILE, "--update-baseline", "--fix"],
        ["--baseline", FILE, "--prune-baseline", "--add-ignores", "why"],
    ],
)
def test_contradictions_are_refused(
    start: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Options that cannot hold together are wrong usage, and write nothing."""
    assert lint.main([*arguments, "."]) == 2
    assert "Usage" in capsys.readouterr().err
    assert not (start / FILE).exists()

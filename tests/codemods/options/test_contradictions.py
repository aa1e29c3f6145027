"""Options that cannot hold together, and words that are none, end a run before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from many_cases import each_of
from trying import LEGACY, Place

from codemods.cli.progress import told
from codemods.server.__main__ import main as serve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Place:
    """Return a folder with a legacy file, in which the command of the test is run."""
    monkeypatch.chdir(tmp_path)
    made = Place(tmp_path, request.node.callspec.params["name"], monkeypatch)
    made.put("app/old.py", LEGACY)
    return made


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, ["--quiet", "--verbose"]) for name in ("lint", "migrate", "merge", "status")),
        *((name, ["--show-files", "--show-settings"]) for name in ("lint", "migrate", "status")),
        *((name, ["--no-cache", "--cache-dir", "x"]) for name in ("lint", "migrate")),
        *((name, ["--jobs", "2", "--executor", "dask=a:1"]) for name in ("lint", "status")),
        *((name, ["--statistics", "--format", "sarif"]) for name in ("lint", "migrate", "merge")),
        ("lint", ["--statistics", "--report", "github"]),
        ("lint", ["--explain", "AIU001", "--list-rules"]),
        ("lint", ["--list-rules", "--fix"]),
        ("lint", ["--list-rules", "--show-files"]),
        ("lint", ["--show-settings", "--add-ignores", "why"]),
        ("migrate", ["--diff", "--check"]),
        ("migrate", ["--strict", "--unsafe"]),
        *(
            ("migrate", ["--undo", *arguments])
            for arguments in (
                ["--check"],
                ["--rollback"],
                ["--strict"],
                ["--unsafe"],
                ["--runtime", "guide"],
                ["--no-batch-pricing"],
                ["--include", "rst"],
                ["--shard", "1/2"],
                ["--statistics"],
                ["--report", "github"],
            )
        ),
    ],
)
def test_what_contradicts_is_wrong_usage(place: Place, name: str, arguments: list[str]) -> None:
    """Such a run ends with status 2, says why, and has done nothing."""
    said = place.run(*arguments, "app")
    assert (said.status, said.out) == (2, "")
    assert "Choose one." in said.err or "Leave " in said.err
    assert place.text() == LEGACY


@pytest.mark.parametrize(
    ("name", "arguments", "near"),
    [
        ("lint", ["--format", "sarf"], "'sarif'"),
        ("migrate", ["--runtime", "trakcer"], "'tracker'"),
        ("status", ["--format", "jsn"], "'json'"),
        ("status", ["--include", "markdwn"], "'markdown'"),
        ("merge", ["--statistic"], "'--statistics'"),
        ("lint", ["--report", "githb=x"], "'github'"),
    ],
)
def test_what_is_no_word_is_named_with_the_nearest(
    place: Place, name: str, arguments: list[str], near: str
) -> None:
    """Options, and values that are one of a few, are told with what may have been meant."""
    said = place.run(*arguments, "app")
    assert said.status == 2
    assert f"did you mean {near}?" in said.err.lower()


@pytest.mark.parametrize("name", ["lint", "migrate", "status", "merge"])
def test_nothing_that_matches_is_status_2(place: Place, name: str) -> None:
    """A run that finds no file to look at has not passed, whichever command it is."""
    place.put("app/old.py", "").unlink()
    place.put("notes.txt", "x")
    for path in ("app", "gone", "notes.md"):
        assert place.run(path).status == 2
    assert place.run().status == 2


@pytest.mark.parametrize("name", ["lint"])
def test_no_color_is_heeded(place: Place, name: str) -> None:
    """NO_COLOR counts on a terminal, and --color before it."""
    place.monkeypatch.setenv("NO_COLOR", "1")
    place.monkeypatch.setattr("trying.Output.isatty", lambda _: True)
    for command, *arguments in (["lint"], ["migrate", "--check"], ["status"]):
        assert "\x1b[" not in place.run(*arguments, "app", command=command).out
        assert "\x1b[" in place.run(*arguments, "--color", "app", command=command).out


def test_the_server_has_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told as by the commands, without what an editor speaks."""
    assert serve(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ai-usage-suite")


@each_of(
    ("count", "total", "seconds", "line"),
    [
        (3, None, 0.5, "3 files looked at"),
        (30, None, 3.0, "30 files looked at, 10 a second"),
        (30, 90, 3.0, "30 of 90 files decided on, 10 a second, 6 s left"),
        (1, 1000, 2.0, "1 of 1000 files decided on, 30 a minute, 33 min left"),
    ],
)
def test_progress_has_a_rate(count: int, total: int | None, seconds: float, line: str) -> None:
    """After a second a run tells how fast it is, and what is left where that is known."""
    assert told(count, total, seconds) == line

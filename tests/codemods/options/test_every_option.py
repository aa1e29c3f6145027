"""Every option of every command does something: what it is for, and not without it.

Each is tried twice, once as it is, and once with the option taken in and let go: then what is
expected of it must fail.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import click
import pytest
from trying import BATCH, BLOCK, COMMANDS, LEGACY, UNSAFE, Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Trial = Callable[[Place], None]

TRIALS: dict[tuple[str, str], Trial] = {}
EVERY = ("lint", "migrate", "merge", "status")
OVER_FILES = ("lint", "migrate", "status")


def of(option: str, *commands: str) -> Callable[[Trial], Trial]:
    """Return what takes note of a trial of *option* for *commands*."""

    def noted(trial: Trial) -> Trial:
        TRIALS.update({(command, option): trial for command in commands})
        return trial

    return noted


def options() -> list[tuple[str, str]]:
    """Return each command with each of its options."""
    return [
        (name, option.opts[0] if option.opts[0].startswith("--") else option.opts[1])
        for name, (command, _) in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option)
    ]


def found(name: str, option: str) -> click.Option:
    """Return *option* of the command that is called *name*."""
    params = (one for one in COMMANDS[name][0].params if isinstance(one, click.Option))
    return next(one for one in params if option in one.opts)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Place:
    """Return a folder with a legacy file, in which the command of the test is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    made = Place(tmp_path, request.node.callspec.params["name"], monkeypatch)
    made.put("pyproject.toml", "[tool.ai-usage]\nexclude = ['made/']\n")
    made.put("made/page.txt", "")
    made.put("app/old.py", LEGACY)
    return made


@pytest.mark.parametrize(("name", "option"), options())
def test_every_option_does_what_it_is_for(place: Place, name: str, option: str) -> None:
    """Each option in the help of a command changes what its trial looks at."""
    TRIALS[name, option](place)


@pytest.mark.parametrize(("name", "option"), options())
def test_no_trial_passes_without_its_option(place: Place, name: str, option: str) -> None:
    """An option that is parsed and let go makes its trial fail: what it looks at is its doing."""
    param = found(name, option)
    process = param.process_value

    def forgotten(context: click.Context, value: Any) -> Any:
        del value
        return process(context, param.get_default(context))

    place.monkeypatch.setattr(param, "process_value", forgotten)
    with pytest.raises(AssertionError):
        TRIALS[name, option](place)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_all_of_them(place: Place, name: str) -> None:
    """What is tried here is what --help lists, and -h says the same."""
    told = place.run("--help")
    assert told.out == place.run("-h").out
    listed = {word for line in told.out.splitlines() for word in line.split()[:2] if "--" in word}
    assert {option for command, option in options() if command == name} <= {
        word.rstrip(",") for word in listed
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_typed(place: Place, name: str) -> None:
    """Each line of a command's help that calls one of them is understood by it."""
    place.put("repos.txt", "")
    lines = re.findall(r"^ +python -m codemods\.(\w+) (.*)$", place.run("--help").out, re.MULTILINE)
    assert name in {command for command, _ in lines}
    for command, line in lines:
        words = shlex.split(re.split(r" [<>] ", line)[0].replace(" K/4", " 1/4"), comments=True)
        COMMANDS[command][0].make_context(command, words)


@of("--version", *EVERY)
def _(place: Place) -> None:
    assert place.run("--version").out.startswith("ai-usage-suite")


@of("--jobs", *OVER_FILES)
def _(place: Place) -> None:
    asked: list[int | None] = []
    place.monkeypatch.setattr(
        "codemods.runner.many_files.processes", lambda jobs, files: asked.append(jobs) or 1
    )
    place.look("--jobs", "3")
    assert asked == [3]


@of("--executor", *OVER_FILES)
def _(place: Place) -> None:
    asked: list[str] = []
    place.monkeypatch.setattr(
        "codemods.runner.cluster.outcomes",
        lambda run, work, sources, address, progress: asked.append(address) or [],
    )
    place.look("--executor", "dask=tcp://there:8786")
    assert asked == ["tcp://there:8786"]


@of("--shard", "lint", "migrate")
def _(place: Place) -> None:
    place.put("app/other.py", LEGACY)
    assert "old.py" in place.look("--shard", "1/2").out
    assert "old.py" not in place.look("--shard", "2/2").out


@of("--include", *OVER_FILES)
def _(place: Place) -> None:
    place.put("page.md", f"```python\n{LEGACY}```\n")
    assert "page.md" in place.look("--include", "markdown", "--show-files").out
    place.put("app/old.py", "")
    told = place.look("--include", "markdown")
    assert "page.md" in told.out or "1 legacy call left" in told.out


@of("--force-exclude", *OVER_FILES)
def _(place: Place) -> None:
    file = str(place.put("made/old.py", LEGACY))
    check = ["--check"] if place.command == "migrate" else []
    told = place.run(*check, "--force-exclude", file)
    assert ("old.py" in told.out, "1 legacy call left" in told.out) == (False, False)
    assert told.status == 0


@of("--config", *OVER_FILES)
def _(place: Place) -> None:
    place.put("ci.toml", "[tool.ai-usage]\nexclude = ['app/']\n")
    assert "No Python file" in place.look("--config", "ci.toml").err


@of("--show-settings", *OVER_FILES)
def _(place: Place) -> None:
    told = place.look("--show-settings")
    assert (told.status, "[tool.ai-usage]" in told.out) == (0, True)
    assert 'exclude = ["made/"]' in told.out


@of("--show-files", *OVER_FILES)
def _(place: Place) -> None:
    assert place.look("--show-files").out == "app/old.py\n"


@of("--quiet", *EVERY)
def _(place: Place) -> None:
    if place.command == "status":
        place.monkeypatch.setattr("trying.Errors.isatty", lambda _: True)
        place.monkeypatch.setenv("TERM", "xterm")
        place.monkeypatch.setattr("codemods.cli.progress._SECONDS", 0)
        place.monkeypatch.setattr("codemods.cli.progress._LASTS_AFTER", 0)
        assert place.look("--quiet").err == ""
    else:
        assert "scanned" not in place.look("--quiet").out


@of("--verbose", *EVERY)
def _(place: Place) -> None:
    told = place.look("--verbose")
    said = "part 2/2, " if place.command == "merge" else "by "
    assert said in told.err
    assert told.out == place.look().out


@of("--color", *EVERY)
def _(place: Place) -> None:
    assert "\x1b[" in place.look("--color").out
    assert "\x1b[" not in place.look("--no-color").out


@of("--statistics", "lint", "migrate", "merge")
def _(place: Place) -> None:
    lines = place.look("--statistics").out.splitlines()
    assert "1  AIU001  tracker-built-by-hand" in lines[0]
    assert "scanned" not in lines[-1]


@of("--format", *EVERY)
def _(place: Place) -> None:
    told = place.look("--format", "json")
    assert told.out.startswith("{")
    assert json.loads(told.out)


@of("--report", "lint", "migrate", "merge")
def _(place: Place) -> None:
    place.look("--report", "sarif=out.sarif")
    assert (place.folder / "out.sarif").exists()


@of("--cache", "lint", "migrate")
def _(place: Place) -> None:
    place.monkeypatch.setattr("codemods.cache.memory.LEAST_FILES", 1)
    place.look("--no-cache", "--quiet")  # by itself lint would read it without click
    assert not (place.folder / ".ai_usage_cache").exists()
    place.look("--cache")
    assert (place.folder / ".ai_usage_cache").exists()


@of("--cache-dir", "lint", "migrate")
def _(place: Place) -> None:
    place.monkeypatch.setattr("codemods.cache.memory.LEAST_FILES", 1)
    place.look("--cache-dir", str(place.folder / "kept"))
    assert (place.folder / "kept").exists()


@of("--clean-cache", "lint", "migrate")
def _(place: Place) -> None:
    assert "records removed" in place.run("--clean-cache").out


@of("--select", "lint")
def _(place: Place) -> None:
    assert "AIU003" not in place.look("--select", "AIU001").out


@of("--ignore", "lint")
def _(place: Place) -> None:
    assert "AIU003" not in place.look("--ignore", "legacy-import").out


@of("--extend-select", "lint")
def _(place: Place) -> None:
    place.put("pyproject.toml", "[tool.ai-usage.lint]\nignore = ['AIU003']\n")
    assert "AIU003" in place.look("--extend-select", "AIU003").out


@of("--exit-zero", "lint")
def _(place: Place) -> None:
    assert place.look("--exit-zero").status == 0


@of("--fix", "lint")
def _(place: Place) -> None:
    place.look("--fix")
    assert "with ai_usage_context(" in place.text()


@of("--unsafe-fixes", "lint")
def _(place: Place) -> None:
    place.put("app/old.py", UNSAFE)
    place.look("--fix", "--unsafe-fixes")
    assert "with ai_usage_context(" in place.text()


@of("--add-ignores", "lint")
def _(place: Place) -> None:
    place.look("--add-ignores", "not yet")
    assert "# ai-usage: ignore[AIU001] not yet" in place.text()


@of("--baseline", "lint")
def _(place: Place) -> None:
    place.put("known.json", "{}")
    assert "known.json" in place.look("--baseline", "known.json").err


@of("--update-baseline", "lint")
def _(place: Place) -> None:
    assert place.look("--baseline", "known.json", "--update-baseline").status == 0
    assert "AIU001" in place.text("known.json")


@of("--prune-baseline", "lint")
def _(place: Place) -> None:
    place.look("--baseline", "known.json", "--update-baseline")
    place.put("app/old.py", "x = 1\n")
    assert place.look("--baseline", "known.json", "--prune-baseline").status == 0


@of("--since", "lint", "status")
def _(place: Place) -> None:
    place.commit()
    if place.command == "lint":
        assert place.look("--since", "HEAD").status == 0
    else:
        assert place.look("--history", "--since", "gone").status == 2


@of("--diff-from-stdin", "lint")
def _(place: Place) -> None:
    assert place.run("--diff-from-stdin", ".", text="").status == 0


@of("--stdin-filename", "lint", "migrate")
def _(place: Place) -> None:
    told = place.run("--stdin-filename", "app/new.py", "-", text=LEGACY)
    assert "app/new.py:" in told.out + told.err
    assert "AIU001" in told.out + told.err


@of("--list-rules", "lint")
def _(place: Place) -> None:
    assert "AIU001  tracker-built-by-hand" in place.run("--list-rules").out


@of("--explain", "lint")
def _(place: Place) -> None:
    assert "# AIU001: tracker-built-by-hand" in place.run("--explain", "AIU001").out


@of("--diff", "migrate")
def _(place: Place) -> None:
    assert "+++ b/app/old.py" in place.run("--diff", ".").out
    assert place.text() == LEGACY


@of("--check", "migrate")
def _(place: Place) -> None:
    assert place.run("--check", ".").status == 1
    assert place.text() == LEGACY


@of("--undo", "migrate")
def _(place: Place) -> None:
    place.run(".")
    assert place.text() != LEGACY
    place.run("--undo")
    assert place.text() == LEGACY


@of("--rollback", "migrate")
def _(place: Place) -> None:
    place.put("app/old.py", BLOCK)
    place.run("--rollback", ".")
    assert "AIUsageTracker()" in place.text()


@of("--batch-pricing", "migrate")
def _(place: Place) -> None:
    place.put("app/old.py", BATCH)
    place.run("--no-batch-pricing", ".")
    assert "ai_usage_context(" in place.text()
    assert "batch_ai_usage_context(" not in place.text()


@of("--runtime", "migrate")
def _(place: Place) -> None:
    told = place.look("--runtime", "guide", "--show-settings")
    assert 'runtime = "guide"' in told.out
    assert "rely on the guide runtime" in place.look("--runtime", "guide").out


@of("--interactive", "migrate")
def _(place: Place) -> None:
    told = place.run("--interactive", ".", text="n\n")
    assert "Rewrite it [" in told.out
    assert place.text() == LEGACY


@of("--strict", "migrate")
def _(place: Place) -> None:
    assert "refused: assumption" in place.look("--strict").out


@of("--unsafe", "migrate")
def _(place: Place) -> None:
    place.put("app/old.py", UNSAFE)
    assert "unsafe: confirm that" in place.look("--unsafe").out


def _campaign(place: Place, *arguments: str) -> list[Any]:
    """Return what a campaign is asked to do by *arguments*."""
    asked: list[Any] = []
    place.put("repos.txt", "../tools\n")
    place.monkeypatch.setattr(
        "codemods.cli.campaign.run", lambda _, *given: asked.extend(map(str, given)) or 0
    )
    place.run("--repos", "repos.txt", *arguments)
    return asked


@of("--repos", "migrate")
def _(place: Place) -> None:
    assert _campaign(place)[:1] == ["repos.txt"]


@of("--branch", "migrate")
def _(place: Place) -> None:
    assert _campaign(place, "--branch", "mine")[1:2] == ["mine"]


@of("--campaign", "migrate")
def _(place: Place) -> None:
    assert _campaign(place, "--campaign", "there")[2:] == ["there"]


@of("--depth", "status")
def _(place: Place) -> None:
    place.put("app/inner.py", LEGACY)
    place.put("app/deep/old.py", LEGACY)
    assert "app/deep" in place.look("--depth", "2").out


@of("--history", "status")
def _(place: Place) -> None:
    place.commit()
    assert json.loads(place.look("--history", "--format", "json").out)["history"]


@of("--usage", "status")
def _(place: Place) -> None:
    assert place.look("--usage", "none.db").status == 2


@of("--decide", "status")
def _(place: Place) -> None:
    assert "migrate would rewrite" not in place.look("--no-decide").out

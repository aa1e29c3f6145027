"""Which rules are told of: the command line, the configuration, and who counts before whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codemods import lint
from codemods.cache import memory, replay
from codemods.findings.selection import selected
from codemods.model.options import LintOptions
from codemods.model.rules import RULES
from codemods.project.tables.lint import LintConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    return ask(text, tracker)
"""
#: What is found in it.
CODES = ["AIU003", "AIU001"]
Run = "Callable[..., tuple[int, str, str]]"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one legacy file, in which runs are started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/old.py").write_text(LEGACY)
    return tmp_path


def codes(text: str) -> list[str]:
    """Return the codes of the findings in a report."""
    return [line.split()[1] for line in text.splitlines() if line.startswith("app/")]


def table(folder: Path, text: str) -> None:
    """Write the configuration of lint."""
    (folder / "pyproject.toml").write_text(f"[tool.ai-usage.lint]\n{text}\n")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], CODES),
        (["--select", "AIU001"], ["AIU001"]),
        (["--select", "legacy-import"], ["AIU003"]),
        (["--select", "AIU00"], CODES),
        (["--select", "AIU003,AIU009"], ["AIU003"]),
        (["--select", "AIU009", "--select", "AIU001"], ["AIU001"]),
        (["--select", "ALL", "--ignore", "AIU001"], ["AIU003"]),
        (["--ignore", "AIU00"], []),
        (["--ignore", "AIU00", "--select", "AIU001"], ["AIU001"]),
        (["--select", "AIU009", "--extend-select", "AIU001"], ["AIU001"]),
        (["--ignore", "AIU", "--extend-select", "AIU003"], ["AIU003"]),
        (["--select", "AIU01"], []),
    ],
)
def test_the_command_line_selects(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], found: list[str]
) -> None:
    """Codes, their beginnings and names select; what is not told of does not fail a run."""
    status, out, _ = run(*arguments)
    assert codes(out) == found
    assert status == (1 if found else 0)


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
@pytest.mark.parametrize(
    ("given", "near"),
    [("AIU999", "AIU"), ("legacy-imports", "'legacy-import'"), ("F401", ""), ("A", "")],
)
def test_unknown_rules_are_wrong_usage(
    run: Callable[..., tuple[int, str, str]], option: str, given: str, near: str
) -> None:
    """A word that selects nothing ends the run, with the nearest one that is valid."""
    status, out, err = run(option, given)
    assert (status, out) == (2, "")
    assert option in err
    assert f"no rule is called '{given}'" in err
    assert (f"Did you mean {near}" in err) or near in ("", "AIU")


@pytest.mark.parametrize("other", ["--select", "--extend-select"])
def test_contradictions_are_wrong_usage(
    run: Callable[..., tuple[int, str, str]], other: str
) -> None:
    """One rule cannot be selected and ignored by the same words, whether code or name."""
    status, _, err = run(other, "AIU003", "--ignore", "legacy-import")
    assert status == 2
    assert "'AIU003' is selected and ignored" in err
    assert run("--select", "AIU00", "--ignore", "AIU003")[0] == 1


def test_the_later_layer_counts() -> None:
    """The command line selects anew, or goes on from the table; in each the longer code counts."""
    every = frozenset(RULES)
    ours = LintConfig(ignore=("AIU003",), extend_select=())
    assert selected((LintConfig(), LintOptions())) == every
    assert selected((ours, LintOptions())) == every - {"AIU003"}
    assert selected((ours, LintOptions(ignore=("AIU001",)))) == every - {"AIU001", "AIU003"}
    assert selected((ours, LintOptions(extend_select=("AIU003",)))) == every
    assert selected((ours, LintOptions(select=("AIU003",)))) == {"AIU003"}
    only = LintConfig(select=("AIU00",), ignore=("AIU",))
    assert selected((only, LintOptions())) == {c for c in RULES if c.startswith("AIU00")}
    assert selected((LintConfig(select=()), LintOptions())) == frozenset()


def test_a_table_selects(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """[tool.ai-usage.lint] holds for its files, and the command line counts before it."""
    table(start, 'select = ["AIU0"]\nignore = ["legacy-import"]')
    assert codes(run()[1]) == ["AIU001"]
    assert codes(run("--extend-select", "AIU003")[1]) == CODES
    assert codes(run("--select", "AIU003")[1]) == ["AIU003"]
    table(start, 'select = ["AIU009"]\nextend-select = ["AIU003"]')
    assert codes(run()[1]) == ["AIU003"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("app/", ["AIU001"]),
        ("app/*.py", ["AIU001"]),
        ("old.py", ["AIU001"]),
        ("/app/old.py", ["AIU001"]),
        ("!tests/", ["AIU001"]),
        ("!app/", CODES),
        ("tests/", CODES),
        ("/old.py", CODES),
        ("old", CODES),
    ],
)
def test_files_may_ignore(
    start: Path, run: Callable[..., tuple[int, str, str]], pattern: str, found: list[str]
) -> None:
    """Patterns are those of `exclude`; one with `!` stands for all files but those."""
    table(start, f'per-file-ignores = {{"{pattern}" = ["AIU003"]}}')
    assert codes(run()[1]) == found
    assert codes(run("--select", "AIU00")[1]) == found


def test_what_is_no_error_is_told_and_does_not_fail(
    start: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A severity of a rule counts before that of a beginning of codes; errors fail the run."""
    table(start, 'severity = {AIU0 = "info", legacy-import = "warning"}')
    status, out, _ = run()
    assert status == 0
    assert "app/old.py:1:1: AIU003 warning: import for" in out
    assert "app/old.py:5:15: AIU001 info: tracker built" in out
    found = json.loads(run("--format", "json")[1])["files"][0]["findings"]
    assert [one["severity"] for one in found] == ["warning", "info"]
    table(start, 'severity = {AIU003 = "warning"}')
    assert run()[0] == 1
    assert run("--ignore", "AIU001")[0] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('selct = ["AIU001"]', "it has no key 'selct'. Did you mean 'select'?"),
        ('select = ["AIU0O1"]', "select: no rule is called 'AIU0O1'. Did you mean 'AIU001'?"),
        ('select = "AIU001"', "select: 'AIU001' is no list of rules"),
        ("ignore = [3]", "ignore: [3] is no list of rules"),
        ('extend-select = ["nested"]', "Did you mean 'nested-context'?"),
        ('per-file-ignores = {"tests/" = ["AIU1000"]}', "no rule is called 'AIU1000'"),
        ('per-file-ignores = {"" = ["AIU001"]}', "'' is no pattern of files"),
        ('per-file-ignores = ["tests/"]', "is no table"),
        ('severity = {AIU001 = "warn"}', "'warn' is no severity. Did you mean 'warning'?"),
        ('severity = {AIUX = "error"}', "no rule is called 'AIUX'"),
        ("severity = 3", "3 is no table"),
        ('select = ["AIU001"]\nignore = ["AIU001"]', "'AIU001' is selected and ignored"),
    ],
)
def test_mistakes_of_a_table_are_named(
    start: Path, run: Callable[..., tuple[int, str, str]], text: str, told: str
) -> None:
    """Unknown keys and values end the run with what may have been meant."""
    table(start, text)
    status, _, err = run()
    assert status == 2
    assert told in err
    assert "lint: " in err


def test_lint_must_be_a_table(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """What is no table is named as such."""
    (start / "pyproject.toml").write_text("[tool.ai-usage]\nlint = true\n")
    assert "True is no table. Write [tool.ai-usage.lint]" in run()[2]


def test_a_file_of_settings_is_named(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """--config holds for all files, in the place of what stands above them."""
    table(start, 'select = ["AIU009"]')
    (start / "ci.toml").write_text('[tool.ai-usage.lint]\nselect = ["AIU003"]\n')
    (start / "none.toml").write_text("[tool.other]\n")
    assert codes(run()[1]) == []
    assert codes(run("--config", "ci.toml")[1]) == ["AIU003"]
    assert "it cannot be read: no such file" in run("--config", "gone.toml")[2].lower()
    status, _, err = run("--config", "none.toml")
    assert (status, "it has no table [tool.ai-usage]" in err) == (2, True)


def test_findings_are_counted(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """--statistics prints how many there are of each rule, and no finding."""
    (start / "app/new.py").write_text(LEGACY + LEGACY[LEGACY.index("\n\n") :])
    status, out, _ = run("--statistics")
    assert status == 1
    assert out == "3  AIU001  tracker-built-by-hand\n2  AIU003  legacy-import\n"
    told = json.loads(run("--statistics", "--format", "json", "--ignore", "AIU001")[1])
    assert told == [{"code": "AIU003", "name": "legacy-import", "count": 2}]
    (start / "app/broken.py").write_text(LEGACY + "x = (\n")
    status, out, _ = run("--statistics")
    assert status == 2
    assert "app/broken.py: failed to parse" in out


def test_findings_need_not_fail(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """--exit-zero tells of findings with status 0; what went wrong fails still."""
    status, out, _ = run("--exit-zero")
    assert (status, codes(out)) == (0, CODES)
    (start / "app/broken.py").write_text(LEGACY + "x = (\n")
    assert run("--exit-zero")[0] == 2


def test_settings_are_shown(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """--show-settings prints what holds, with the command line in it, and lints nothing."""
    import tomllib

    table(start, 'ignore = ["AIU003"]\nseverity = {AIU001 = "info"}')
    with (start / "pyproject.toml").open("a") as file:
        file.write('[tool.ai-usage]\nexclude = ["generated/"]\n')
    status, out, _ = run("--show-settings", "--select", "AIU00", "--ignore", "AIU002")
    settings = tomllib.loads(out)["tool"]["ai-usage"]
    assert status == 0
    assert settings["exclude"] == ["generated/"]
    assert settings["runtime"] == "auto"
    assert settings["lint"]["select"] == sorted(
        code for code in RULES if code.startswith("AIU00") and code != "AIU002"
    )
    assert settings["lint"]["severity"] == {"AIU001": "info"}
    assert out.startswith(f"# .: from {start / 'pyproject.toml'}\n")


def test_files_are_shown(start: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """--show-files prints what a run would look at; that there is none is an error here too."""
    (start / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["gen/"]\n')
    for name in ("gen/made.py", "app/page.md"):
        (start / name).parent.mkdir(exist_ok=True)
        (start / name).write_text(LEGACY)
    assert run("--show-files") == (0, "app/old.py\n", "")
    assert run("--show-files", "--include", "markdown")[1] == "app/old.py\napp/page.md\n"
    assert run("--show-files", "gone.py")[::2] == (2, "gone.py: there is no such file or folder\n")
    (start / "app/old.py").unlink()
    assert run("--show-files")[0] == 2


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints one line, whatever else is asked for."""
    for option in ("--version", "-V"):
        assert lint.main([option, "nowhere"]) == 0
        assert capsys.readouterr().out.startswith("ai-usage-suite")


def test_what_is_remembered_follows_the_settings(
    start: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run with other settings tells what it would without a memory, replayed or not."""
    table(start, 'ignore = ["AIU003"]')
    (start / "ci.toml").write_text('[tool.ai-usage.lint]\nselect = ["AIU003"]\n')
    for number in range(memory.LEAST_FILES):
        (start / f"app/m{number}.py").write_text("x = 1\n")
    real = memory.now
    monkeypatch.setattr(memory, "now", lambda: real() + 60_000_000_000)

    def run(*arguments: str) -> list[str]:
        known = replay.told("lint", [*arguments, "."])
        lint.main([*arguments, "."])
        out = capsys.readouterr().out
        assert known is None or known[0] == out
        return codes(out)

    for _ in range(2):
        assert run() == ["AIU001"]
        assert run("--select", "AIU003") == ["AIU003"]
        assert run("--config", "ci.toml") == ["AIU003"]
    assert replay.told("lint", ["--config", "ci.toml", "."]) is not None
    (start / "ci.toml").write_text('[tool.ai-usage.lint]\nselect = ["AIU001"]\n')
    table(start, 'ignore = ["AIU001"]')
    assert run("--config", "ci.toml") == ["AIU001"]
    assert run() == ["AIU003"]

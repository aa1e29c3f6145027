"""What a table says of some of its files only: ``[[tool.ai-usage.overrides]]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codemods import lint, migrate
from codemods.model.runtime import Runtime
from codemods.project.config import ConfigError, Tables

if TYPE_CHECKING:
    from pathlib import Path

BATCH = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(texts):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1", batch_id="b-1")
    return [ask(text, tracker) for text in texts]
"""
TABLE = """\
[tool.ai-usage]
runtime = "tracker"
operations = {"read" = "read_all"}

[[tool.ai-usage.overrides]]
paths = ["tests/", "*_old.py"]
runtime = "conservative"
batch-pricing = false
operations = {"check" = "check_all"}

[[tool.ai-usage.overrides]]
paths = ["!app/"]
operations = {"read" = "read_elsewhere"}
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a table, in which runs are started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(TABLE)
    for name in ("app", "tests", "app/tests"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "runtime", "batches", "operations"),
    [
        ("app/a.py", "tracker", True, {"read": "read_all"}),
        ("app", "tracker", True, {"read": "read_all"}),
        ("app/a_old.py", "conservative", False, {"read": "read_all", "check": "check_all"}),
        ("app/tests/a.py", "conservative", False, {"read": "read_all", "check": "check_all"}),
        ("tests/a.py", "conservative", False, {"read": "read_elsewhere", "check": "check_all"}),
        ("other.py", "tracker", True, {"read": "read_elsewhere"}),
    ],
)
def test_the_last_one_that_matches_counts(
    start: Path, path: str, runtime: str, batches: bool, operations: dict[str, str]
) -> None:
    """Tables of keys are added up, other values are replaced, and files of one part share all."""
    tables = Tables(start)
    found = tables.of(start / path)
    assert (found.runtime, found.batch_pricing) == (Runtime(runtime), batches)
    assert dict(found.operations) == operations
    assert tables.of(start / path) is found


def test_files_are_rewritten_by_what_holds_for_them(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one run each file has its own runtime and names; --show-settings tells them."""
    for name in ("app", "tests"):
        (start / name / "a.py").write_text(BATCH)
    migrate.main(["--check", "."])
    capsys.readouterr()
    migrate.main(["."])
    assert 'operation_type="read_all"' in (start / "app/a.py").read_text()
    assert "read_elsewhere" in (start / "tests/a.py").read_text()
    capsys.readouterr()
    lint.main(["--show-settings", "tests/a.py"])
    assert 'runtime = "conservative"' in capsys.readouterr().out


def test_settings_without_a_table_are_the_defaults(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pyproject.toml that has no table of ours is none for us, and that is what is said."""
    (start / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    lint.main(["--show-settings", "app"])
    told = capsys.readouterr().out
    assert told.startswith(
        "# app: the defaults, for no pyproject.toml above it has [tool.ai-usage]"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("overrides = 3", "3 is no list of tables"),
        ("[[tool.ai-usage.overrides]]\nruntime = 'guide'", "None is no list of paths"),
        ("[[tool.ai-usage.overrides]]\npaths = ['!']\nruntime = 'guide'", "no pattern of files"),
        ("[[tool.ai-usage.overrides]]\npaths = ['a/']", "nothing is set for 'a/'"),
        (
            "[[tool.ai-usage.overrides]]\npaths = ['a/']\nruntim = 'guide'",
            "it has no key 'runtim'. Did you mean 'runtime'?",
        ),
        (
            "[[tool.ai-usage.overrides]]\npaths = ['a/']\nruntime = 'guid'",
            "runtime: 'guid' is not a runtime. Did you mean 'guide'?",
        ),
        ("[[tool.ai-usage.overrides]]\npaths = ['a/']\nexclude = ['b']", "has no key 'exclude'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, told: str) -> None:
    """What is wrong ends the run with what may have been meant."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.ai-usage]\n{text}\n")
    with pytest.raises(ConfigError, match=r"overrides: ") as error:
        Tables(tmp_path).of(tmp_path / "a.py")
    assert told in str(error.value)

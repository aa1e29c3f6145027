"""Comments that silence in files which name nothing of the tracker: each of them is needless."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from codemods import lint, merge, migrate
from codemods.cache import memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

NEEDLESS = "x = 1  # ai-usage: ignore[AIU001] it was here\n"
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker  # noqa: AIU003 for the old job


def read(text):
    tracker = AIUsageTracker()  # ai-usage: ignore[AIU001] the job closes it
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker=tracker)
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (NEEDLESS, "AIU100 needless suppression: AIU001 finds nothing here"),
        ("x = 1  # ai-usage: ignore\n", "AIU100 needless suppression: nothing is found here"),
        ("x = 1  # noqa: AIU001, E501\n", "AIU100 needless suppression: AIU001 finds nothing here"),
        ("# ai-usage: ignore-file[AIU003]\n", "AIU100 needless"),
        ("x = 1  # ai-usage: ignore[AIU999]\n", "AIU101"),
        ("x = 1  # noqa: E501\n", ""),
        ("x = 1  # noqa\n", ""),
        ("x = '# ai-usage: ignore[AIU001]'\n", ""),
        ("x = 'AIU001'  # see AIU001\n", ""),
        ("# ai-usage: operation=scan\n", ""),
        ("def (:  # ai-usage: ignore[AIU001]\n", ""),
    ],
)
def test_needless_comments_are_told_of(start: Path, run: Run, text: str, told: str) -> None:
    """Any file of Python is read for them, and strings and other comments are none."""
    (start / "a.py").write_text(text)
    status, out, _ = run()
    assert (status, told in out) == (1 if told else 0, True)
    if not told:
        assert out == "1 file scanned: nothing to do.\n"


def test_they_go_with_a_fix(start: Path, run: Run) -> None:
    """--fix takes them away, beside files with legacy code, and migrate alone leaves them."""
    (start / "a.py").write_text(NEEDLESS)
    plain = "\n".join(line.partition("  #")[0] for line in LEGACY.splitlines())
    (start / "b.py").write_text(plain)
    migrate.main(["--check", "."])
    assert (start / "a.py").read_text() == NEEDLESS
    status, _, err = run("--fix")
    assert (start / "a.py").read_text() == "x = 1\n"
    assert "2 findings fixed in 2 files" in err
    assert status == 0
    assert migrate.main(["--undo"]) == 0
    assert (start / "a.py").read_text() == NEEDLESS
    run("--fix", "--ignore", "AIU100")
    assert (start / "a.py").read_text() == NEEDLESS


def test_they_are_found_again_by_a_run_that_remembers(
    start: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with such a comment is none that has no work in it, for migrate neither."""
    monkeypatch.setattr(memory, "LEAST_FILES", 1)
    (start / "a.py").write_text(NEEDLESS)
    for _ in range(2):
        migrate.main(["--check", "."])
        assert run()[0] == 1


def test_parts_and_texts_have_them_too(
    start: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a run tells of its own files, and so does a text that is read."""
    (start / "a.py").write_text(NEEDLESS)
    (start / "b.py").write_text("x = 1\n")
    assert [run("--shard", part)[0] for part in ("1/2", "2/2")] == [1, 0]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NEEDLESS.encode())))
    assert lint.main(["-"]) == 1


def test_sarif_has_what_is_silenced(start: Path, run: Run) -> None:
    """Such a result has its suppression with the reason, the others have none; owners are named."""
    (start / "CODEOWNERS").write_text("*.py @anna @team/receipts\n")
    (start / "a.py").write_text(LEGACY)
    results = json.loads(run("--format", "sarif")[1])["runs"][0]["results"]
    found = {one["ruleId"]: one for one in results}
    assert [one["ruleId"] for one in results] == ["AIU002", "AIU003", "AIU001"]
    assert found["AIU002"]["suppressions"] == []
    assert found["AIU001"]["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "the job closes it"}
    ]
    assert found["AIU003"]["suppressions"][0]["justification"] == "for the old job"
    assert {tuple(one["properties"]["owners"]) for one in results} == {("@anna", "@team/receipts")}
    assert len({one["partialFingerprints"]["aiUsage/v1"] for one in results}) == 3
    (start / "a.py").write_text(LEGACY.replace("  #", "  # no"))
    results = json.loads(run("--format", "sarif")[1])["runs"][0]["results"]
    assert all("suppressions" not in one for one in results)


def test_what_is_silenced_is_told_by_no_other_report(start: Path, run: Run) -> None:
    """A tree where all is silenced is clean; parts that are joined keep what SARIF tells."""
    (start / "a.py").write_text(f"# ai-usage: ignore-file[AIU002]\n{LEGACY}")
    assert run()[:2] == (0, "1 file scanned: nothing to do.\n")
    for form in ("concise", "full", "github", "gitlab", "junit", "checkstyle", "azure"):
        status, out, _ = run("--format", form)
        assert (status, "AIU001" in out) == (0, False)
    whole = run("--format", "sarif")[1]
    for part in ("1/2", "2/2"):
        (start / f"{part[0]}.json").write_text(run("--shard", part, "--format", "json")[1])
    assert merge.main(["1.json", "2.json", "--report", "sarif=out.sarif"]) == 0
    assert (start / "out.sarif").read_text() == whole
    assert run("--format", "sarif", "--ignore", "AIU001")[1].count("inSource") == 2

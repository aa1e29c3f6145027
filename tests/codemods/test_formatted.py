"""A file that its formatter leaves alone is one that it leaves alone when it is migrated."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from harness import migrate_project

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
SITES = """

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id={value!r})
    return ask(text, tracker)


class Reader:
    def read_one(self, texts):
        for text in texts:
            tracker = AIUsageTracker(table_name={value!r})
            tracker.set_tracking_context(job_id=text)
            ask(text, tracker)


def read_all(texts):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(batch_id={value!r})
    for text in texts:
        ask(text, tracker)
""".replace("{value!r}", "VALUE")
LENGTHS = (72, 88, 100, 120)


def test_formatted_files_stay_formatted(tmp_path: Path) -> None:
    """Whatever the project's line length, and however long the values are."""
    files = {}
    for length in LENGTHS:
        files[f"p{length}/pyproject.toml"] = f"[tool.ruff]\nline-length = {length}\n"
        for size in range(1, 70, 4):
            sites = SITES.replace("VALUE", f'"{"v" * size}"')
            files[f"p{length}/m{size}.py"] = IMPORT + sites
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ruff = [sys.executable, "-m", "ruff", "format", "--no-cache", "--quiet"]
    subprocess.run([*ruff, tmp_path], check=True)
    formatted = {name: (tmp_path / name).read_text() for name in files}
    for name, outcome in migrate_project(tmp_path, formatted).items():
        assert outcome.changed is name.endswith(".py")
        assert outcome.refusals == ()
        (tmp_path / name).write_text(outcome.text)
    subprocess.run([*ruff, "--check", tmp_path], check=True)
    broken = [n for n in files if ",\n" in (tmp_path / n).read_text()]
    assert len(broken) > len(files) // 3

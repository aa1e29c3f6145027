"""A file that its formatter leaves alone is one that it leaves alone when it is migrated."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from harness import migrate, migrate_project

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
CALLS = """

def read_more(texts):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")

    def one(text):
        return ask(text, tracker)

    first = ask_twice(texts[0], tracker, kind=VALUE)
    ask_twice(texts[1], tracker, VALUE, also=texts)
    for text in texts:
        answer = service.answers.read(text, tracker, VALUE, 1)
        if not answer:
            raise NotRead(VALUE, text)
    return ask_at_last(first, tracker, VALUE)


async def wait_for(texts):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-2")
    first = await ask_slowly(texts[0], tracker, VALUE)
    return await ask_slowly(texts, first, kind=VALUE, tracker=tracker)
"""
LENGTHS = (72, 88, 100, 120)


def test_formatted_files_stay_formatted(tmp_path: Path) -> None:
    """Whatever the project's line length, and however long the values are."""
    files = {}
    for length in LENGTHS:
        files[f"p{length}/pyproject.toml"] = f"[tool.ruff]\nline-length = {length}\n"
        for size in range(1, 70, 4):
            sites = (SITES + CALLS).replace("VALUE", f'"{"v" * size}"')
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


def test_what_is_too_long_for_a_call_alone_is_left(tmp_path: Path) -> None:
    """Comments, several statements in a line, and what was too long before stay in their line."""
    lines = (
        f"ask(text, tracker, {'v' * 60})  # {'w' * 10}",
        f"ask(text, tracker, {'v' * 30}); ask(text, {'v' * 28})",
        f"ask(text, tracker, {'v' * 70})",
        f"ask(text, *{'v' * 58})(tracker)",
        f"return [ask(one, tracker, {'v' * 42}) for one in text]",
    )
    text = IMPORT + "\n\ndef read(text):\n    tracker = AIUsageTracker()\n"
    text += '    tracker.set_tracking_context(job_id="a")\n' + "".join(
        f"    {ln}\n" for ln in lines
    )
    files = {"m.py": text, "pyproject.toml": "[tool.ruff]\nline-length = 88\n"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    outcome = migrate_project(tmp_path, files)["m.py"]
    assert all(f"        {line}\n" in outcome.text for line in lines)


@pytest.mark.parametrize("above", ["", "\n", "\n\n", "    # about it\n", "\n    # about it\n"])
def test_a_blank_line_above_a_definition_at_the_start(tmp_path: Path, above: str) -> None:
    """It stays if it is right above, once; nothing else begins a block with one."""
    text = IMPORT + "\n\ndef read(text):\n    tracker = AIUsageTracker()\n"
    text += '    tracker.set_tracking_context(job_id="a")\n'
    outcome = migrate(tmp_path, f"{text}{above}    def one(x):\n        pass\n\n    ask(tracker)\n")
    kept = "\n" if above and not above.strip() else above.lstrip("\n").replace("    #", "        #")
    assert f"as tracker:\n{kept}        def one(x):" in outcome.text
    outcome = migrate(tmp_path, f"{text}{above}    ask(tracker)\n")
    assert f"as tracker:\n{kept.lstrip() and kept}        ask" in outcome.text

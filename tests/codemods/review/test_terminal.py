"""``--interactive`` at a real terminal: what is shown, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reviewing import BOTH, CONTEXT, FILES, function, project, terminal, texts, written

if TYPE_CHECKING:
    from pathlib import Path

GREEN, RED, CYAN = "\x1b[32m", "\x1b[31m", "\x1b[36m"


def test_a_rewrite_is_shown_in_colours_and_the_end_of_the_input_ends_the_review(
    tmp_path: Path,
) -> None:
    """The place, why it is safe, and the lines that come and go; Ctrl-D is as q.

    No line that tells how far the run is is written over a question.
    """
    folder = project(tmp_path, FILES)
    with terminal(folder) as person:
        shown = person.until_asked()
        person.type("y\n")
        person.until_asked()
        person.type("\x04")
        assert person.ended() == 1
    assert f"app/first.py:5:15: {GREEN}AIU001" in shown
    assert "safe: tracker is built here" in shown
    assert f"{GREEN}+    with ai_usage_context(" in shown
    assert f"{RED}-    tracker = AIUsageTracker()" in shown
    assert f"{CYAN}@@ " in shown
    assert "\n def scan_receipt(client, text):\n" in shown
    assert "\r\x1b[K" not in person.said
    assert "what was accepted until then is written" in person.said
    first = BOTH + written("scan_receipt", "scan-1") + function("read_invoice", "read-1")
    assert texts(folder, FILES) == {**FILES, "app/first.py": first}


def test_an_interrupt_writes_nothing(tmp_path: Path) -> None:
    """Ctrl-C, here at the question for a name, leaves every file as it was, and no journal.

    What was accepted and named before makes no difference.
    """
    folder = project(tmp_path, FILES)
    with terminal(folder) as person:
        for keys in ("e\nreceipt_ocr\n", "y\n", "y\n"):
            person.until_asked()
            person.type(keys)
        person.until_asked()
        person.type("e\n")
        person.until_asked("nothing to leave it: ")
        person.type("\x03")
        assert person.ended() == 130
    assert "Interrupted. Nothing was written." in person.said
    assert texts(folder, FILES) == FILES
    assert sorted(path.name for path in folder.iterdir()) == ["app", "pyproject.toml"]


def test_a_file_that_changed_in_between_stays(tmp_path: Path) -> None:
    """What somebody wrote while the question stood is not lost; the other files are written."""
    folder = project(tmp_path, FILES)
    with terminal(folder) as person:
        person.until_asked()
        (folder / "app/first.py").write_text("mine = 1\n")
        person.type("a\n")
        assert person.ended() == 2
    assert "app/first.py: " in person.said
    assert "changed while the run was under way" in person.said
    second = CONTEXT + written("total_up", "total-1")
    found = texts(folder, FILES)
    assert found == {**FILES, "app/first.py": "mine = 1\n", "app/second.py": second}

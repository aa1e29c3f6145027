"""Versions of a file that are counted one after the other have what each has by itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from many_cases import each_of
from rows import ROWS

from codemods.burndown import versions as counted_versions
from codemods.burndown.counting import of_content
from codemods.burndown.versions import Versions

if TYPE_CHECKING:
    import pytest

BASE = """\
from tracker.ai_usage_context import ai_usage_context

# one
def one(t):
    t.set_tracking_context(job_id="1")


@decorated
def two(t):
    with ai_usage_context("two"):
        t.set_tracking_context(job_id="2")
x = 1
"""


@each_of(
    ("old", "new"),
    [
        ('job_id="1"', 'job_id="11"'),
        ("    t.set_tracking", "    pass; t.set_tracking"),
        ("x = 1\n", "x = 1"),
        ("x = 1\n", "x = 10\n"),
        ("x = 1\n", "x = 1\ny = t.set_tracking_context()\n"),
        ("x = 1\n", "x = 1 \\\n"),
        ("x = 1\n", "x = 1 \\\n\n"),
        ("x = 1\n", "else:\n    t.set_tracking_context()\n"),
        ("# one\n", "# one\nif x:\n    pass\n"),
        ("# one\n", "# one\nif x:\n"),
        ("# one\n", "# one\n@ai_usage_tracked()\n"),
        ("# one\n", "'''\n"),
        ("# one\n", "x = (\n"),
        ("# one\n", "t.set_tracking_context(); "),
        ("import ai_usage_context", "import ai_usage_context as more"),
        ("x = 1\n", "with more(): t.set_context(1)\n"),
        ("x = 1\n", "é = 1\n"),
        ("x = 1\n", "x = 1\r\n"),
        ("def one(t):\n", "def one(t):\n\n\n\n"),
        ("@decorated\n", ""),
        ("@decorated\ndef two(t):\n", ""),
        ("        t.set_tracking", "t.set_tracking"),
    ],
)
def test_an_edit_counts_as_its_file(old: str, new: str) -> None:
    """Whole statements, parts of some, and what makes other programs of those around."""
    known = Versions()
    changed = BASE.replace(old, new)
    assert changed != BASE
    for text in (BASE, changed, BASE, changed + BASE, changed, BASE + changed):
        content = text.encode()
        assert known.counts(content, "a.py") == of_content(content, "a.py"), text


def test_only_what_is_new_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that differs in one function has the others from before."""
    parsed: list[str] = []
    real = counted_versions._parted
    monkeypatch.setattr(counted_versions, "_parted", lambda text: parsed.append(text) or real(text))
    known = Versions()
    known.counts(BASE.encode(), "a.py")
    known.counts(BASE.replace('job_id="1"', 'job_id="11"').encode(), "a.py")
    assert parsed[0] == BASE
    assert "def one" in parsed[1]
    assert "def two" not in parsed[1]


@each_of("part", range(4))
def test_versions_of_all_kinds(part: int) -> None:
    """Programs with lines taken out, put in, doubled and changed, one version after the other."""
    chosen = random.Random(part)
    for path in sorted(ROWS.glob("*/before.py"))[part::40]:
        known = Versions()
        text = path.read_text()
        for _ in range(30):
            lines = text.split("\n")
            at, other = chosen.randrange(len(lines)), chosen.randrange(len(lines))
            match chosen.randrange(5):
                case 0:
                    del lines[at : at + chosen.randrange(3)]
                case 1:
                    lines.insert(at, lines[other])
                case 2:
                    lines[at] += chosen.choice([" \\", "  # x", "; t.set_tracking_context()", "("])
                case 3:
                    lines[at:at] = lines[other : other + 6]
                case _:
                    lines[at] = lines[at].strip()
            new = "\n".join(lines).encode()
            expected = of_content(new, "a.py")
            assert known.counts(new, "a.py") == expected, new.decode()
            if not expected.unread or chosen.random() < 0.3:
                text = new.decode()
            if chosen.random() < 0.1:
                text = path.read_text()

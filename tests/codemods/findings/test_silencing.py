"""Which comments silence which findings, and which silence nothing."""

from __future__ import annotations

import pytest
from many_cases import each_of

from codemods.findings.comments import comments_of
from codemods.findings.judging import judged
from codemods.model.finding import Finding
from codemods.model.source import Span


def findings(text: str, *codes: str) -> list[Finding]:
    """Return a finding of each of *codes* for each call of ``old()`` in *text*."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        at = line.find("old(")
        if at >= 0 and not line.lstrip().startswith("#"):
            rest = text.splitlines()[number - 1 :]
            last = number + next(n for n, one in enumerate(rest) if ")" in one)
            span = Span(number, at + 1, last, 1)
            found += [Finding(code, "a.py", span, "old call") for code in codes]
    return found


def told(text: str, *codes: str) -> list[tuple[str, int]]:
    """Return code and line of what is told of *text*."""
    return [
        (one.code, one.span.line)
        for one in judged(findings(text, *(codes or ("AIU001",))), text, "a.py").findings
    ]


@each_of(
    "text",
    [
        "old()  # ai-usage: ignore[AIU001] the tool closes it\n",
        "old()  # ai-usage: ignore[tracker-built-by-hand]\n",
        "old()  #ai-usage:ignore[aiu001]\n",
        "old()  # ai-usage: ignore\n",
        "old()  # type: ignore  # ai-usage: ignore[AIU001] reason\n",
        "old()  # noqa: AIU001\n",
        "old()  # noqa: E501, AIU001\n",
        "old()  # noqa: E501 AIU001 because\n",
        "old()  # noqa\n",
        "old()  # NOQA: AIU001\n",
        "# ai-usage: ignore[AIU001] reason\nold()\n",
        "# ai-usage: ignore[AIU001]\n\n# another comment\nold()\n",
        "# ai-usage: ignore[AIU001]\nx = [\n    1,\n    old(),\n]\n",
        "x = [\n    1,\n    # ai-usage: ignore[AIU001]\n    old(),\n]\n",
        "old(\n    1,\n)  # ai-usage: ignore[AIU001]\n",
        "old(  # ai-usage: ignore[AIU001]\n    1,\n)\n",
        "# ai-usage: ignore-file[AIU001] reason\nx = 1\nold()\n",
        "old()\nx = 1  # ai-usage: ignore-file\n",
        "# ai-usage: off[AIU001]\nold()\n# ai-usage: on[AIU001]\n",
        "# ai-usage: off\nold()\n",
        "# ai-usage: off[AIU001, AIU001]\nold()\n# ai-usage: on\n",
        "x = '''\n'''; old()  # ai-usage: ignore[AIU001]\n",
        "if x:\n    # ai-usage: ignore[AIU001]\n    old()\n",
        "\ufeff# ai-usage: ignore[AIU001]\nold()\n".removeprefix("\ufeff"),
        "old()  # ai-usage: ignore[AIU001]\r\nx = 1\r\n",
    ],
)
def test_a_comment_silences(text: str) -> None:
    """On the first or last line of a finding, above its statement, for a file, or for a range."""
    assert told(text) == []


@each_of(
    ("text", "left"),
    [
        ("old()  # ai-usage: ignore[AIU003]\n", [("AIU001", 1), ("AIU100", 1)]),
        ("x = '# ai-usage: ignore[AIU001]'; old()\n", [("AIU001", 1)]),
        ("x = '''\n# ai-usage: ignore-file\n'''\nold()\n", [("AIU001", 4)]),
        ("old()\n# ai-usage: ignore[AIU001]\n", [("AIU001", 1), ("AIU100", 2)]),
        ("# ai-usage: ignore[AIU001]\nx = 1\nold()\n", [("AIU100", 1), ("AIU001", 3)]),
        ("# noqa: AIU001\nold()\n", [("AIU100", 1), ("AIU001", 2)]),
        ("# ai-usage: off[AIU001]\n# ai-usage: on\nold()\n", None),
        ("old()\n# ai-usage: off[AIU001]\n", [("AIU001", 1), ("AIU100", 2)]),
        ("old()  # ai-usage: ignored[AIU001]\n", [("AIU001", 1)]),
        ("old()  # ai-usage: ignore-files\n", [("AIU001", 1)]),
        ("old()  # my-ai-usage: ignore[AIU001]\n", [("AIU001", 1)]),
        ("old()  # noqa:\n", [("AIU001", 1)]),
        ("old()  # noqa: E501\n", [("AIU001", 1)]),
        ("old()  # noqaAIU001\n", [("AIU001", 1)]),
        ("old()  # ai-usage: ignore[] none\n", [("AIU001", 1), ("AIU100", 1)]),
        ("old()  # ai-usage: operation=receipt_scan\n", [("AIU001", 1)]),
        ("x = [\n    # ai-usage: ignore[AIU001]\n    1,\n    old(),\n]\n", None),
    ],
)
def test_others_do_not(text: str, left: list[tuple[str, int]] | None) -> None:
    """Strings, other lines and other rules, what is off again, and words that only begin alike."""
    found = told(text)
    assert [one for one in found if one[0] == "AIU001"]
    assert left is None or found == left


@each_of(
    ("text", "left"),
    [
        ("x = 1  # noqa\n", []),
        ("x = 1  # noqa: E501\n", []),
        ("x = 1  # noqa: AIU001\n", ["AIU001 finds nothing here"]),
        ("x = 1  # ai-usage: ignore\n", ["nothing is found here"]),
        ("x = 1  # ai-usage: ignore[AIU001, AIU002]\n", ["AIU001, AIU002 find nothing here"]),
        ("old()  # ai-usage: ignore[AIU001, AIU002]\n", ["AIU002 finds nothing here"]),
        ("x = 1  # ai-usage: ignore[AIU100]\n", []),
        ("x = 1  # ai-usage: ignore[AIU001, AIU100]\n", []),
        ("# ai-usage: ignore-file[AIU100]\nx = 1  # ai-usage: ignore[AIU001]\n", []),
        ("# ai-usage: ignore-file[AIU001]\nx = 1\n", ["AIU001 finds nothing here"]),
        (
            "# ai-usage: ignore-file[AIU001]\nold()  # ai-usage: ignore[AIU001]\n",
            ["AIU001 finds nothing here"],
        ),
        ("old()  # noqa: AIU001  # ai-usage: ignore[AIU001]\n", ["AIU001 finds nothing here"]),
        ("# ai-usage: on\n", ["nothing is off here"]),
        ("# ai-usage: on[AIU001]\n", ["nothing is off here"]),
        (
            "# ai-usage: off[AIU001]\nx = 1\n# ai-usage: on[AIU001]\n",
            ["AIU001 finds nothing here", "it ends a needless suppression"],
        ),
        ("# ai-usage: off[AIU001]\nold()\n# ai-usage: on[AIU002]\n", ["nothing is off here"]),
        (
            "# ai-usage: off[AIU001]\nold()\n# ai-usage: on\n# ai-usage: on[AIU001]\n",
            ["nothing is off here"],
        ),
        (
            "# ai-usage: off[AIU001, AIU002]\nold()\n# ai-usage: on[AIU001]\n"
            "# ai-usage: on[AIU002]\n",
            ["AIU002 finds nothing here"],
        ),
        ("old()  # ai-usage: ignore[AIU001, AIU01x]\n", ["no rule is called 'AIU01x'"]),
        ("old()  # ai-usage: ignore[AIU001, E501]\n", ["no rule is called 'E501'"]),
        ("old()  # noqa: AIU001, AIU999\n", ["no rule is called 'AIU999'"]),
        ("old()  # ai-usage: ignore[AIU001, nested]\n", ["Did you mean 'nested-context'?"]),
        ("x = 1  # ai-usage: ignore[AIU999, AIU101]\n", []),
    ],
)
def test_comments_are_told_of(text: str, left: list[str]) -> None:
    """What silences nothing is, unless it is for other linters or silences just that."""
    found = judged(findings(text, "AIU001"), text, "a.py").findings
    about = [one for one in found if one.code > "AIU099"]
    assert len(about) == len(left)
    for one, message in zip(about, left, strict=True):
        assert message in one.message


def test_a_range_ends_for_each_rule() -> None:
    """What is put on again for one rule is off for the others."""
    text = (
        "# ai-usage: off[AIU001, AIU002]\nold()\n# ai-usage: on[AIU001]\nold()\n"
        "# ai-usage: on\nold()\n"
    )
    assert told(text, "AIU001", "AIU002") == [("AIU001", 4), ("AIU001", 6), ("AIU002", 6)]
    every = "# ai-usage: off\nold()\n# ai-usage: on[AIU001]\nold()\n"
    assert told(every, "AIU001", "AIU002") == [("AIU001", 4)]


@pytest.mark.parametrize("text", ["x = (\n# noqa: AIU001", "'''\n# noqa: AIU001"])
def test_what_cannot_be_read_silences_nothing(text: str) -> None:
    """Who parses the program tells of that."""
    assert comments_of(text).directives == ()

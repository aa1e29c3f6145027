"""Whatever comments, newlines and indents a program has, the same rewrite comes out."""

from __future__ import annotations

import io
import sys
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import migrate

#: Lines of a program: (depth, statements that may share a line).
Line = tuple[int, tuple[str, ...]]

HEAD: list[Line] = [(0, ("from tracker.ai_usage_tracker import AIUsageTracker",))]
SIMPLE: list[Line] = [
    (0, ("def scan(client, number):",)),
    (1, ("tracker = AIUsageTracker()", "tracker.set_tracking_context(job_id=number)")),
    (1, ("first = client.scan(number)", "second = client.scan(first)")),
    (1, ("return second",)),
]
LOOP: list[Line] = [
    (0, ("def scan_all(client, numbers):",)),
    (1, ("found = []",)),
    (1, ("for number in numbers:",)),
    (2, ("tracker = AIUsageTracker()",)),
    (2, ("tracker.set_tracking_context(number)",)),
    (2, ("if number:",)),
    (3, ("found.append(client.scan(number))", "print(number)")),
    (1, ("return found",)),
]
FLUSH: list[Line] = [
    (0, ("class Scanner:",)),
    (1, ("def scan(self, number):",)),
    (2, ("tracker = AIUsageTracker()",)),
    (2, ("tracker.set_tracking_context(job_id='a', batch_id=number)",)),
    (2, ("self.client.scan(number)", "self.count = 1")),
    (2, ("tracker.flush_metrics()",)),
    (2, ("return None",)),
]
ESCAPE: list[Line] = [
    (0, ("def configured(number):",)),
    (1, ("tracker = AIUsageTracker()", "tracker.set_tracking_context(job_id=number)")),
    (1, ("return tracker",)),
]
OTHER: list[Line] = [
    (0, ("def other(value):",)),
    (1, ("text = 'AIUsageTracker'", "value += 1")),
    (1, ("return value, text",)),
]
PROGRAMS = [
    HEAD + SIMPLE,
    HEAD + LOOP,
    HEAD + FLUSH,
    HEAD + ESCAPE,
    HEAD + OTHER,
    HEAD + OTHER + SIMPLE + ESCAPE + LOOP,
]
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.ENDMARKER,
}


@st.composite
def trivia(draw: st.DrawFn, lines: list[Line]) -> str:
    """Return the program *lines* as text, with random trivia around its statements."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from(["    ", "  ", "\t", "   "]))
    numbers = iter(range(1000))
    written: list[str] = []
    above = st.sampled_from(["", "", "", "blank", "spaces", "comment", "left", "both", "form feed"])
    behind = st.sampled_from(["", "", "", " ", "  # {}", "# {}", "\t# pragma: no cover {}", "  \t"])
    for depth, statements in lines:
        pad = indent * depth
        kind = draw(above)
        if kind in ("blank", "both"):
            written.append(newline)
        if kind == "spaces":
            written.append(f"  \t{newline}")
        if kind == "form feed" and depth == 0:
            written.append(f"\x0c{newline}")
        if kind in ("comment", "both"):
            written.append(f"{pad}# above {next(numbers)}{newline}")
        if kind == "left":
            written.append(f"# left {next(numbers)}{newline}")
        rows = [draw(st.sampled_from(["; ", ";", " ; "])).join(statements)]
        if len(statements) > 1 and draw(st.booleans()):
            rows = list(statements)
        for row in rows:
            semicolon = draw(st.sampled_from(["", "", ";"])) if not row.endswith(":") else ""
            end = draw(behind).format(next(numbers))
            written.append(f"{pad}{row}{semicolon}{end}{newline}")
    text = "".join(written)
    return text if draw(st.booleans()) else text.removesuffix(newline)


@st.composite
def program(draw: st.DrawFn) -> tuple[str, str]:
    """Return a program without trivia, and the same one with."""
    lines = draw(st.sampled_from(PROGRAMS))
    plain = "".join(f"{'    ' * depth}{row}\n" for depth, rows in lines for row in rows)
    return plain, draw(trivia(lines))


def tokens(text: str) -> list[tuple[int, str]]:
    """Return the tokens of *text* without its layout; a semicolon ends a statement as a line."""
    read = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        (token.type, "" if token.type == tokenize.DEDENT else token.string)
        for token in read
        if token.type not in _LAYOUT and token.string != ";"
    ]


def comments(text: str) -> Counter[str]:
    """Return the comments of *text*, each as often as it is there."""
    read = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string.rstrip() for token in read if token.type == tokenize.COMMENT)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(program())
def test_trivia_do_not_change_the_rewrite(case: tuple[str, str]) -> None:
    """The same tokens come out as without trivia, all comments are kept, a second run is quiet."""
    plain, text = case
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = migrate(folder, plain)
        outcome = migrate(folder, text)
        assert outcome.failed is None, outcome.failed
        assert outcome.reasons == expected.reasons
        assert outcome.changed == expected.changed
        assert comments(outcome.text) == comments(text)
        assert tokens(outcome.text) == tokens(expected.text)
        compile(outcome.text, "receipts.py", "exec")
        if "\r\n" in text:
            assert "\n" not in outcome.text.replace("\r\n", "")
        else:
            assert "\r" not in outcome.text
        again = migrate(folder, outcome.text)
        assert not again.changed
        assert again.failed is None
        assert again.reasons == outcome.reasons

"""The conformance matrix: one test for each column in which other tools lose a run or a byte."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tool import LEGACY, MIGRATED, REFUSED, contents, lint_command, migrate_command

SITE = "".join(LEGACY.splitlines(keepends=True)[4:])
HEAD = LEGACY.removesuffix(SITE)
BLOCK = "".join(MIGRATED.splitlines(keepends=True)[4:])
NEW_HEAD = MIGRATED.removesuffix(BLOCK)
TERMS = LEGACY + "\n\nTOTAL = " + " + ".join(["1"] * 4000) + "\n"
PARENTHESES = LEGACY + "\n\nVALUE = " + "(" * 300 + "1" + ")" * 300 + "\n"
BEYOND = LEGACY + "\n\nTOTAL = " + " + ".join(["1"] * 300_000) + "\n"


SEPARATORS = 'X = "a\u2028b\x0bc\x0cd\x85"  # a\u2028b\x0bc\x0cd\x85\n'


def run_beside(folder: Path, name: str, content: bytes, *arguments: str) -> tuple[int, str, bytes]:
    """Migrate *content* beside a legacy file that comes after it, which must not be lost.

    Returns the status, the report, and what became of the content.
    """
    (folder / name).write_bytes(content)
    (folder / "zz_receipts.py").write_text(LEGACY)
    done = migrate_command(folder, *arguments, ".")
    assert (folder / "zz_receipts.py").read_text() == MIGRATED, done.said
    return done.status, done.said, (folder / name).read_bytes()


@pytest.mark.lengthy
def test_deep_expression(tmp_path: Path) -> None:
    """A sum of 4,000 terms beside the site is no obstacle, and is written as it was."""
    status, said, after = run_beside(tmp_path, "deep.py", TERMS.encode())
    assert status == 0, said
    assert after == (MIGRATED + TERMS.removeprefix(LEGACY)).encode()


BRANCHES = "    if number == 0:\n        kind = 0\n" + "".join(
    f"    elif number == {kind}:\n        kind = {kind}\n" for kind in range(1, 3000)
)
SUM = "    total = " + " + ".join(["number"] * 4000) + "\n"


@pytest.mark.lengthy
@pytest.mark.parametrize("before", [BRANCHES, SUM], ids=["elif", "terms"])
def test_deep_code_in_the_function_itself(tmp_path: Path, before: str) -> None:
    """A site is rewritten behind thousands of branches or terms too, and in seconds."""
    status, said, after = run_beside(tmp_path, "deep.py", (HEAD + before + SITE).encode())
    assert status == 0, said
    assert after.decode() == NEW_HEAD + before + BLOCK


@pytest.mark.lengthy
def test_hundred_thousand_lines(tmp_path: Path) -> None:
    """A file of 100,000 lines is migrated at its begin and end; nothing else in it changes."""
    words = "    # one of many lines\n" * 17
    step = "\n\ndef step_{0}(value):\n" + words + "    return value + {0}\n"
    filler = "".join(map(step.format, range(5000)))
    site = "\n\ndef scan_again(client, number):\n"
    (tmp_path / "long.py").write_text(LEGACY + filler + site + SITE)
    assert (LEGACY + filler).count("\n") > 100_000
    done = migrate_command(tmp_path, ".")
    assert done.status == 0, done.said
    block = BLOCK.replace("scan_receipt", "scan_again")
    assert (tmp_path / "long.py").read_text() == MIGRATED + filler + site + block


@pytest.mark.parametrize("text", [PARENTHESES, BEYOND], ids=["parentheses", "beyond_the_stack"])
def test_too_deep_expression_is_a_named_failure(tmp_path: Path, text: str) -> None:
    """What the parser itself gives up on stays as it was and is named; the run goes on."""
    status, said, after = run_beside(tmp_path, "deep.py", text.encode())
    assert status == 2
    assert "deep.py: failed to parse: " in said
    assert after == text.encode()


@pytest.mark.parametrize(
    "text",
    [LEGACY + "def broken(:\n", LEGACY + "print 'x'\n", LEGACY + "  x = 1\n", LEGACY + "'''\n"],
    ids=["colon", "python_2", "indentation", "open_string"],
)
def test_syntax_error(tmp_path: Path, text: str) -> None:
    """A file that does not parse stays as it was, is named with its line, and the run goes on."""
    status, said, after = run_beside(tmp_path, "broken.py", text.encode())
    assert status == 2
    assert "broken.py: failed to parse: " in said
    assert "(line " in said
    assert after == text.encode()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "koi8-r", "shift_jis"])
def test_coding_cookie(tmp_path: Path, encoding: str) -> None:
    """A file is decoded by its coding line, and every byte outside of the change is kept."""
    word = {"koi8-r": "чек", "shift_jis": "領収書"}.get(encoding, "reçu")
    head = f"# -*- coding: {encoding} -*-\nNAME = '{word}'\n"
    status, said, after = run_beside(tmp_path, "coded.py", (head + LEGACY).encode(encoding))
    assert status == 0, said
    assert after.startswith(head.encode(encoding))
    compile(after, "coded.py", "exec")
    assert b"set_tracking_context" not in after


@pytest.mark.parametrize(
    "content",
    [
        b"# -*- coding: unheard-of -*-\n" + LEGACY.encode(),
        b"# -*- coding: ascii -*-\nNAME = '\xe7'\n" + LEGACY.encode(),
        b"NAME = '\xe7'\n" + LEGACY.encode(),
        b"\xef\xbb\xbf# -*- coding: latin-1 -*-\n" + LEGACY.encode(),
        b"\xff\xfe" + LEGACY.encode("utf-16-le"),
        LEGACY.encode() + b"\0",
        b"\0" + LEGACY.encode(),
    ],
    ids=["unknown", "not_ascii", "not_utf8", "mark_and_latin", "utf16", "nul", "nul_first"],
)
def test_undecodable_file(tmp_path: Path, content: bytes) -> None:
    """A file that the interpreter could not read either stays as it was, and the run goes on."""
    status, said, after = run_beside(tmp_path, "odd.py", content)
    assert after == content
    assert status == 2
    assert "odd.py: failed to read: " in said


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("final", [True, False])
def test_mark_newlines_and_end_of_file(
    tmp_path: Path, newline: str, mark: bytes, final: bool
) -> None:
    """Byte order mark, newlines, and a missing final newline are kept, in each combination."""

    def encoded(text: str) -> bytes:
        return mark + (text if final else text.rstrip("\n")).replace("\n", newline).encode()

    status, said, after = run_beside(tmp_path, "receipts.py", encoded(LEGACY))
    assert status == 0, said
    assert after == encoded(MIGRATED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LEGACY.replace("\n\n\n", "\n\x0c\n\n"), MIGRATED.replace("\n\n\n", "\n\x0c\n\n")),
        (LEGACY + "X = 1\r\nY = 2\n", MIGRATED + "X = 1\r\nY = 2\n"),
        (LEGACY + SEPARATORS, MIGRATED + SEPARATORS),
        (LEGACY + "X = 1", MIGRATED + "X = 1"),
    ],
    ids=["form_feed", "mixed_newlines", "separators", "no_final_newline"],
)
def test_odd_lines(tmp_path: Path, before: str, after: str) -> None:
    """What is no newline for Python is none for us, and each line keeps the end that it has."""
    status, said, result = run_beside(tmp_path, "odd.py", before.encode())
    assert status == 0, said
    assert result == after.encode()
    again = migrate_command(tmp_path, ".")
    assert (again.status, (tmp_path / "odd.py").read_bytes()) == (0, result)


@pytest.mark.parametrize(
    ("text", "status"),
    [(LEGACY, 0), (MIGRATED, 0), ("", 0), (REFUSED, 1), (LEGACY + "def (:\n", 2)],
    ids=["rewritten", "modern", "empty", "refused", "broken"],
)
def test_exit_status_of_the_fix_and_of_a_second_run(tmp_path: Path, text: str, status: int) -> None:
    """The status tells whether anything is left, and a second run is quiet and says the same."""
    (tmp_path / "receipts.py").write_text(text)
    assert migrate_command(tmp_path, ".").status == status
    first = contents(tmp_path)
    again = migrate_command(tmp_path, ".")
    assert again.status == status
    assert contents(tmp_path) == first
    assert "changed" not in again.said


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"# nothing\n", b"\x0c\n", b"\r"])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    """A file without code is neither changed nor mentioned."""
    status, said, after = run_beside(tmp_path, "empty.py", content)
    assert (status, after) == (0, content)
    assert "empty.py" not in said


@pytest.mark.parametrize("content", [LEGACY.encode() + b"\0", b"AIUsageTracker = (\n"])
def test_lint_goes_on_too(tmp_path: Path, content: bytes) -> None:
    """Lint names the bad file and still reports the others."""
    (tmp_path / "bad.py").write_bytes(content)
    (tmp_path / "receipts.py").write_text(LEGACY)
    done = lint_command(tmp_path, ".")
    assert done.status == 2
    assert "bad.py: failed to" in done.said
    assert "receipts.py:5:15: AIU001" in done.said

"""The patch: what git makes of it is what the rewrite made."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codemods.model.outcome import Changed
from codemods.model.source import SourceFile
from codemods.report.diff import unified


def change(path: Path, before: bytes, after: bytes) -> Changed:
    """Return the change of *path* from *before* to *after*."""
    source = SourceFile(path, path.name, before, "", "utf-8", False, "\n", "")
    return Changed(source, after, ())


def applied(folder: Path, patch: bytes, *extra: str) -> subprocess.CompletedProcess[bytes]:
    """Return what git says to *patch*."""
    return subprocess.run(
        ["git", "apply", *extra, "-"], cwd=folder, input=patch, capture_output=True, check=False
    )


def assert_applies(folder: Path, name: str, before: bytes, after: bytes) -> bytes:
    """Check that git makes *after* of *before*; return the patch."""
    path = folder / os.fsdecode(os.fsencode(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before)
    patch = unified([change(path, before, after)], folder)
    done = applied(folder, patch)
    assert done.returncode == 0, (done.stderr, patch)
    assert path.read_bytes() == after
    return patch


def test_reads_like_a_diff(tmp_path: Path) -> None:
    """A patch has git's header, three lines of context and no more."""
    before = b"".join(b"line %d\n" % number for number in range(12))
    after = before.replace(b"line 6\n", b"line six\n")
    assert assert_applies(tmp_path, "pkg/a.py", before, after).decode() == (
        "diff --git a/pkg/a.py b/pkg/a.py\n--- a/pkg/a.py\n+++ b/pkg/a.py\n"
        "@@ -4,7 +4,7 @@\n line 3\n line 4\n line 5\n"
        "-line 6\n+line six\n line 7\n line 8\n line 9\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nc\r\nb\r\n"),
        (b"a\nb\r\nc\rd\n", b"a\nB\r\nc\rd\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfA\nb\n"),
        (b"# coding: latin-1\n'\xe9'\n", b"# coding: latin-1\n'\xe8'\n"),
        (b"a\n\x0cb\n\x0c\nc\n", b"a\n\x0cb\n\x0c\nd\n"),
        (b"-- \n++ \n@@ -1 +1 @@\n", b"--- a\n+++ b\n@@ -1 +1 @@\n"),
        (b"a \t\n\n\n", b"a\t \n\n\n\n"),
        (b"\\ No newline at end of file\n", b"\\ No newline at end of file"),
        (b"only\n", b"\n"),
    ],
)
def test_bytes(tmp_path: Path, before: bytes, after: bytes) -> None:
    """CRLF, mixed newlines, no final newline, marks, latin-1, form feeds: git makes the same."""
    assert_applies(tmp_path, "a.py", before, after)


@pytest.mark.parametrize(
    "name",
    ["with space.py", "é/ü.py", 'quo"te.py', "back\\slash.py", "tab\there.py", "new\nline.py",
     "a b/c d.py", "\udcff.py", " b.py", "x y"],
)  # fmt: skip
def test_names(tmp_path: Path, name: str) -> None:
    """A name with spaces, quotes, control characters or any bytes is quoted as git does."""
    assert_applies(tmp_path, name, b"a\n", b"b\n")


def test_several_files(tmp_path: Path) -> None:
    """A patch of several files applies as one."""
    changes = []
    for name in ("b.py", "a.py"):
        (tmp_path / name).write_bytes(b"x")
        changes.append(change(tmp_path / name, b"x", b"y\n"))
    assert applied(tmp_path, unified(changes, tmp_path)).returncode == 0
    assert (tmp_path / "a.py").read_bytes() == (tmp_path / "b.py").read_bytes() == b"y\n"


def test_file_behind_a_link(tmp_path: Path) -> None:
    """A file that was found through a link is patched under its own name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_bytes(b"x\n")
    (tmp_path / "link").symlink_to("real")
    patch = unified([change(tmp_path / "link/a.py", b"x\n", b"y\n")], tmp_path)
    assert applied(tmp_path, patch).returncode == 0
    assert (tmp_path / "real/a.py").read_bytes() == b"y\n"


def test_nothing_changed(tmp_path: Path) -> None:
    """A file whose bytes are the same has no place in the patch."""
    assert unified([change(tmp_path / "a.py", b"x\n", b"x\n")], tmp_path) == b""


def test_long_file_is_quick(tmp_path: Path) -> None:
    """The equal head and tail of a long file cost next to nothing."""
    body = b"".join(b"x = %d\n\n" % (number % 7) for number in range(50_000))
    patch = assert_applies(tmp_path, "a.py", body + b"a\n" + body, body + b"b\n" + body)
    assert patch.count(b"\n") == 3 + 1 + 8


LINES = st.lists(
    st.sampled_from(
        [b"a\n", b"b\n", b"\n", b"c\r\n", b"\r\n", b"\x0c\n", b"\xe9\n", b"d\r", b"\\ x\n"]
    )
)
TEXTS = st.builds(lambda lines, last: b"".join(lines) + last, LINES, st.binary(max_size=3))


@given(before=TEXTS, after=TEXTS)
@example(before=b"", after=b"a\n")
@example(before=b"a\n", after=b"")
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes) -> None:
    """For any two texts: git, given the first and the patch, makes exactly the second."""
    if before == after or b"\0" in before + after:
        return
    folder = tmp_path_factory.mktemp("diff")
    path = folder / "a.py"
    path.write_bytes(before)
    done = applied(folder, unified([change(path, before, after)], folder))
    assert done.returncode == 0, done.stderr
    now = path.read_bytes() if path.exists() else b""
    assert now == after

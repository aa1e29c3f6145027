"""The list of a campaign: what its lines name, and what of them is never told."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of

from codemods.campaign.repositories import RepositoriesError, parsed, repositories_in

HERE = Path("/campaigns")
WORDS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=20)


@each_of(
    ("line", "source", "revision", "paths"),
    [
        ("https://host/acme/a.git", "https://host/acme/a.git", "", ()),
        ("git@host:acme/a.git revision=v2.1", "git@host:acme/a.git", "v2.1", ()),
        ("ssh://git@host:22/a", "ssh://git@host:22/a", "", ()),
        ("host:a", "host:a", "", ()),
        ("../a path=x path=y/z.py", "/a", "", ("x", "y/z.py")),
        ("'b c' path='d e'", "/campaigns/b c", "", ("d e",)),
        ("/srv/a.git#1  # the first", "/srv/a.git#1", "", ()),
        ("a revision=release/2", "/campaigns/a", "release/2", ()),
        ("http://[::1]:8080/a", "http://[::1]:8080/a", "", ()),
    ],
)
def test_a_line_names_a_repository(
    line: str, source: str, revision: str, paths: tuple[str, ...]
) -> None:
    """An address stays as it is, a path starts from the list's folder; quotes join words."""
    found = parsed(line, HERE)
    assert found is not None
    assert (found.source, found.revision, found.paths) == (source, revision, paths)
    assert found.login is None


@each_of("line", ["", "   ", "# a comment with 'one quote", "\t# x"])
def test_a_line_names_none(line: str) -> None:
    """Empty lines and comments are passed over."""
    assert parsed(line, HERE) is None


@each_of(
    "line",
    [
        "ext::sh",
        "fd::17",
        "-oProxyCommand=x",
        "ftp://host/a",
        "https://host/a?token=x",
        "https://host/a#x",
        "https://host:port/a",
        "https://user:a%0ab@host/a",
        "ssh://user:word@host/a",
        "user:word@host:a",
        "a 'b",
        "a main",
        "a branch=main",
        "a revision=-x",
        "a revision=",
        "a revision=x revision=y",
        "a revision=x..^y",
        "a path=",
        "a path=/etc",
        "a path=../b",
        "a path=b/../../c",
    ],
)
def test_a_line_is_refused(line: str) -> None:
    """What would run a program, lead elsewhere, or hide a mistake is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        parsed(line, HERE)


@given(WORDS, WORDS, st.sampled_from(["", " revision=-x", " path=..", " odd", "?x=y", " 'x"]))
def test_a_credential_is_never_told(user: str, word: str, rest: str) -> None:
    """Neither records nor mistakes show what stands before the host of an address."""
    try:
        found = parsed(f"https://{user}:{word}@host:8080/acme/a.git{rest}", HERE)
    except ValueError as error:
        shown = str(error)
    else:
        assert found is not None
        assert found.login is not None
        assert (found.login.username, found.login.password) == (user, word)
        assert found.source == "https://host:8080/acme/a.git"
        shown = f"{found!r} {found.name}"
    assert user not in shown
    assert word not in shown


def test_a_user_alone_may_be_a_token() -> None:
    """What stands before the host without a password is taken out as well."""
    found = parsed("https://token@host/a.git", HERE)
    assert found is not None
    assert found.source == "https://host/a.git"
    assert found.login is not None
    assert (found.login.username, found.login.password) == ("token", None)


@given(st.lists(st.sampled_from(["a", "b/a", "c/a.git", "git@host:a", "a path=x"]), unique=True))
def test_names_tell_repositories_apart(lines: list[str]) -> None:
    """Repositories of the same last name have names of their own, which are names of files."""
    names = [one.name for line in lines if (one := parsed(line, HERE)) is not None]
    assert len(set(names)) == len(lines)
    assert all(name.startswith("a-") and "/" not in name for name in names)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "lists no repository"),
        (b"# nothing\n", "lists no repository"),
        (b"a\nb\n./a\n", "line 3: it is that of line 1"),
        (b"a\nb c\n", "line 2: behind the repository"),
        (b"\xff\n", "is not UTF-8"),
    ],
)
def test_a_list_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    """A list that is empty, or names one twice, is refused, with the line."""
    (tmp_path / "repos.txt").write_bytes(text)
    with pytest.raises(RepositoriesError, match=said):
        repositories_in(tmp_path / "repos.txt")


def test_a_list_keeps_its_order(tmp_path: Path) -> None:
    """Repositories come in the order of the lines, with or without a byte order mark."""
    (tmp_path / "repos.txt").write_bytes("\ufeffz\r\n\r\na revision=x\r\na\r\n".encode())
    found = repositories_in(tmp_path / "repos.txt")
    assert [(Path(one.source).name, one.revision) for one in found] == [
        ("z", ""),
        ("a", "x"),
        ("a", ""),
    ]

"""The file that lists the repositories of a campaign.

One repository a line: an address or a path, then what is to be looked at in it::

    # comments begin with a number sign
    https://github.com/acme/receipts.git
    git@github.com:acme/billing.git     revision=release/2.1
    "../legacy tools"                   path=services/api path=lib

A credential in an address is taken out of it here.  It goes to git by the environment, and is
in no message, file, configuration or command line.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from codemods.project.regular import MEGABYTE, read_regular, reason

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_LARGEST = MEGABYTE
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_BY_SSH = re.compile(r"(?:[^/:@]+@)?[^/:@]+:")  # user@host:path, without a slash before the colon
_SCHEMES = ("https", "http", "ssh", "git", "file")
_REVISION = re.compile(r"[^-\s~^:?*\[\\\x00-\x1f\x7f][^\s~^:?*\[\\\x00-\x1f\x7f]*")
_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_DIGITS = 6
_LONGEST_NAME = 60


class RepositoriesError(ValueError):
    """The list is wrong; the message says in which line, and what to write, and not what it is."""


@dataclass(frozen=True, slots=True)
class Login:
    """What an address said in front of its host; never shown."""

    username: str = field(repr=False)
    password: str | None = field(repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a campaign.

    ``source`` is its address without a credential, or an absolute path; ``revision`` a branch,
    tag or commit, "" for the default branch; ``paths`` are folders and files in it, all if empty.
    """

    source: str
    revision: str = ""
    paths: tuple[str, ...] = ()
    login: Login | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What tells it from the other ones: the name of its folder, and of it in reports."""
        told = "\0".join((self.source, self.revision, *self.paths))
        digest = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()
        last = re.split(r"[/:]", self.source.rstrip("/"))[-1].removesuffix(".git")
        plain = _NAME.sub("-", last)[:_LONGEST_NAME].strip("-.") or "repository"
        return f"{plain}-{digest[:_DIGITS]}"


def repositories_in(file: Path) -> tuple[Repository, ...]:
    """Return the repositories that *file* lists, in its order; raises RepositoriesError."""
    found: dict[str, tuple[Repository, int]] = {}
    for number, line in enumerate(_text_of(file).splitlines(), 1):
        try:
            repository = parsed(line, file.parent)
        except ValueError as error:
            raise RepositoriesError(f"{file}, line {number}: {error}") from None
        if repository is None:
            continue
        if repository.name in found:
            _, first = found[repository.name]
            raise RepositoriesError(f"{file}, line {number}: it is that of line {first}")
        found[repository.name] = repository, number
    if not found:
        raise RepositoriesError(f"{file} lists no repository: write one address or path a line")
    return tuple(repository for repository, _ in found.values())


def _text_of(file: Path) -> str:
    try:
        return read_regular(file, _LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise RepositoriesError(f"{file} cannot be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise RepositoriesError(f"{file} is not UTF-8: save it as UTF-8") from None


def parsed(line: str, folder: Path) -> Repository | None:
    """Return the repository of a *line*, None for an empty one; paths start from *folder*.

    Raises ValueError, whose message holds nothing of an address.
    """
    try:
        words = shlex.split(_COMMENT.sub("", line))
    except ValueError:
        raise ValueError("a quotation mark is not closed") from None
    if not words:
        return None
    revision, paths = "", []
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if key == "path" and equals:
            paths.append(_path(value))
        elif key == "revision" and equals and not revision:
            revision = _revision(value)
        else:
            raise ValueError("behind the repository stand revision=NAME (once) and path=FOLDER")
    source, login = _source(words[0], folder)
    return Repository(source, revision, tuple(paths), login)


def _revision(value: str) -> str:
    if not _REVISION.fullmatch(value):
        raise ValueError("revision= takes a branch, a tag or a commit")
    return value


def _path(value: str) -> str:
    parts = value.split("/")
    if not value or os.path.isabs(value) or ".." in parts or "\0" in value:  # noqa: PTH117
        raise ValueError("path= takes a folder or file in the repository, without ..")
    return value


def _source(word: str, folder: Path) -> tuple[str, Login | None]:
    """Return an address without its credential, or an absolute path, and the credential."""
    if _ADDRESS.match(word):
        return _address(word)
    if _HELPER.match(word):
        raise ValueError("remote helpers (name::address) are not used")
    if word.startswith("-") or any(ord(char) < ord(" ") for char in word):
        raise ValueError("it is neither an address nor a path")
    if ":" in word.partition("/")[0]:
        if not _BY_SSH.match(word) or "@" in word.partition(":")[2].partition("/")[0]:
            raise ValueError("write USER@HOST:PATH, without a password: ssh takes none")
        return word, None
    return os.path.normpath(folder.absolute() / Path(word).expanduser()), None


def _address(word: str) -> tuple[str, Login | None]:
    try:
        parts = urlsplit(word)
        port = parts.port
        said = [unquote(p) for p in (parts.username, parts.password) if p is not None]
    except ValueError:
        raise ValueError("its address is none: write https://HOST/PATH") from None
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES:
        raise ValueError(f"write an address that begins with one of {', '.join(_SCHEMES)}")
    if parts.query or parts.fragment:
        raise ValueError("an address with ? or # may hold a credential: write it without")
    if any(ord(char) < ord(" ") for char in "".join((word, *said))):
        raise ValueError("its address holds control characters")
    if scheme == "ssh" and parts.password is not None:
        raise ValueError("ssh takes no password from an address: write ssh://USER@HOST/PATH")
    if scheme in ("ssh", "file") or not said:
        return word, None
    host = _host(parts, port)
    login = Login(said[0], said[1] if len(said) > 1 else None, f"{scheme}://{host}")
    return f"{scheme}://{host}{parts.path}", login


def _host(parts: SplitResult, port: int | None) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"

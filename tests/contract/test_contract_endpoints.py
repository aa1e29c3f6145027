"""Every path that the SDKs' resources post to is known as billed or as free.  Invariant C1."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracker.instrumentation.providers import CAPTURED, OPENAI
from tracker.instrumentation.streaming.connections import ASYNC, SYNC
from tracker.records.metric import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.instrumentation.providers.provider import Provider

#: Of these nobody said whether they are billed: they are counted as not known.
OF_UNKNOWN_PRICE = {"/content_provenance_checks"}
#: What posts to a variable, and passes the request method all the same.
LEAST = {"openai": 130, "anthropic": 100}


@functools.cache
def sources(provider: str) -> dict[str, ast.Module]:
    """Return the modules of the SDK's resources that post or connect, by name."""
    module = importlib.import_module(f"{provider}.resources")
    assert module.__file__ is not None
    folder = Path(module.__file__).parent
    found = {}
    for file in sorted(folder.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "_post(" in text or "ConnectionManager" in text:
            names = file.relative_to(folder).with_suffix("").parts
            found[".".join([module.__name__, *names])] = ast.parse(text)
    return found


def posted(tree: ast.AST) -> Iterator[str]:
    """Give the paths that the module's methods post to, as they spell them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("self._post"):
            given = node.args[0] if node.args else None
            if isinstance(given, ast.Call) and given.args:
                given = given.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value


def unknown_paths(provider: Provider, paths: set[str]) -> list[str]:
    """Return those of *paths* that are neither billed nor free."""
    plain = {path: re.sub(r"\{\w+\}", "{id}", path) for path in paths}
    return sorted(path for path in paths if provider.operation_of(plain[path]) == OTHER)


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_every_path_of_the_sdk_is_known(provider: Provider) -> None:
    """C1: a new SDK that brings another service fails here, by its path."""
    found = {path for tree in sources(provider.name).values() for path in posted(tree)}
    assert len(found) >= LEAST[provider.name]
    assert set(unknown_paths(provider, found)) <= OF_UNKNOWN_PRICE


def test_a_new_path_is_seen() -> None:
    """The check can fail."""
    tree = ast.parse("class A:\n def f(self): return self._post('/holograms', body={})\n")
    assert unknown_paths(OPENAI, set(posted(tree))) == ["/holograms"]


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_every_connection_of_the_sdk_is_counted(provider: Provider) -> None:
    """C1: all managers of connections are known, and connect by the methods that are wrapped."""
    known = provider.connections
    for name, tree in sources(provider.name).items():
        managers = {
            node.name.removeprefix("Async")
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and node.name.endswith("ConnectionManager")
        }
        assert managers == ({known[name][0]} if name in known else set()), name
    for name, (manager, _) in known.items():
        module = importlib.import_module(name)
        for kind, methods in ((manager, SYNC), (f"Async{manager}", ASYNC)):
            own = vars(getattr(module, kind))
            assert [method for method in methods if method not in own] == []
            connection = getattr(module, kind.removesuffix("Manager"))
            assert "self.recv_bytes()" in inspect.getsource(connection.recv)
            assert callable(connection.close)

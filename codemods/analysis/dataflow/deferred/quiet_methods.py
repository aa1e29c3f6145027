"""Methods that run no code of the project, whatever object they are called on: known by name.

An answer of a client, and what is taken from it, is of no type that can be seen.  Yet only texts
have a method ``strip``, and only futures of pools have ``result``, where nothing in the project
puts something else under that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import CAPTURED_CALLS, is_client_call

if TYPE_CHECKING:
    import ast

    from codemods.analysis.syntax.definitions import DataFlow

#: What others have too, and may call something with, is left out: ``encode`` and ``decode`` of
#: JSON, ``find`` of a parsed page, ``get`` of a client under test, ``join`` of an iterator.
_OF_TEXTS = (
    "strip lstrip rstrip removeprefix removesuffix split rsplit splitlines lower upper casefold "
    "title capitalize swapcase zfill ljust rjust startswith endswith isdigit isalpha isalnum "
    "isdecimal isnumeric isspace islower isupper istitle isidentifier isascii isprintable"
)
#: The functions of a pool run in its own threads, where no block of this one holds.
_OF_FUTURES = "result"
_OF_MAPPINGS = "items keys"
_NAMES = frozenset(f"{_OF_TEXTS} {_OF_FUTURES} {_OF_MAPPINGS}".split())
#: What a client is given to call at each request.
_HOOKS = "event_hooks"
#: The words that the project is searched for.
WORDS = frozenset({*_NAMES, _HOOKS, *(name for _, name in CAPTURED_CALLS)})


def is_quiet(taint: DataFlow, method: ast.Attribute) -> bool:
    """Whether a call of *method* surely runs nothing that the project has put into an object."""
    if method.attr in _NAMES:
        return not taint.provides(method.attr)
    return is_client_call(method) and not any(map(taint.provides, (method.attr, _HOOKS)))

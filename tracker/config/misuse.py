"""What a program hands to this package wrongly: told once for each of its lines, and made good.

A call that is misspelt, or has too much, too little or the wrong kind of argument, may stand where
it never was an error before, and must not end the program: it does what it can without what
is wrong, and a warning names the line.  ``AI_USAGE_STRICT=1`` raises instead.

Configuration is not meant: an environment, a table or a setting that cannot be used is an
error, for to guess would mix the records of one deployment with another's.
"""

from __future__ import annotations

import contextlib
import functools
import math
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tracker.config import call_site
from tracker.error_boundary import is_strict, warn
from tracker.errors import ConfigurationError, ContextFieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

Function = TypeVar("Function", bound="Callable[..., Any]")

#: Names that parameters have in the original runtime, and ours.
OTHER_NAMES = {
    "expected_environment": "environment",
    "openai_client": "client",
    "places_client": "client",
}


def tell(error: Exception) -> None:
    """Raise *error* when strict; else warn of it, the first time at this line of the program."""
    if is_strict():
        raise error
    file, line = call_site.place(sys._getframe(1))
    message = f"{error} ({file}:{line}; AI_USAGE_STRICT=1 makes this an error)"
    warn(f"misuse at {file}:{line}", message, interval=math.inf)


class forgiven:
    """Hold back what the block raises because of what it was given, and tell of it.

    Errors of configuration pass.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or is_of_configuration(error) or is_strict():
            return False
        # The error's own text may quote what it is about.
        tell(TypeError(f"{self._what}: what was given cannot be used ({type(error).__name__})"))
        return True


def is_of_configuration(error: BaseException) -> bool:
    """Return whether *error* is about the deployment, and is to reach the program."""
    return isinstance(error, ConfigurationError) and not isinstance(error, ContextFieldError)


def has_methods(given: Any, *names: str) -> bool:
    """Return whether *given* is an object with methods of these *names*, and no class."""
    with contextlib.suppress(Exception):  # whatever a stranger's attribute raises
        return not isinstance(given, type) and all(
            callable(getattr(given, name, None)) for name in names
        )
    return False


def kind_of(given: Any) -> str:
    """Name *given* by its type only: its own text may hold anything."""
    return f"<{type(given).__qualname__}>"


def forgiving(function: Function) -> Function:
    """Have *function* called as well as can be where its arguments do not fit its parameters."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            # What the function itself raises has a frame of it.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            fitting = _fitted(function, args, kwargs, error)
        return function(**fitting)

    return cast("Function", call)


def unknown(name: str, known: Iterable[str]) -> str:
    """Return what is said of a name that is none of *known*, with the one that may be meant."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return f"unknown argument {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _fitted(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], error: TypeError
) -> dict[str, Any]:
    """Return what *function* takes of the arguments, with None for one that is missing."""
    import inspect

    by_order, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    parameters = inspect.signature(function).parameters
    is_open = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    named = {name: one for name, one in parameters.items() if one.kind in (by_order, by_name)}
    ordered = [name for name, one in named.items() if one.kind is by_order]
    given = dict(zip(ordered, args, strict=False))
    wrong = ["too many arguments"] if len(args) > len(ordered) else []
    for name, value in kwargs.items():
        target = name if name in named else OTHER_NAMES.get(name, name)
        if target in given:
            wrong.append(f"argument {target!r} was given twice")
        elif target in named or is_open:
            given[target] = value
        else:
            wrong.append(unknown(name, named))
    for name, one in named.items():
        if name not in given and one.default is one.empty:
            wrong.append(f"argument {name!r} is missing")
            given[name] = None
    if wrong:
        tell(error if is_strict() else TypeError(f"{function.__name__}: {', '.join(wrong)}"))
    return given

"""What a deployment may choose, read once from the environment or set by ``configure``.

=========================  =========  ====================================================
variable                   default    meaning
=========================  =========  ====================================================
AI_USAGE_SINKS             sqlite     stores, separated by commas, of those in sinks/registry.py
AI_USAGE_FLUSH_TIMEOUT     2          seconds that leaving the outermost block waits at most
AI_USAGE_QUEUE_SIZE        10000      records that may wait in memory
AI_USAGE_SPOOL             (data)     file of the spool, in the user's data folder by default
AI_USAGE_SPOOL_BYTES       268435456  size that the spool may reach; then records are dropped
AI_USAGE_PRICES            (none)     TOML file with prices that override the list
AI_USAGE_GATEWAYS          (none)     hosts, separated by commas, that pass calls on to the
                                      provider of the client, whose list prices hold there
AI_USAGE_REQUIRE_CONTEXT   (prod.)    1 or 0: record calls that no context attributes
AI_USAGE_DEPRECATIONS      1          0: say nothing where attribution is set by hand
AI_USAGE_ERROR_MESSAGES    0          1: keep messages of exceptions, which may quote an answer
AI_USAGE_OTLP_FORMER_NAMES 0          1: tell OTLP receivers replaced names of attributes, too
AI_USAGE_BUDGETS           (none)     TOML file with daily and monthly budgets
AI_USAGE_BUDGET_ACCOUNTS   (data)     file of what is spent of them, in the data folder by default
AI_USAGE_OVER_BUDGET       raise      what becomes of a call over its budget: raise, or warn
=========================  =========  ====================================================

Relative paths start from the folder in which the program began.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tracker.config.folders import named
from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PREFIX = "AI_USAGE_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one process; the table above says what each means.

    ``spool`` and ``budget_accounts`` are None for the default file, ``require_context`` None
    for "in production only".
    """

    sinks: tuple[str, ...] = ("sqlite",)
    flush_timeout: float = 2.0
    queue_size: int = 10_000
    spool: Path | None = None
    spool_bytes: int = 256 * 1024 * 1024
    prices: Path | None = None
    gateways: tuple[str, ...] = ()
    require_context: bool | None = None
    deprecations: bool = True
    error_messages: bool = False
    otlp_former_names: bool = False
    over_budget: str = "raise"
    budgets: Path | None = None
    budget_accounts: Path | None = None


_current: Settings | None = None


def current() -> Settings:
    """Return the settings; the environment is read at the first call.

    Raises ConfigurationError for a value that cannot be used.
    """
    global _current
    if _current is None:
        _current = _from_environment()
    return _current


def configure(**changes: Any) -> Settings:
    """Change settings of this process by the names of ``Settings`` and return them all.

    A text is read as that of the environment's variable.
    Raises ConfigurationError for a name or a value that cannot be used.
    """
    global _current
    given = {name: _read(name, value) for name, value in changes.items()}
    try:
        _current = _checked(replace(current(), **given))
    except TypeError as error:
        raise ConfigurationError(f"configure: {error}") from None
    return _current


def restore(before: Settings) -> None:
    """Take back what was configured since *before* was current."""
    global _current
    _current = before


def reset() -> None:
    """Forget what was configured: the environment is read anew."""
    global _current
    _current = None


def _from_environment() -> Settings:
    given: dict[str, Any] = {}
    for name in _READERS:
        text = os.environ.get(_PREFIX + name.upper(), "").strip()
        if text:
            given[name] = _read(name, text)
    return _checked(Settings(**given))


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name not in _READERS:
        return value
    try:
        return _READERS[name](value)
    except ValueError:
        raise ConfigurationError(
            f"{_PREFIX}{name.upper()}={value!r} cannot be used; {_EXPECTED[name]}"
        ) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _switch(text: str) -> bool:
    if text.lower() not in ("0", "1", "false", "true"):
        raise ValueError(text)
    return text.lower() in ("1", "true")


_READERS: dict[str, Callable[[str], Any]] = {
    "sinks": _names,
    "flush_timeout": float,
    "queue_size": int,
    "spool": named,
    "spool_bytes": int,
    "prices": named,
    "gateways": _names,
    "require_context": _switch,
    "deprecations": _switch,
    "error_messages": _switch,
    "otlp_former_names": _switch,
    "over_budget": str.lower,
    "budgets": named,
    "budget_accounts": named,
}
_EXPECTED = {
    "sinks": "name stores, separated by commas",
    "flush_timeout": "give seconds, as in 2.5",
    "queue_size": "give a number of records",
    "spool": "name a file",
    "spool_bytes": "give a number of bytes",
    "prices": "name a TOML file",
    "gateways": "name hosts, separated by commas",
    "require_context": "say 1 or 0",
    "deprecations": "say 1 or 0",
    "error_messages": "say 1 or 0",
    "otlp_former_names": "say 1 or 0",
    "over_budget": "say raise or warn",
    "budgets": "name a TOML file",
    "budget_accounts": "name a file",
}


def _checked(settings: Settings) -> Settings:
    from tracker.sinks.registry import KNOWN

    unknown = [name for name in settings.sinks if name not in KNOWN]
    if unknown or not settings.sinks:
        wrong = f"there is no sink {unknown[0]!r}" if unknown else "no sink is named"
        raise ConfigurationError(f"{wrong}; there are {', '.join(KNOWN)}")
    if not 0 <= settings.flush_timeout <= 60:
        raise ConfigurationError("flush_timeout is a number of seconds from 0 to 60")
    if settings.queue_size < 1 or settings.spool_bytes < 1:
        raise ConfigurationError("queue_size and spool_bytes are at least 1")
    if settings.over_budget not in ("raise", "warn"):
        raise ConfigurationError("over_budget is raise or warn")
    if settings.prices is not None:
        from tracker.pricing.overrides import read

        read(settings.prices)
    if settings.budgets is not None:
        from tracker.budgets import plan

        plan.read(settings.budgets)
    return settings

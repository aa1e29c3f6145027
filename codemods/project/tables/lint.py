"""Reading ``[tool.ai-usage.lint]``: which rules are told of, where, and how much they count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemods.model.finding import Severity
from codemods.model.rules import Selector, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MOST_PATTERNS = 1000


@dataclass(frozen=True, slots=True)
class LintConfig:
    """The table ``[tool.ai-usage.lint]``: which rules hold, and how much they count.

    ``per_file_ignores`` maps patterns of files to what is not told of these, ``severity`` rules
    to an error, a warning or an info.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)


def lint_config(value: object) -> LintConfig:
    """Return what the table *value* says; raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no table. Write [tool.ai-usage.lint].")
    read: dict[str, Any] = {}
    for key, item in value.items():
        reader = _READERS.get(key)
        if reader is None:
            keys = ", ".join(sorted(_READERS))
            raise ValueError(f"it has no key {key!r}.{nearest(key, _READERS)} The keys are {keys}.")
        try:
            read[key.replace("-", "_")] = reader(item)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    found = LintConfig(**read)
    refuse_contradictions(found.select or (), found.ignore)
    refuse_contradictions(found.extend_select, found.ignore)
    return found


def refuse_contradictions(selected: Iterable[str], ignored: Iterable[str]) -> None:
    """Refuse rules that are *selected* and *ignored* by the same words; raises ValueError."""
    ignores = {Selector.of(text): text for text in ignored}
    for text in selected:
        if Selector.of(text) in ignores:
            raise ValueError(f"{text!r} is selected and ignored. Take it out of one of them.")


def _rules(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{value!r} is no list of rules. Write ["AIU001", "AIU01"].')
    for text in value:
        Selector.of(text)
    return tuple(value)


def _per_file(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError(f'{value!r} is no table. Write "tests/" = ["AIU003"].')
    if len(value) > _MOST_PATTERNS:
        raise ValueError(f"it has more than {_MOST_PATTERNS} patterns. Name whole folders.")
    found = {}
    for pattern, rules in value.items():
        if not pattern.lstrip("!"):
            raise ValueError(f'{pattern!r} is no pattern of files. Write "tests/" = ["AIU003"].')
        found[pattern] = _rules(rules)
    return found


def _severity(value: object) -> dict[str, Severity]:
    if not isinstance(value, dict):
        raise ValueError(f'{value!r} is no table. Write "AIU003" = "warning".')
    found = {}
    for text, severity in value.items():
        Selector.of(text)
        if not isinstance(severity, str) or severity not in list(Severity):
            near = nearest(severity, Severity) if isinstance(severity, str) else ""
            valid = ", ".join(Severity)
            raise ValueError(f"{severity!r} is no severity.{near} Write one of {valid}.")
        found[text] = Severity(severity)
    return found


_READERS: Mapping[str, Callable[[object], Any]] = {
    "select": _rules,
    "ignore": _rules,
    "extend-select": _rules,
    "per-file-ignores": _per_file,
    "severity": _severity,
}

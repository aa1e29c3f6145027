"""Reading ``[[tool.ai-usage.overrides]]``: what holds for some of a table's files only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.model.rules import nearest
from codemods.project.ignore.gitignore import ignored, rules_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codemods.project.ignore.gitignore import Rules

PATHS = "paths"
_MOST = 1000
_EXAMPLE = 'Write [[tool.ai-usage.overrides]] with paths = ["tests/"] and what holds there.'


@dataclass(frozen=True, slots=True)
class Override:
    """What is set for the files that one of ``paths`` matches, patterns like those of exclude."""

    paths: tuple[str, ...]
    values: Mapping[str, Any]

    def rules(self, base: Path) -> Sequence[tuple[bool, Rules]]:
        """Return the patterns from the folder *base* on; True of one for all other files."""
        return [
            (path.startswith("!"), rules_from([path.removeprefix("!")], str(base)))
            for path in self.paths
        ]


def is_matched(rules: Rules, path: str, *, folder: bool = False) -> bool:
    """Whether *rules* match *path*, which may be that of a *folder*, or a folder above it."""
    if ignored((rules,), path, folder=folder):
        return True
    inside = path.startswith(rules.base)
    above = Path(path).parents if inside else ()
    return any(ignored((rules,), str(one), folder=True) for one in above)


def values_of(
    known: Mapping[str, Any], numbers: Sequence[int], overrides: Sequence[Override]
) -> dict[str, Any]:
    """Return what those of *overrides* say that have these *numbers*; the last one counts.

    *known* are the values of the table, to whose tables they add.
    """
    values: dict[str, Any] = {}
    for number in numbers:
        for name, value in overrides[number].values.items():
            before = values.get(name, known[name])
            values[name] = {**before, **value} if isinstance(value, dict) else value
    return values


def overrides_of(
    value: object, readers: Mapping[str, Callable[[object], Any]]
) -> tuple[Override, ...]:
    """Return what the list *value* says, whose settings *readers* read; raises ValueError."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"{value!r} is no list of tables. {_EXAMPLE}")
    if len(value) > _MOST:
        raise ValueError(f"it has more than {_MOST} tables. Name whole folders.")
    return tuple(_override(one, readers) for one in value)


def _override(
    table: Mapping[str, object], readers: Mapping[str, Callable[[object], Any]]
) -> Override:
    paths = table.get(PATHS)
    if not isinstance(paths, list) or not paths or len(paths) > _MOST:
        raise ValueError(f"{paths!r} is no list of paths. {_EXAMPLE}")
    for path in paths:
        if not isinstance(path, str) or not path.lstrip("!"):
            raise ValueError(f"{path!r} is no pattern of files. {_EXAMPLE}")
    given = {key: value for key, value in table.items() if key != PATHS}
    if not given:
        raise ValueError(f"nothing is set for {paths[0]!r}. {_EXAMPLE}")
    values = {key.replace("-", "_"): _value(key, value, readers) for key, value in given.items()}
    return Override(tuple(paths), values)


def _value(key: str, value: object, readers: Mapping[str, Callable[[object], Any]]) -> Any:
    if key not in readers:
        keys = ", ".join(sorted([PATHS, *readers]))
        near = nearest(key, [PATHS, *readers])
        raise ValueError(f"it has no key {key!r}.{near} The keys are {keys}.")
    try:
        return readers[key](value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None

"""Reading ``[tool.ai-usage]``: each mistake is an error that says what to write instead."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.model.frozen import replace
from codemods.model.options import MODULE, ProjectConfig
from codemods.model.runtime import Runtime
from codemods.project.ignore.gitignore import ignored, rules_from
from codemods.project.regular import MEGABYTE, read_regular, reason
from codemods.project.walked import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from codemods.project.ignore.gitignore import Rules
    from codemods.project.tables.lint import LintConfig
    from codemods.project.tables.overrides import Override

TABLE = "ai-usage"
_FILE = "pyproject.toml"
_LARGEST = MEGABYTE
# The reader of the standard library takes the square of a key's parts: minutes for 50,000.
_DEEPEST = 100
_KEY = rb"""[ \t]*(?:[\w-]++|"(?:\\.|[^"\\\n])*+"|'[^'\n]*+')[ \t]*\."""
# Expressions are compiled where they are used first, which most runs do with none of these.
_DEEP = rb"(?m)^[ \t]*\[{0,2}(?:%b){%d}" % (_KEY, _DEEPEST)
_MOST_PATTERNS = 1000
_ABOUT_US = rb"(?i)ai[-_ ]?usage"
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_OPERATION = r"(?=.{3,50}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*"
_DEFAULT = ProjectConfig()
_FUNCTION = rf"([^\W\d][\w.]*:)?[^\W\d][\w.]*|[^\W\d][\w.]*:{re.escape(MODULE)}"


class ConfigError(Exception):
    """The configuration is wrong; the message says where, and what to write instead."""


def is_operation(text: str) -> bool:
    """Whether *text* can be the name of an operation."""
    return re.fullmatch(_OPERATION, text) is not None


def is_function(text: str) -> bool:
    """Whether *text* can be a key of ``operations``."""
    return re.fullmatch(_FUNCTION, text) is not None


class Tables:
    """The configuration that holds for each file: the nearest table above it.

    A pyproject.toml without a ``[tool.ai-usage]`` table is passed over.  Where no table lies
    above a file, the one that holds for the folder *cwd* counts.  With a *file* its table holds
    for all of them.
    """

    def __init__(self, cwd: Path, file: Path | None = None) -> None:
        self._cwd = os.path.abspath(cwd)  # noqa: PTH100 - resolve() follows links
        self._only = None if file is None else Path(self._cwd, file)
        self._by_folder: dict[str, ProjectConfig | None] = {}
        self._rules: dict[Path, Rules] = {}
        self._parts: dict[Path, Sequence[Sequence[tuple[bool, Rules]]]] = {}
        self._overrides: dict[tuple[Path, tuple[int, ...]], ProjectConfig] = {}
        self._without_excludes: set[str] = set()

    def of(self, path: Path) -> ProjectConfig:
        """Return what holds for the file or folder *path*; raises ConfigError if it is wrong."""
        start = os.path.abspath(self._cwd / path)  # noqa: PTH100 - as above
        folder = start if os.path.isdir(start) else os.path.dirname(start)  # noqa: PTH112, PTH120
        found = self._nearest(folder) or self._nearest(self._cwd) or _DEFAULT
        is_folder = folder == start
        return self._overridden(found, start, is_folder) if found.overrides else found

    def _overridden(self, table: ProjectConfig, path: str, is_folder: bool) -> ProjectConfig:
        """Return what of *table* holds for *path*: the same record for files of the same part."""
        from codemods.project.tables.overrides import is_matched, values_of  # as for lint

        assert table.root is not None
        if table.root not in self._parts:
            self._parts[table.root] = [one.rules(table.root) for one in table.overrides]
        numbers = tuple(
            number
            for number, rules in enumerate(self._parts[table.root])
            if any(is_matched(one, path, folder=is_folder) is not other for other, one in rules)
        )
        if not numbers:
            return table
        key = table.root, numbers
        if key not in self._overrides:
            known: dict[str, Any] = {name: getattr(table, name) for name in table.__match_args__}
            values = values_of(known, numbers, table.overrides)
            self._overrides[key] = replace(table, parts=numbers, **values)
        return self._overrides[key]

    def excludes(self, path: str, *, folder: bool) -> bool:
        """Tell whether ``exclude`` of the table above the absolute *path* leaves it out."""
        above = path.rpartition(os.sep)[0] or os.sep
        if above in self._without_excludes:
            return False
        config = self._excluding(above)
        if config is None:
            self._without_excludes.add(above)
            return False
        assert config.root is not None
        if config.root not in self._rules:
            self._rules[config.root] = rules_from(config.exclude, str(config.root))
        return ignored((self._rules[config.root],), path, folder=folder)

    def excludes_in(self, folder: str) -> bool:
        """Tell whether ``exclude`` may leave out anything right in the absolute *folder*."""
        return self._excluding(folder) is not None

    def _excluding(self, folder: str) -> ProjectConfig | None:
        """Return the table of *folder* if it leaves anything out."""
        config = self._nearest(folder) or self._nearest(self._cwd)
        return config if config is not None and config.exclude and config.root else None

    @property
    def leaves_out(self) -> bool:
        """Whether a table that was asked for until now leaves anything out."""
        return any(table is not None and table.exclude for table in self._by_folder.values())

    def _nearest(self, folder: str) -> ProjectConfig | None:
        if self._only is not None:
            if "" not in self._by_folder:
                self._by_folder[""] = _named(self._only)
            return self._by_folder[""]
        waiting: list[str] = []
        while folder not in self._by_folder:
            waiting.append(folder)
            if _is_there(joined(folder, _FILE)):
                file = Path(folder, _FILE)
                table = _table(file)
                if table is not None:
                    self._by_folder[folder] = _parse(table, file)
                    break
            above = os.path.dirname(folder)  # noqa: PTH120 - thousands of times
            if above == folder:
                self._by_folder[folder] = None
                break
            folder = above
        found = self._by_folder[folder]
        self._by_folder.update(dict.fromkeys(waiting, found))
        return found


def _is_there(path: str) -> bool:
    """Whether there is anything at *path*; of thousands of folders hardly any has a table."""
    try:
        # Other than a question for its status, one for nothing but this fails without an exception.
        return os.access(path, os.F_OK)
    except ValueError:
        return False


def _named(file: Path) -> ProjectConfig:
    """Return the table of *file*, which the command line names; raises ConfigError."""
    try:
        read_regular(file, _LARGEST)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{file}: it cannot be read: {why}.") from None
    table = _table(file)
    if table is None:
        raise ConfigError(f"{file}: it has no table [tool.{TABLE}]. Write one, or name another.")
    return _parse(table, file)


def _table(file: Path) -> dict[str, Any] | None:
    try:
        content = read_regular(file, _LARGEST)
    except (OSError, ValueError) as error:  # none there, or none that could be ours
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise ConfigError(f"{file}: {reason(error)}. Make it smaller.") from None
        return None
    if not re.search(_ABOUT_US, content):
        return None
    tool = document(content, file).get("tool", {})
    if not isinstance(tool, dict):
        return None
    for key in tool:
        if key != TABLE and re.sub(r"[-_ ]", "", key.lower()) == "aiusage":
            raise ConfigError(f"{file}: [tool.{key}] is not read. Write [tool.{TABLE}] instead.")
    table = tool.get(TABLE)
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: tool.{TABLE} must be a table. Write [tool.{TABLE}].")
    return table


def document(content: bytes, file: Path) -> dict[str, Any]:
    """Return the TOML in *content*, of *file*; raises ConfigError."""
    import tomllib  # only now: most runs meet no configuration

    if re.search(_DEEP, content):
        raise ConfigError(f"{file}: it has a key of more than {_DEEPEST} parts. Nest less deeply.")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: it is not UTF-8. Save it as UTF-8.") from None
    except RecursionError:
        raise ConfigError(f"{file}: it is nested too deeply. Nest less deeply.") from None
    except ValueError as error:  # what is no TOML, and numbers of thousands of digits
        raise ConfigError(f"{file}: it is not valid TOML: {error}.") from None


def _parse(table: Mapping[str, Any], file: Path) -> ProjectConfig:
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigError(f"{file}: [tool.{TABLE}] has no key {key!r}. {_suggestion(key)}")
        try:
            values[key.replace("-", "_")] = reader(value)
        except ValueError as error:
            raise ConfigError(f"{file}: [tool.{TABLE}] {key}: {error}") from None
    return ProjectConfig(source=file, **values)


def _suggestion(key: str) -> str:
    valid = f"The keys are {', '.join(sorted(_READERS))}."
    return f"{_nearest(key, _READERS)} {valid}".lstrip()


def _nearest(text: str, words: Iterable[str]) -> str:
    from codemods.model.rules import nearest  # only now: most configurations have no mistake

    return nearest(text, words)


def _runtime(value: object) -> Runtime:
    try:
        return Runtime(str(value))
    except ValueError:
        valid = ", ".join(f'"{runtime}"' for runtime in Runtime)
        near = _nearest(str(value), Runtime)
        raise ValueError(f"{value!r} is not a runtime.{near} Write one of {valid}.") from None


def _modules(value: object) -> dict[str, str]:
    example = 'Write "acme.llm.tracker" = "acme.llm.context".'
    return _mapping(value, _MODULE, _MODULE, example)


def _operations(value: object) -> dict[str, str]:
    example = (
        'Write "package.module:function" = "operation_name", or "function" = ... for all: '
        "an operation is 3 to 50 characters in snake case."
    )
    return _mapping(value, _FUNCTION, _OPERATION, example)


def _mapping(value: object, key_form: str, value_form: str, example: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table. {example}")
    for key, item in value.items():
        if isinstance(item, dict):
            raise ValueError(f"{key!r} is a table: a key with dots needs quotes. {example}")
        if not isinstance(item, str) or not re.fullmatch(value_form, item):
            raise ValueError(f"{key!r} has the value {item!r}. {example}")
        if not re.fullmatch(key_form, key):
            raise ValueError(f"{key!r} cannot be a key. {example}")
    return dict(value)


def _exclude(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{value!r} is not a list of patterns. Write ["generated/", "*_pb2.py"].')
    if len(value) > _MOST_PATTERNS:
        raise ValueError(f"it has more than {_MOST_PATTERNS} patterns. Leave out whole folders.")
    return tuple(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false. Write true or false.")
    return value


def _lint(value: object) -> LintConfig:
    from codemods.project.tables.lint import lint_config  # only now: it has the names of all rules

    return lint_config(value)


def _overrides(value: object) -> tuple[Override, ...]:
    from codemods.project.tables.overrides import overrides_of  # only now, as above

    return overrides_of(value, _OF_FILES)


#: What may be said of some files only.
_OF_FILES: Mapping[str, Callable[[object], Any]] = {
    "runtime": _runtime,
    "modules": _modules,
    "operations": _operations,
    "batch-pricing": _switch,
}
_READERS: Mapping[str, Callable[[object], Any]] = {
    **_OF_FILES,
    "exclude": _exclude,
    "lint": _lint,
    "overrides": _overrides,
}

"""Names of operations written into ``[tool.ai-usage]``: all else of the file stays as it is."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from codemods.project.config import TABLE, ConfigError, document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OPERATIONS = "operations"


def with_names(content: bytes, names: Mapping[str, str], file: Path) -> bytes:
    """Return *content*, of *file*, with *names* (function to operation) among its operations.

    Raises ConfigError where it is no TOML, or nothing can be added to it.
    """
    if find_spec("tomlkit") is None:
        raise ConfigError(
            f"To write names into {file.name} needs an extra: "
            "pip install 'ai-usage-suite[interactive]'."
        )
    expected = document(content, file)
    operations = _operations(expected)
    after = _edited(content.decode(), names) if operations is not None else None
    if operations is not None:
        operations.update(names)
    if after is None or document(after.encode(), file) != expected:
        wanted = ", ".join(f'"{key}" = "{name}"' for key, name in names.items())
        raise ConfigError(f"{file}: nothing can be added to its tables. Write {wanted} by hand.")
    return after.encode()


def _operations(whole: dict[str, Any]) -> dict[str, Any] | None:
    """Return the table of operations in *whole*, made if it is not there, None if it cannot be."""
    table = whole
    for name in ("tool", TABLE, OPERATIONS):
        found = table.setdefault(name, {})
        if not isinstance(found, dict):
            return None
        table = found
    return table


def _edited(text: str, names: Mapping[str, str]) -> str | None:
    """Return *text* with *names*, None where its tables are laid out in a way that has no place."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        whole: Any = tomlkit.parse(text)
        tool = whole.setdefault("tool", tomlkit.table(is_super_table=True))
        table = tool.setdefault(TABLE, tomlkit.table())
        operations = table.setdefault(OPERATIONS, tomlkit.table())
        for key, name in names.items():
            operations[key] = name
        written = str(tomlkit.dumps(whole))
    except (TOMLKitError, AttributeError, KeyError, TypeError, ValueError):
        return None
    if "\r\n" in text and "\n" not in text.replace("\r\n", ""):
        written = written.replace("\r\n", "\n").replace("\n", "\r\n")
    return written

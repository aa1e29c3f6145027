"""What commands say instead of a run: the settings and files of it, the rules and their pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codemods.cli import execution
from codemods.findings.selection import Selection, lint_of
from codemods.model.finding import Severity
from codemods.model.outcome import Failed
from codemods.model.rules import RULES
from codemods.project.config import TABLE
from codemods.report import display
from codemods.report.status import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from codemods.findings.selection import Selected
    from codemods.model.options import LintOptions, Options, ProjectConfig


#: Fields of a table that are told otherwise, or are part of the others by then.
_ELSEWHERE = ("source", "lint", "overrides", "parts")


def described(options: Options, lint_options: LintOptions | None = None) -> int:
    """Print what is asked for, and return the exit status; *lint_options* are those of lint."""
    if lint_options is not None and lint_options.explain is not None:
        from codemods.findings.pages import page_of  # only now: it loads every rule

        execution.say(page_of(lint_options.explain).markdown.removesuffix("\n"))
        return DONE
    if lint_options is not None and lint_options.list_rules:
        width = max(len(rule.name) for rule in RULES.values())
        for rule in RULES.values():
            execution.say(f"{rule.code}  {rule.name:{width}}  {rule.summary}")
        return DONE
    if options.show_settings:
        return _show_settings(options, lint_options)
    return _show_files(options)


def _show_files(options: Options) -> int:
    """Print the files that a run would look at."""
    execution.require_paths(options.paths)
    status = DONE
    found = list(execution.found_files(options, execution.load_config(options)))
    for file in found:
        if isinstance(file, Failed):
            execution.say(f"{display.line(file.path)}: {display.line(file.message)}", err=True)
            status = FAILED
        else:
            execution.say(display.line(file.display))
    if not found:
        execution.require_files(options)
    return status


def _show_settings(options: Options, lint_options: LintOptions | None) -> int:
    """Print what holds for each PATH, as a configuration would say it."""
    execution.require_paths(options.paths)
    config = execution.load_config(options)
    for path in options.paths:
        table = config.of(path)
        execution.say(f"# {path}: {_origin(table.source)}")
        execution.say("\n".join(_lines(TABLE, _of_table(options, table))))
        if lint_options is not None:
            chosen = Selection(config, lint_options, options.cwd).of(str(path))
            execution.say("\n".join(_lines(f"{TABLE}.lint", _of_lint(table, chosen))))
    return DONE


def _of_lint(table: ProjectConfig, chosen: Selected) -> dict[str, object]:
    """Return what *table* says of lint by its keys, with what is *chosen* of the rules."""
    return {
        "select": sorted(chosen.codes),
        "per-file-ignores": {k: list(v) for k, v in lint_of(table).per_file_ignores.items()},
        "severity": {
            code: str(severity)
            for code, severity in sorted(chosen.severities.items())
            if code in chosen.codes and severity is not Severity.ERROR
        },
    }


def _origin(source: Path | None) -> str:
    return (
        f"from {source}"
        if source is not None
        else f"the defaults, for no pyproject.toml above it has [tool.{TABLE}]"
    )


def _of_table(options: Options, table: ProjectConfig) -> dict[str, object]:
    """Return the settings of *table* by their keys, with what the command line says of them."""
    names = (name for name in table.__match_args__ if name not in _ELSEWHERE)
    found = {name.replace("_", "-"): getattr(table, name) for name in names}
    if options.runtime is not None:
        found["runtime"] = options.runtime
    if options.batch_pricing is not None:
        found["batch-pricing"] = options.batch_pricing
    return found | {"include": list(options.include), "force-exclude": options.force_exclude}


def _lines(table: str, values: Mapping[str, object]) -> Iterator[str]:
    yield f"[tool.{table}]"
    for key, value in values.items():
        yield f"{key} = {_toml(value)}"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            items = ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items())
            return f"{{{items}}}"
        case _:
            return json.dumps(str(value))

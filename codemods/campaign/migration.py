"""The migration of one clone, in a process of its own.

A repository may be such that the process dies of it, or wants all memory; then the others go on.
The process is given its options, writes into the clone, and prints the JSON report.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.campaign.failures import RepositoryFailed
from codemods.campaign.processes import TookTooLong
from codemods.model.options import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.campaign.processes import Processes
    from codemods.model.options import Options
    from codemods.model.outcome import Failed, RunReport
    from codemods.project.config import Tables
    from codemods.project.discovery import DiscoveredFile

_SECONDS = 6 * 3600
_WRONG = 3
_JOURNAL = ".ai-usage"
# Nothing is imported from the folder where the process starts: all is found as it was here.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from codemods.campaign import migration; sys.exit(migration.main())"
)
_STAGE = "migrate"


def migrated(options: Options, processes: Processes) -> str:
    """Return the JSON report of a migration, or of a look, in the folder ``options.cwd``.

    Raises RepositoryFailed.
    """
    _require_within(options)
    command = [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path)]
    try:
        done = processes.run(command, os.environ, _SECONDS, pickle.dumps(options))
    except TookTooLong:
        advice = "Name a part of it in the list, with path=FOLDER."
        raise RepositoryFailed(_STAGE, f"it was not done after {_SECONDS} s", advice) from None
    if done.returncode:
        raise _failure(done.returncode, done.stderr.decode(errors="replace").strip())
    return done.stdout.decode()


def _failure(status: int, said: str) -> RepositoryFailed:
    """Return what to tell of a process that ended with *status* and *said* something."""
    if status == _WRONG:
        advice = "Correct it in the repository, and start the campaign again."
        return RepositoryFailed(_STAGE, said, advice)
    how = f"signal {-status}" if status < 0 else f"status {status}"
    last = f": {said.splitlines()[-1]}" if said else ""
    advice = "Is there enough memory? Start codemods.migrate --jobs 1 in a clone of it."
    return RepositoryFailed(_STAGE, f"its process ended with {how}{last}", advice)


def main() -> int:
    """Do what the options on standard input say; print the report."""
    from codemods.project.config import ConfigError
    from codemods.report import json as json_report

    options: Options = pickle.load(sys.stdin.buffer)
    os.environ["PYTHONSAFEPATH"] = "1"  # for the processes that this one starts
    try:
        report = _report(options)
    except ConfigError as error:
        # For the process that started this one: it shows what it is told.
        sys.stderr.buffer.write(f"{error}\n".encode(errors="backslashreplace"))
        return _WRONG
    sys.stdout.buffer.write(json_report.render(report).encode())
    return 0


def _report(options: Options) -> RunReport:
    from codemods.project.config import Tables
    from codemods.runner import pipeline

    tables = Tables(options.cwd)
    for path in options.paths:
        tables.of(path)
    told: list[str] = []
    found = _found(options, tables, told.append)
    report = pipeline.migrate(options, tables, found, None)
    if not found and not options.force_exclude:
        told.append("no Python file found")
    report = replace(report, warnings=(*told, *report.warnings))
    return _written(report, options) if options.mode is Mode.MIGRATE else report


def _found(
    options: Options, tables: Tables, tell: Callable[[str], None]
) -> list[DiscoveredFile | Failed]:
    """Return the files that are looked at; *tell* is called with what the reader should know."""
    from codemods.project.discovery import discover

    force, also = options.force_exclude, options.endings
    found = discover(options.paths, options.cwd, tables.excludes, force=force, tell=tell, also=also)
    return list(found)


def _written(report: RunReport, options: Options) -> RunReport:
    """Write what *report* changes."""
    from codemods.project.writing import write_changes

    had_journal = os.path.lexists(options.cwd / _JOURNAL)
    report = write_changes(report, options.cwd, [options.cwd / path for path in options.paths])
    if not had_journal:  # the commit before is the way back
        with suppress(OSError):
            shutil.rmtree(options.cwd / _JOURNAL)
    return report


def _require_within(options: Options) -> None:
    """Refuse paths that links of the repository lead out of it: files there would be rewritten."""
    home = Path(os.path.realpath(options.cwd))
    for path in options.paths:
        real = Path(os.path.realpath(options.cwd / path))
        if not real.is_relative_to(home) or ".git" in real.relative_to(home).parts:
            advice = "Name, with path=, a folder or file that is in the repository."
            raise RepositoryFailed(_STAGE, f"{path} leads out of the repository", advice)

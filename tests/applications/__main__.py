"""The command: ``make applications``.

Prints for each application its files and sites, what is rewritten by default and with
``--unsafe``, what is refused and why, and whether it still makes the same calls and records.
The exit status is 1 if it does not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .comparing import compare
from .migrating import copied, migrate
from .observing import observe
from .projects import APPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .comparing import Comparison
    from .migrating import Migrated
    from .projects import Application


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the applications that the command line names, or both."""
    parser = argparse.ArgumentParser(prog="python -m tests.applications", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(APPLICATIONS))
    parser.add_argument("--keep", type=Path, help="folder for the migrated copies")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        wanted = options.names or list(APPLICATIONS)
        return max([_show(APPLICATIONS[name], place) for name in wanted])


def _show(application: Application, folder: Path) -> int:
    name = application.name
    print(f"== {name}: {len(application.files)} files, {len(application.flows)} flows")
    before = observe(application.folder, application.flows)
    status = 0
    for mode in ("default", "unsafe"):
        copy = folder / mode
        shutil.rmtree(copy / name, ignore_errors=True)
        done = migrate(copied(name, copy), unsafe=mode == "unsafe")
        same = compare(before, observe(done.folder, application.flows))
        _show_run(mode, done, same)
        status = max(status, int(bool(same.differences or done.failed)))
    return status


def _show_run(mode: str, done: Migrated, same: Comparison) -> None:
    count = len(done.applied)
    print(f"-- {mode}: {count} of {count + len(done.refused)} sites rewritten ({done.share:.1%})")
    for reason, number in done.reasons.most_common():
        print(f"   {number:3} refused: {reason}")
    for refusal in done.refused:
        place = refusal.finding
        print(f"      {place.path}:{place.span.line}: {refusal.reason}: {refusal.detail}")
    for failed in done.failed:
        print(f"   FAILED {failed.path}: {failed.stage}: {failed.message}")
    for text in same.differences:
        print(f"   DIFFERENT {text}")
    if not same.differences:
        print(f"   equal: {same.calls} calls, {same.records} records", end="")
        print(f", {same.at_batch_price} of them at batch prices now")
    for name in same.newly_recorded:
        print(f"   calls of {name!r} that nothing recorded are recorded now")


if __name__ == "__main__":
    sys.exit(main())

"""The command: ``make applications``.

Prints for each application its files and sites, what is rewritten by default and with
``--unsafe``, what is refused and why, and whether it still makes the same calls and records.
With ``--unsafe`` it may differ as the conditions say that are named: what differs stands under
its condition.  The exit status is 1 if something differs that none accounts for.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.outcome import Certainty

from .accounting import Accounted, AllButSome, account
from .comparing import compare
from .migrating import copied, migrate
from .observing import observe
from .projects import APPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from codemods.model.finding import Finding

    from .comparing import Comparison, Difference
    from .migrating import Migrated
    from .observing import Observed
    from .projects import Application

#: What is printed of a difference: tests print much where they fail.
_WIDTH = 200


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
        found = _accounted(application, copy / "without", before, done, same)
        _show_run(mode, done, same)
        _show_differences(found)
        status = max(status, int(bool(found.left or done.failed)))
    return status


def _accounted(
    application: Application,
    folder: Path,
    before: Mapping[str, Observed],
    done: Migrated,
    same: Comparison,
) -> Accounted:
    """Return what accounts for each difference; only the flows that have some are run again."""
    flows = {difference.flow: application.flows[difference.flow] for difference in same.differences}

    def without(findings: Collection[Finding]) -> Sequence[Difference]:
        shutil.rmtree(folder, ignore_errors=True)
        copy = copied(application.name, folder)
        migrate(copy, unsafe=True, review=AllButSome(findings))
        return compare({name: before[name] for name in flows}, observe(copy, flows)).differences

    unsafe = [one for one in done.applied if one.certainty is Certainty.UNSAFE]
    return account(same.differences, unsafe, without)


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
    if not same.differences:
        print(f"   equal: {same.calls} calls, {same.records} records", end="")
        print(f", {same.at_batch_price} of them at batch prices now")
    for name in same.newly_recorded:
        print(f"   calls of {name!r} that nothing recorded are recorded now")


def _show_differences(found: Accounted) -> None:
    """Print those that are named under their conditions, two lines each, and the others."""
    for cause, differences in sorted(found.named.items()):
        print(f"   named: {cause.condition}")
        flows = Counter(f"{one.kind} of {one.flow}" for one in differences)
        told = ", ".join(f"{number} {what}" for what, number in flows.items())
        print(f"      {cause.place}: {told}, such as {_short(differences[0])}")
    for difference in found.left:
        print(f"   DIFFERENT, and not named: {_short(difference)}")


def _short(difference: Difference) -> str:
    return textwrap.shorten(str(difference), _WIDTH, placeholder=" ...")


if __name__ == "__main__":
    sys.exit(main())

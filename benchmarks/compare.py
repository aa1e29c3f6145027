"""Whether two checkouts of the tools say and write the same, byte for byte.

``python -m benchmarks.compare OLD NEW`` (``make compare OLD=path``) runs migrate (report, patch,
JSON, in place and back) and lint of both on every fixture, alone and all together, and on the trees
of ``benchmarks.trees``.  It says on standard error what it will do and how far it is, prints the
first outputs that differ when they are found, and how many were compared; it exits 1 if one
differs.  Both run in the same folder, one after the other, so that nothing of what they print need
be passed over, but the time of the run that ``--undo`` names.

All takes a quarter of an hour on two processors that are idle, ``--sample 40`` a minute: a part of
each kind.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from benchmarks import trees
from benchmarks.compare_lane import Difference, ForeignError, Lane
from benchmarks.compare_progress import Progress
from benchmarks.compare_projects import TREES, WIDE_FILES, Project, projects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
LANES = 2
SHOWN, SHOWN_LINES = 10, 12


def compare(old: Path, new: Path, found: Sequence[Project]) -> list[Difference]:
    """Compare both checkouts on all projects, print what differs and the counts; return the former.

    Raises ForeignError if one of them cannot be run.
    """
    counts: Counter[str] = Counter()
    differences: list[Difference] = []
    number = min(LANES, len(found))
    progress = Progress(found, number, sys.stderr)
    with tempfile.TemporaryDirectory(prefix="compare-") as folder, ExitStack() as stack:
        lanes: SimpleQueue[Lane] = SimpleQueue()
        for place in range(number):
            lane = Lane(old, new, Path(folder, str(place)), progress.ran)
            stack.callback(lane.close)
            lanes.put(lane)
        print(*(f"{path}" for path in lane.modules), sep="\n", flush=True)
        progress.begin()

        def compared(project: Project) -> tuple[int, list[Difference]]:
            free = lanes.get()
            try:
                outputs, different = free.compare(project)
            finally:
                lanes.put(free)
            progress.compared(len(different))
            return outputs, different

        pool = ThreadPoolExecutor(LANES)
        # Whoever interrupts it waits for no more than what has begun.
        stack.callback(pool.shutdown, cancel_futures=True)
        for future in as_completed([pool.submit(compared, project) for project in found]):
            outputs, different = future.result()
            counts["projects"] += 1
            counts["outputs"] += outputs
            for difference in different[: max(0, SHOWN - len(differences))]:
                print(shown(difference), flush=True)
            differences += different
    print(f"{counts['projects']:,} projects, {counts['outputs']:,} outputs and files compared")
    return differences


def shown(difference: Difference) -> str:
    """Return a difference as a person reads it: where it is, and its first lines."""
    old, new = (
        [] if content is None else content.decode("utf-8", "backslashreplace").splitlines()
        for content in (difference.old, difference.new)
    )
    lines = list(difflib.unified_diff(old, new, "old", "new", lineterm="", n=1))
    more = [f"... {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    head = f"{difference.project}: {difference.command}: {difference.what}"
    return "\n    ".join([head, *(lines[:SHOWN_LINES] or ["(line ends differ)"]), *more])


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 if anything differs, 2 if a checkout cannot be run."""
    parser = argparse.ArgumentParser(description="Compare what two checkouts say and write.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("trees", nargs="*", metavar="TREE", help=f"of {', '.join(TREES)}; all")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "tests" / "fixtures")
    parser.add_argument(
        "--sample", type=_positive, metavar="N", help="N fixtures, and trees as small as that"
    )
    parser.add_argument(
        "--wide-files",
        type=_positive,
        default=WIDE_FILES,
        help=f"modules; that of make bench has {trees.WIDE_FILES:,}, and takes hours",
    )
    given = parser.parse_args(arguments)
    unknown = set(given.trees) - set(TREES)
    if unknown:
        parser.error(f"there is no tree {', '.join(sorted(unknown))}; of {', '.join(TREES)}")
    dense = min(given.sample or trees.DENSE_FILES, trees.DENSE_FILES)
    wide = given.wide_files * dense // trees.DENSE_FILES
    sizes: Mapping[str, int] = {"wide": wide, "dense": dense}
    found = list(projects(given.trees or TREES, given.fixtures, sizes, given.sample))
    try:
        differences = compare(given.old.resolve(), given.new.resolve(), found)
    except ForeignError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(differences)} differ" if differences else "all the same")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())

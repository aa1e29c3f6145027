"""Migrates a project in its plain and in another form, and tells where the outcomes differ."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import Outcome, migrate_project
from rows import run_fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rows import Fixture

    from .variation import Variation

    Kind = Callable[[Mapping[str, str], Random], Variation | None]


#: Differences that only cost a rewrite, by kind and fixture, with what is refused there.
ACCEPTED = {
    ("layout", "A2_kept_call_with_comments_in_its_name"): (
        "a comment with a form feed, inside of a call that stays: not-proven"
    ),
}


def differences(fixture: Fixture, runtime: str, kind: Kind, seed: int) -> list[str] | None:
    """Return what comes out otherwise where *kind* changes *fixture*, a line each.

    None says that this kind changes nothing there.
    """
    if (kind.__name__, fixture.name) in ACCEPTED:
        return None
    varied = kind(fixture.files, Random(f"{seed} {fixture.name}"))
    if varied is None or (dict(varied.files) == dict(fixture.files) and not varied.given):
        return None
    if varied.named and fixture.options.keys() & {"part", "named", "settings"}:
        return None  # they name files
    plain = run_fixture(fixture, runtime)
    outcomes = _outcomes(fixture, runtime, varied)
    found = []
    for name, before in plain.items():
        after = outcomes[varied.named.get(name, name)]
        found += [f"{name}: {said}" for said in _compared(before, after, varied)]
    found += varied.also(_texts(varied.files), outcomes)
    if found:
        return found
    again = _outcomes(fixture, runtime, varied, {n: o.text for n, o in outcomes.items()})
    return [f"{n}: a second run changes it" for n, o in again.items() if o.changed or o.failed]


def _compared(before: Outcome, after: Outcome, varied: Variation) -> list[str]:
    """Return how *after*, a file's outcome in the other form, differs from that *before*."""
    if after.failed is not None:
        return [f"failed: {after.failed.stage}: {after.failed.message}"]
    found = []
    reasons, others = list(before.reasons), list(after.reasons)
    if not varied.in_order:
        reasons, others = sorted(reasons), sorted(others)
    if reasons != others:
        found.append(f"reasons {reasons} became {others}")
    sites = [Counter(a.finding.code for a in outcome.applied) for outcome in (before, after)]
    if sites[0] != sites[1]:
        found.append(f"sites {dict(sites[0])} became {dict(sites[1])}")
    if not found and varied.expected(before.text) != varied.seen(after.text):
        found.append("another program comes out")
    return found


def _texts(files: Mapping[str, str | bytes]) -> dict[str, str]:
    return {
        n: text if isinstance(text, str) else text.decode("latin-1") for n, text in files.items()
    }


def _outcomes(
    fixture: Fixture, runtime: str, varied: Variation, texts: Mapping[str, str] | None = None
) -> Mapping[str, Outcome]:
    files = dict(varied.files)
    for name, text in (texts or {}).items():
        files[name] = text.encode("latin-1") if isinstance(files[name], bytes) else text
    flags = {"runtime": runtime, **fixture.options}
    if varied.given:
        flags["named"] = varied.given
    with tempfile.TemporaryDirectory(prefix="rows-") as folder:
        return migrate_project(Path(folder), files, **flags)

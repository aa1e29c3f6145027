"""The way back over generated programs: migrated, rolled back, run, and migrated again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.rollback.comparison import is_again

from .check import Result, billed_as_batch, difference, in_home, migrated, problem
from .execute import run

if TYPE_CHECKING:
    from pathlib import Path

    from .program import Program


def check(program: Program, folder: Path) -> Result:
    """Migrate *program* and roll it back: it runs as it did, and migrates to the same again.

    The sites of the result are blocks: rewritten are those that went back.
    """
    result = Result()
    with in_home(program, folder) as home:
        forth = migrated(program, home, "tracker")
        if not any(o.changed for o in forth.values()):
            return result
        after = program.with_files({name: o.text for name, o in forth.items()})
        back = migrated(after, home, "tracker", rollback=True)
        for outcome in back.values():
            result.rewritten["tracker"] += len(outcome.applied)
            result.refused["tracker"] += len(outcome.refusals)
            result.reasons.update(r.detail for r in outcome.refusals)
            if outcome.failed is not None:
                sort = outcome.failed.message
                problem(result, f"crash {outcome.failed.stage}: {sort}", sort, after)
        if not any(o.changed for o in back.values()):
            return result
        legacy = program.with_files({name: o.text for name, o in back.items()})
        seen = run(legacy, "tracker")
        # Blocks that did not go back go on to book the prices of batches.
        found = difference(run(program, "tracker"), seen, billed_as_batch(legacy, seen))
        result.executions += 2
        if found is not None:
            problem(result, f"rolled back: {found[0]}", found[1], program, legacy)
        again = migrated(legacy, home, "tracker")
        for name, outcome in again.items():
            # What a person wrote may name a tracker that nothing asks for: that name is lost.
            if not is_again(outcome.text, after.files[name]):
                kind = "what was rolled back does not migrate to the same"
                problem(result, kind, f"{name}\n{outcome.text}", after, legacy)
    return result

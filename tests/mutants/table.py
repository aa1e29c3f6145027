"""The decision table as an exam, for mutants whose results run as the right ones do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import migrate_project
from rows import RUNTIMES, fixtures, outcome_of, reasons_of, texts_of

if TYPE_CHECKING:
    from pathlib import Path

    from .mutant import Exam


def as_the_table_says(*names: str) -> Exam:
    """Return the exam that the fixtures called *names* become what is expected of them."""

    def as_the_table_says(folder: Path) -> None:
        chosen = [fixture for fixture in fixtures() if fixture.name in names]
        assert len(chosen) == len(names)
        for fixture in chosen:
            for runtime in RUNTIMES:
                place = folder / fixture.name / runtime
                made = migrate_project(place, fixture.files, runtime=runtime, **fixture.options)
                expected = fixture.expected[runtime]
                assert texts_of(made) == expected.texts
                assert outcome_of(made) == expected.outcome
                assert tuple(reasons_of(made)) == expected.reasons

    return as_the_table_says

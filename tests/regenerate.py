"""Writes what the tools make of the fixtures today: ``python -m tests.regenerate [PART]...``.

Only the texts after a rewrite are written, never what is expected of the outcome; look
at each difference before it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from rows import (
    MODULE,
    ROWS,
    RUNTIMES,
    Fixture,
    fixtures,
    outcome_of,
    reasons_of,
    run_fixture,
    texts_of,
)


def regenerate(fixture: Fixture, runtime: str) -> list[str]:
    """Write the texts of one fixture, and return what is not as it is expected to be."""
    expected = fixture.expected[runtime]
    outcomes = run_fixture(fixture, runtime)
    said = [
        f"{fixture.name} {runtime}: {name}: {o.failed}" for name, o in outcomes.items() if o.failed
    ]
    made = (outcome_of(outcomes), tuple(reasons_of(outcomes)))
    if made != (expected.outcome, expected.reasons):
        said.append(f"{fixture.name} {runtime}: {made}, not {expected.outcome, expected.reasons}")
    for name, text in texts_of(outcomes).items():
        if text == expected.texts.get(name):
            continue
        said.append(f"{fixture.name} {runtime}: written")
        folder_of = ROWS / fixture.name
        single = list(fixture.files) == [MODULE]
        path = folder_of / (f"after_{runtime}.py" if single else f"after_{runtime}/{name}")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(text.encode())
    return said


def main(parts: list[str]) -> None:
    """Regenerate the fixtures whose name holds one of *parts*, or all."""
    for fixture in fixtures():
        if not parts or any(part in fixture.name for part in parts):
            for runtime in RUNTIMES:
                for line in regenerate(fixture, runtime):
                    print(line)


if __name__ == "__main__":
    main(sys.argv[1:])

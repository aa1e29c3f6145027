"""Compares what the tools make of the fixtures with what is expected: ``make fixtures``.

With UPDATE=1 (``--update``) it writes what they make today: the texts after a rewrite, outcome,
reasons and lines of lint.  Look at each difference that ``git diff`` shows before it is committed.
What a person says of a fixture, its labels and its kind, is never written, nor what failed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from fixture_code import abbreviated, shared_code  # noqa: E402 - both must be on the path first
from harness import FIXTURES, migrate, report  # noqa: E402
from rows import (  # noqa: E402
    MODULE,
    ROWS,
    RUNTIMES,
    SAID,
    Fixture,
    FixtureError,
    fixtures,
    outcome_of,
    reasons_of,
    run_fixture,
    texts_of,
)

from codemods.model.outcome import Linted  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass
class Wanted:
    """What the files of one fixture are to hold; None for one that is not to be there."""

    files: dict[Path, bytes | None] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def differing(self) -> list[Path]:
        """Return the files that hold something else."""
        return [path for path, content in self.files.items() if _content(path) != content]

    def write(self) -> None:
        """Make the files as they are to be."""
        for path, content in self.files.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def of_row(fixture: Fixture, rows: Path = ROWS) -> Wanted:
    """Return what the files of a fixture of the decision table are to hold."""
    folder = rows / fixture.name
    wanted = Wanted()
    said = (folder / SAID).read_text()
    for runtime in RUNTIMES:
        outcomes = run_fixture(fixture, runtime)
        wanted.failed += [f"{runtime}: {o.failed}" for o in outcomes.values() if o.failed]
        single = list(fixture.files) == [MODULE]
        wanted.files |= _after(folder, runtime, texts_of(outcomes), single=single)
        said = _line(said, folder, runtime, "outcome", outcome_of(outcomes))
        said = _line(said, folder, runtime, "reasons", reasons_of(outcomes))
    if fixture.lint is not None:
        said = _line(said, folder, "", "lint", linted(fixture))
    for path in sorted(folder.rglob("*.py")):  # code that is shared by now
        wanted.files.setdefault(path, _abbreviated(path.read_bytes()))
    return Wanted(wanted.files | {folder / SAID: said.encode()}, wanted.failed)


def of_guide(folder: Path) -> Wanted:
    """Return what the files of a form of the guide are to hold."""
    wanted = Wanted()
    before = (folder / "before.py").read_text()
    for runtime in RUNTIMES:
        with tempfile.TemporaryDirectory(prefix="guide-") as place:
            outcome = migrate(Path(place), before, runtime=runtime)
        wanted.files[folder / f"after_{runtime}.py"] = outcome.text.encode()
        wanted.failed += [f"{runtime}: {outcome.failed}"] if outcome.failed else []
    return wanted


def linted(fixture: Fixture) -> list[int]:
    """Return the lines in which lint finds something in *fixture*."""
    with tempfile.TemporaryDirectory(prefix="lint-") as place:
        for name, text in fixture.files.items():
            (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(place) / name).write_bytes(text.encode())
        outcomes = report(Path(place), lint=True, **fixture.options).outcomes
    return sorted({f.span.line for o in outcomes if isinstance(o, Linted) for f in o.findings})


def _after(
    folder: Path, runtime: str, texts: Mapping[str, str], *, single: bool
) -> dict[Path, bytes | None]:
    """Return what is to be in the files after a rewrite; those that are there, and not to be."""
    home = folder / f"after_{runtime}"
    alone = folder / f"after_{runtime}.py"
    files: dict[Path, bytes | None] = dict.fromkeys([alone, *home.rglob("*.py")])
    for name, text in texts.items():
        files[alone if single else home / name] = _abbreviated(text.encode())
    return files


def _line(said: str, folder: Path, section: str, key: str, value: object) -> str:
    """Return the table *said* with another value of *key* in *section*, of which it has one.

    Raises FixtureError where it is laid out so that one line does not hold the value.
    """
    wanted = tomllib.loads(said)
    (wanted[section] if section else wanted)[key] = value
    start = f"\n{said}".find(f"\n[{section}]\n") if section else 0
    found = re.compile(rf"^{key} = .*$", re.MULTILINE).search(said, max(start, 0))
    if found is not None:
        made = said[: found.start()] + f"{key} = {json.dumps(value)}" + said[found.end() :]
        with suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(made) == wanted:
                return made
    where = f" under a line `[{section}]`" if section else ""
    message = f"write `{key} = ...` in one line of its own{where}"
    raise FixtureError(f"{folder.name}/{SAID}: {message}")


def _abbreviated(content: bytes) -> bytes:
    return abbreviated(content, shared_code(FIXTURES))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _all(parts: Sequence[str]) -> Iterator[tuple[str, Wanted]]:
    """Yield the fixtures whose name holds one of *parts*, or all, with what they are to hold."""

    def asked(name: str) -> bool:
        return not parts or any(part in name for part in parts)

    for fixture in fixtures():
        if asked(fixture.name):
            yield fixture.name, of_row(fixture)
    for folder in sorted(path for path in (FIXTURES / "guide").iterdir() if path.is_dir()):
        if asked(folder.name):
            yield folder.name, of_guide(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or write; return 1 where something is not as expected, or failed."""
    parser = argparse.ArgumentParser(prog="make fixtures", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what the tools make today")
    parser.add_argument("parts", nargs="*", metavar="PART", help="of names of fixtures; or all")
    given = parser.parse_args(arguments)
    try:
        return _checked(given.parts, update=given.update)
    except FixtureError as error:
        print(error)
        return 1


def _checked(parts: Sequence[str], *, update: bool) -> int:
    """Check or write the fixtures whose name holds one of *parts*; return the exit status."""
    count, failed, differing = 0, 0, 0
    for name, wanted in _all(parts):
        count += 1
        for message in wanted.failed:
            print(f"{name}: failed: {message}")
            failed += 1
        paths = [] if wanted.failed else wanted.differing()
        differing += len(paths)
        for path in paths:
            print(f"{path.relative_to(FIXTURES)}: {'written' if update else 'differs'}")
        if update and paths:
            wanted.write()
    if not count:
        print(f"no fixture is called so: {' '.join(parts)}")
        return 1
    print(f"{count} fixtures: {differing} files {'written' if update else 'differ'}")
    if differing:
        print("git diff tests/fixtures" if update else "make fixtures UPDATE=1 writes them")
    return int(bool(failed or (differing and not update)))


if __name__ == "__main__":
    sys.exit(main())

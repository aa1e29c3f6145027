"""Migrates a copy of the legacy application and shows that its recorded usage stays the same.

``make demo`` runs this.  It works on the loopback interface only: the real ``openai`` client
calls the model server next to this file.  The application runs twice, in its legacy form and
migrated by the real ``python -m codemods.migrate``, each time with a database of its own.

Exit status: 0 if calls, models, tokens, jobs, batches and users are the same in both, 1 if they
are not (the difference is printed), 2 if a step could not run.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loopback_server import serving
from usage_table import Call, Pair, differences, pair, read_calls, render

EXAMPLES = Path(__file__).resolve().parent
APPLICATION = "legacy_app"
#: Without a terminal there is nothing to wrap, so the two tables stand side by side.
WIDTH_WITHOUT_TERMINAL = 240
STEP_TIMEOUT_SECONDS = 120
#: Settings of the machine that would change what the two runs record.
FOREIGN_SETTINGS = ("OPENAI_", "AI_USAGE_", "DYNAMODB_", "ENVIRONMENT", "USER_ID")

STYLES = {"title": "1;36", "good": "1;32", "bad": "1;31", "+": "32", "-": "31", "@": "36"}


class StepError(Exception):
    """A step of the demo could not run."""


@dataclass(frozen=True)
class Screen:
    """Standard output, with colour only where somebody sees it."""

    colour: bool
    width: int

    @classmethod
    def detect(cls) -> Screen:
        """Return the screen that standard output is."""
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        return cls(colour, shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns)

    def show(self, text: str = "", style: str = "") -> None:
        """Print *text*, in a style where colour is on."""
        code = STYLES.get(style)
        print(f"\x1b[{code}m{text}\x1b[0m" if code and self.colour else text, flush=True)

    def title(self, number: int, text: str) -> None:
        """Print the heading of a step."""
        self.show()
        self.show(f"── {number}. {text} ".ljust(min(self.width, 100), "─"), "title")


def environment(base_url: str, database: Path) -> dict[str, str]:
    """Return the variables for a run of the application."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN_SETTINGS)}
    return kept | {
        "AI_USAGE_DATABASE": str(database),
        "AI_USAGE_GATEWAYS": "127.0.0.1",  # it stands for the provider, with its prices
        "ENVIRONMENT": "development",
        "NO_PROXY": "127.0.0.1",
        "OPENAI_API_KEY": "unused-on-loopback",
        "OPENAI_BASE_URL": base_url,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        "USER_ID": "team",
    }


def run(
    arguments: list[str],
    folder: Path,
    variables: dict[str, str] | None = None,
    *,
    expected: tuple[int, ...] = (0,),
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ARGUMENTS`` in *folder*.  Raises StepError unless its status is expected."""
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=STEP_TIMEOUT_SECONDS,
        check=False,
    )
    if result.returncode not in expected:
        said = f"{result.stdout}{result.stderr}".strip()
        raise StepError(f"python -m {' '.join(arguments)} ended with {result.returncode}:\n{said}")
    return result


def record(screen: Screen, folder: Path, variables: dict[str, str]) -> None:
    """Run the application that lies in *folder* and show what it prints."""
    result = run([APPLICATION], folder, variables)
    for line in f"{result.stdout}{result.stderr}".splitlines():
        screen.show(f"   {line}")


def recorded(database: Path) -> list[Call]:
    """Return what a run recorded.  Raises StepError if there is no such database."""
    try:
        return read_calls(database)
    except sqlite3.OperationalError as error:
        raise StepError(f"{database.name} has no recorded usage: {error}") from error


def migrate(screen: Screen, folder: Path) -> None:
    """Show the diff of the copy in *folder*, migrate it, and check that nothing is left."""
    screen.title(2, f"What the migration would change: codemods.migrate --diff {APPLICATION}")
    patch = run(["codemods.migrate", "--diff", APPLICATION], folder, expected=(1,))
    if not patch.stdout:
        raise StepError(f"the migration found nothing to change:\n{patch.stderr}")
    for line in patch.stdout.splitlines():
        screen.show(line, line[:1])
    screen.title(3, f"The migration: codemods.migrate {APPLICATION}")
    result = run(["codemods.migrate", APPLICATION], folder)
    screen.show(f"{result.stdout}{result.stderr}".rstrip())
    run(["codemods.migrate", "--check", APPLICATION], folder)
    screen.show("A second run finds nothing left to do.", "good")


def conclude(screen: Screen, pairs: list[Pair]) -> int:
    """Show both tables and what the comparison found; return the exit status."""
    screen.title(5, "Recorded usage, call by call")
    for line in render(pairs, screen.width):
        screen.show(line)
    batch = [after for _, after in pairs if after is not None and after.at_batch_price]
    if batch:
        screen.show(
            f"\n* batch price: {len(batch)} calls of batch_ai_usage_context are booked at half of"
            " the list price.\n  The migration guide asks for it, and the report above says so;"
            " --no-batch-pricing leaves it out."
        )
    problems = differences(pairs)
    for problem in problems:
        screen.show(f"DIFFERENT: {problem}", "bad")
    if problems or not pairs:
        screen.show(
            f"\nThe migration changed what is recorded ({len(problems)} differences).", "bad"
        )
        return 1
    screen.show(
        f"\nEqual: {len(pairs)} calls with the same models, tokens, jobs, batches and users."
        "\nAdded: an operation type for each call"
        f"{f', and the batch price for {len(batch)} of them' if batch else ''}.",
        "good",
    )
    return 0


def play(screen: Screen, folder: Path) -> int:
    """Play all steps in the temporary *folder*; return the exit status."""
    shutil.copytree(EXAMPLES / APPLICATION, folder / APPLICATION, ignore=_caches)
    before, after = folder / "before.db", folder / "after.db"
    with serving() as server:
        screen.title(1, "The application in its legacy form")
        record(screen, EXAMPLES, environment(server.base_url, before))
        migrate(screen, folder)
        screen.title(4, "The application after the migration")
        record(screen, folder, environment(server.base_url, after))
    return conclude(screen, pair(recorded(before), recorded(after)))


_caches = shutil.ignore_patterns("__pycache__")


def main() -> int:
    """Play the demo in a temporary folder."""
    screen = Screen.detect()
    with tempfile.TemporaryDirectory(prefix="ai-usage-demo-") as folder:
        try:
            return play(screen, Path(folder).resolve())
        except StepError as error:
            screen.show(f"\nThe demo stopped: {error}", "bad")
            return 2


if __name__ == "__main__":
    sys.exit(main())

"""``ai-usage report`` on a large SQLite file, beside the same GROUP BY in the sqlite3 shell.

``python -m benchmarks.report`` (``make report-benchmark``) makes a file of a million rows,
runs both by turns, compares all their figures, prints the ratio of the medians, and exits
1 if it is too large, or if one figure differs.  Then it makes the page of the same calls,
beside the report, and looks at its size.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The sums of one group; None where no call told them.
Figures = tuple[int | None, ...]

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1.3
PAGE_LIMIT = 3.0
PAGE_BYTES = 2_000_000
BY = "day,model"
OPERATIONS = ("receipt_analysis", "ocr_stage", "nlp_stage", "merchant_lookup", "embedding_sync")
MODELS = ("gpt-4o", "gpt-4o-mini", "text-embedding-3-small", "claude-sonnet-4-5")
# As the report sums: what is not known is no part of a sum.
GROUP_BY = (
    "SELECT SUBSTR(timestamp, 1, 10), model, COUNT(*),"
    " SUM(input_tokens), SUM(output_tokens), SUM(total_tokens),"
    " SUM(cost_picodollars), SUM(list_cost_picodollars),"
    " SUM(cost_picodollars IS NULL AND NOT (error IS NOT NULL AND input_tokens IS NULL)),"
    " SUM(error IS NOT NULL) FROM usage_metrics GROUP BY 1, 2;"
)
# Where there is no shell: the same library in a process of its own.
STAND_IN = """
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print(*("" if value is None else value for value in row), sep="|")
"""


def fill(path: Path, rows: int) -> None:
    """Write *rows* rows in the form that the tracker writes them in."""
    from tracker.sinks.sqlite.sink import COLUMNS, SCHEMA

    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=OFF")
        file.executescript(SCHEMA)
        with file:
            insert = (
                f"INSERT INTO usage_metrics ({', '.join(COLUMNS)})"
                f" VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
            )
            file.executemany(insert, _rows(rows, COLUMNS))


def _rows(number: int, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    for i in range(number):
        tokens, cost = 100 + i % 900, None if i % 50 == 0 else 1_000_000 * (i % 7_000)
        given: dict[str, object] = {
            "id": f"{i // 10_000 * 2654435761 % 2**32:016x}{i:016x}",
            "timestamp": f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}T{i % 24:02}:00:00.000000+00:00",
            "service": "openai",
            "model": MODELS[i % len(MODELS)],
            "operation": "completion",
            "operation_type": None if i % 100 == 0 else OPERATIONS[i % len(OPERATIONS)],
            "job_id": f"job-{i % 1000}",
            "user_id": "default",
            "environment": "production",
            "request_id": f"req_{i}",
            "input_tokens": tokens,
            "output_tokens": tokens // 3,
            "total_tokens": tokens + tokens // 3,
            "api_calls": 1,
            "cost_picodollars": cost,
            "list_cost_picodollars": cost,
            "price_basis": "unpriced" if cost is None else "standard",
            "latency_ms": 800.0,
            "error": "TimeoutError: slow" if i % 333 == 0 else None,
            "partial": 0,
            "late": 0,
            "metadata": '{"environment": "production", "version": "1.0", "region": "eu-west-1"}',
        }
        yield {name: given.get(name) for name in columns}


def timed(command: Sequence[str]) -> tuple[float, str]:
    """Return the seconds that *command* took, from its start to its end, and what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - began, done.stdout


def of_report(text: str) -> dict[tuple[str, str], Figures]:
    """Return the figures of the report's JSON, costs in picodollars."""
    names = ("calls", "input_tokens", "output_tokens", "total_tokens")
    return {
        (row["day"], row["model"]): (
            *(row[name] for name in names),
            *(_picodollars(row[name]) for name in ("cost_usd", "list_cost_usd")),
            row["unpriced"],
            row["errors"],
        )
        for row in json.loads(text)
    }


def of_shell(text: str) -> dict[tuple[str, str], Figures]:
    """Return the figures of the shell's lines."""
    lines = (line.split("|") for line in text.splitlines())
    return {
        (day, model): tuple(int(n) if n else None for n in values) for day, model, *values in lines
    }


def _picodollars(dollars: str | None) -> int | None:
    return None if dollars is None else int(Decimal(dollars) * 10**12)


def main() -> int:
    """Print the ratio; return 1 if it is too large or a figure differs."""
    parser = argparse.ArgumentParser(description="Time ai-usage report on a large file.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--report-only", action="store_true", help="do not judge the times")
    options = parser.parse_args()
    start = "from tracker.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "usage.db"))
        fill(Path(path), options.rows)
        report_of = [sys.executable, "-c", start, "report", "--database", path]
        ours = [*report_of, "--by", BY, "--format", "json"]
        shell = shutil.which("sqlite3")
        known = [shell] if shell else [sys.executable, "-c", STAND_IN]
        theirs = [*known, path, GROUP_BY]
        runs = [(timed(ours), timed(theirs)) for _ in range(options.rounds)]
        page_of = [*report_of, "--format", "html"]
        pages = [timed(page_of) for _ in range(max(1, options.rounds // 2))]
    report = statistics.median(mine[0] for mine, _ in runs)
    group_by = statistics.median(peer[0] for _, peer in runs)
    page, size = statistics.median(one[0] for one in pages), len(pages[0][1].encode())
    same = all(of_report(mine[1]) == of_shell(peer[1]) for mine, peer in runs)
    fast = report < LIMIT * group_by and page < PAGE_LIMIT * report
    print(f"rows                {options.rows:,}")
    print(f"ai-usage report     {report:.3f} s")
    print(f"{'sqlite3 shell' if shell else 'sqlite3 module':20}{group_by:.3f} s")
    print(f"ratio               {report / group_by:.2f}  (goal: < {LIMIT:g})")
    print(f"page                {page:.3f} s")
    print(f"page to report      {page / report:.2f}  (goal: < {PAGE_LIMIT:g})")
    print(f"size of the page    {size:,}  (goal: < {PAGE_BYTES:,})")
    print(f"figures             {'the same' if same else 'DIFFERENT'}")
    right = same and size < PAGE_BYTES
    return 0 if right and (fast or options.report_only) else 1


if __name__ == "__main__":
    sys.exit(main())

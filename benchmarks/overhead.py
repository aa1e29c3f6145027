"""What the tracker costs the program that it observes, beside its peers, in one run.

``python -m benchmarks.overhead`` (``make overhead``) prints each figure, the peer's, their
ratio and the goal, and exits 1 if a goal is missed.  The subjects take turns, round by
round, and medians are compared, so that a busy machine disturbs all of them alike.
Figures are the processor time of the calling thread; waiting for a store is not part of it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead_subjects import Subjects, medians

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One line of the table; ``limit`` is what ``ours / peer`` may be, or ours alone."""

    what: str
    ours: float
    unit: str
    limit: float | None
    peer: float | None = None
    peer_name: str = ""

    def passes(self) -> bool:
        """Whether the goal is reached; a line without one is for information."""
        return self.limit is None or self.ours / (self.peer or 1.0) <= self.limit

    def __str__(self) -> str:
        peer = "" if self.peer is None else f"{self.peer:9.2f} {self.unit} {self.peer_name}"
        ratio = "" if self.peer is None else f"{self.ours / self.peer:.4f}"
        goal = "" if self.limit is None else f"<= {self.limit:.4g}"
        verdict = "" if self.limit is None else ("pass" if self.passes() else "MISS")
        return (
            f"{self.what:46}{self.ours:9.2f} {self.unit:3} {peer:45}{ratio:>8} {goal:>9}  {verdict}"
        )


LOOPBACK = """
import statistics, sys, time
sys.path.insert(0, {tests!r})
import loopback, openai
from loopback import loopback_server
# Small packets wait for an acknowledgement otherwise: 40 ms that would hide any cost.
loopback._Handler.disable_nagle_algorithm = True
times = []
with loopback_server() as server, openai.OpenAI(base_url=server.base_url, api_key="x") as client:
    for _ in range({calls}):
        began = time.perf_counter()
        client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "x"}}])
        times.append(time.perf_counter() - began)
print(statistics.median(times) * 1e6)
"""
MEMORY = """
import gc, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from benchmarks.overhead_subjects import Subjects
subjects = Subjects(1000)
def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
for _ in range({warm}):
    subjects.captured()
before = resident()
for _ in range({blocks}):
    subjects.captured()
print(resident() - before)
"""
IMPORT = """
import time
began = time.perf_counter()
import tracker
print(time.perf_counter() - began)
"""


def _asked(program: str) -> float:
    """Return the number that *program* prints, run by an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return float(done.stdout.split()[-1])


def measure(number: int, rounds: int, records: int) -> list[Line]:
    """Return the lines of the table."""
    found = medians(Subjects(number), rounds)
    calls = max(number, 20)
    loopback = _asked(LOOPBACK.format(tests=str(ROOT / "tests"), calls=calls))
    captured = found["captured"] - found["bare"]
    idle = max(found["idle"] - found["bare"], 0.0)
    chunk = found["chunk"] - found["bare_chunk"]
    lines = [
        Line("context, enter and exit", found["context"], "us", 1 / 10, found["span"], "OTel span"),
        Line(
            "the same, its own tracker made", found["own"], "us", None, found["span"], "OTel span"
        ),
        Line("captured call, added", captured, "us", 1 / 5, found["span"], "OTel span"),
        Line("captured call, added", captured, "us", None, found["call_span"], "OTel gen_ai span"),
        Line("chunk of a captured stream, added", chunk, "us", 2.0),
        Line("idle call, added", idle, "us", 0.02, loopback, "openai call, loopback"),
        Line("import tracker", _asked(IMPORT) * 1000.0, "ms", None),
    ]
    if found["langfuse"] == found["langfuse"]:
        peer = found["langfuse"]
        lines.insert(4, Line("captured call, added", captured, "us", 1.0, peer, "langfuse observe"))
    if records:
        blocks = max(records // 1000, 1)
        program = MEMORY.format(root=str(ROOT), warm=max(blocks // 20, 1), blocks=blocks)
        growth = _asked(program) / MEGABYTE
        lines.append(Line(f"memory growth over {blocks * 1000:,} records", growth, "MiB", 16.0))
    return lines


def main() -> int:
    """Print the table; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="What the tracker costs the observed program.")
    parser.add_argument("--number", type=int, default=400, help="runs in a round")
    parser.add_argument("--rounds", type=int, default=41, help="rounds of each subject")
    parser.add_argument("--records", type=int, default=1_000_000, help="records for the memory")
    parser.add_argument("--report-only", action="store_true", help="exit 0 whatever is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AI_USAGE_DATABASE"] = str(Path(folder, "usage.db"))
        os.environ["AI_USAGE_SPOOL"] = str(Path(folder, "spool.db"))
        os.environ["LANGFUSE_TRACING_ENABLED"] = "true"
        lines = measure(options.number, options.rounds, options.records)
        print(f"{'':46}{'ours':>9} {'':3} {'peer':>9} {'':35}{'ratio':>8} {'goal':>9}")
        for line in lines:
            print(line)
        from tracker.delivery import writer

        writer.finish()
    missed = sum(not line.passes() for line in lines)
    print(f"{missed} goals missed" if missed else "all goals reached")
    return 1 if missed and not options.report_only else 0


if __name__ == "__main__":
    sys.exit(main())

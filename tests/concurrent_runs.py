"""``python -m tests.concurrent_runs 200``: runs of migrate in 8 processes at once from one folder.

Every run must end with status 0, and as many calls of undo, at once as well, must
bring every byte back.  A third round lets all processes migrate the same files.
The exit status is 1 if anything went wrong.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.warm import run_text

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).resolve().parents[1]
SHOWN = 10
LEGACY = b"""\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""


def rounds(folder: Path, runs: int, workers: int) -> list[str]:
    """Migrate *runs* files in *folder*, *workers* at once, and undo; return what went wrong."""
    files = {folder / f"module_{number:04}.py": b"# %d\n" % number for number in range(runs)}
    files = {path: head + LEGACY for path, head in files.items()}
    for path, content in files.items():
        path.write_bytes(content)
    problems = _all(folder, workers, [[path.name] for path in files])
    problems += [f"not migrated: {p.name}" for p, was in files.items() if p.read_bytes() == was]
    problems += _restored(folder, workers, files, runs)
    problems += _all(folder, workers, [["."]] * workers)
    problems += [f"not migrated: {p.name}" for p, was in files.items() if p.read_bytes() == was]
    # Each file is in the journal of the run that changed it; how many runs did cannot be known.
    while _command(folder, "--undo").returncode == 0:
        pass
    return problems + _changed(files)


def _restored(folder: Path, workers: int, files: dict[Path, bytes], runs: int) -> list[str]:
    problems = _all(folder, workers, [["--undo"]] * runs)
    if _command(folder, "--undo").returncode != 2:
        problems.append("there was more to undo than was run")
    return problems + _changed(files)


def _changed(files: dict[Path, bytes]) -> list[str]:
    return [f"not restored: {path.name}" for path, was in files.items() if path.read_bytes() != was]


def _all(folder: Path, workers: int, commands: list[list[str]]) -> list[str]:
    with ThreadPoolExecutor(workers) as pool:
        ended = list(pool.map(lambda arguments: _command(folder, *arguments), commands))
    return [
        f"{' '.join(done.args[3:])}: status {done.returncode}\n{done.stdout}{done.stderr}"
        for done in ended
        if done.returncode or done.stderr
    ]


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codemods.migrate", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return run_text(command, folder, environment)


def main() -> int:
    """Run as many processes as the command line asks for."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        problems = rounds(Path(folder), runs, workers=8)
    print(*problems[:SHOWN], sep="\n")
    print(f"{runs} runs in 8 processes at once, each undone: {len(problems)} failures")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

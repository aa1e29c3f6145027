"""Runs the commands of one checkout for ``benchmarks.compare``, in forks of this process.

It imports nothing of its own checkout: what it runs is what PYTHONPATH names, and the first line
that it prints is where that is.  Each line of its input is a JSON object: the ``folder`` to run in,
the ``arguments`` (the name of the command first), the files for ``output`` and ``errors``, and
whether ``more`` commands are for the same fork.  The exit status is the answer.  A fork saves the
time in which a new interpreter imports the tools; its first use of each page of memory takes longer
than a small program's migration, which is why several commands may share one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

# Both the rewriting and LibCST are loaded when it is migrated.
SAMPLE = """\
from tracker.ai_usage_tracker import AIUsageTracker


def work(ask):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j")
    ask(tracker)
"""
#: Together they load all that any command does, so that no fork has to.
WARMING = (
    ["lint", "--format", "json", "."],
    ["migrate", "--check", "--format", "json", "."],
    ["migrate", "--diff", "."],
    ["migrate", "."],
    ["migrate", "--undo"],
)


def main() -> None:
    """Answer until the input ends."""
    print(importlib.import_module("codemods").__file__, flush=True)
    answers, errors = os.dup(1), os.dup(2)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample.py").write_text(SAMPLE)
        begun = {"folder": folder, "output": os.devnull, "errors": os.devnull}
        for arguments in WARMING:
            run({**begun, "arguments": arguments})
        os.chdir("/")
    os.dup2(errors, 2)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            answer(line, answers)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:  # it died of a command, and could not answer
            os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))


def answer(line: str, answers: int) -> None:
    """Run the command of *line*, and those of the lines that follow while there are more."""
    more = True
    while more:
        asked = json.loads(line)
        try:
            status = run(asked)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001 - it ends the command, and is seen in its errors
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(answers, b"%d\n" % status)
        more = asked["more"]
        line = sys.stdin.readline() if more else ""
        more = bool(line)


def run(asked: dict[str, Any]) -> int:
    """Run a command as a process of its own would, and return its exit status."""
    name, *arguments = asked["arguments"]
    module = importlib.import_module(f"codemods.{name}")
    os.chdir(asked["folder"])
    sys.argv = [str(module.__file__), *arguments]
    for number, stream in ((1, "output"), (2, "errors")):
        file = os.open(asked[stream], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    return int(module.main(arguments))


if __name__ == "__main__":
    main()

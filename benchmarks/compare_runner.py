"""Runs the commands of one checkout for ``benchmarks.compare``, each in a fork of this process.

It imports nothing of its own checkout: what it runs is what PYTHONPATH names, and the first line
that it prints is where that is.  Each line of its input is a JSON object: the ``folder`` to run in,
the ``arguments`` (the name of the command first), and the files for ``output`` and ``errors``.  The
exit status is the answer.  A fork saves the time in which a new interpreter imports the tools, and
nothing of one run is left for the next.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import tempfile
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


def main() -> None:
    """Answer until the input ends."""
    print(importlib.import_module("codemods").__file__, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample.py").write_text(SAMPLE)
        begun = {"folder": folder, "output": os.devnull, "errors": os.devnull}
        answers = os.dup(1), os.dup(2)
        for arguments in (["migrate", "--check", "sample.py"], ["lint", "sample.py"]):
            run({**begun, "arguments": arguments})
        for number, kept in enumerate(answers, start=1):
            os.dup2(kept, number)
            os.close(kept)
        os.chdir("/")
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(run(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


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
    status = int(module.main(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    main()

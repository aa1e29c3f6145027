"""What the stores that are reached over a network import, and when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADS = """
import sys
from tracker.sinks import otlp
from tracker.sinks.dynamodb import sink as dynamodb

def loaded():
    return sum(name in sys.modules for name in (*dynamodb.LIBRARIES, *otlp.LIBRARIES))

print(loaded())
for sink in (dynamodb.DynamoSink("AIUsageMetrics-development"), otlp.OtlpSink()):
    sink.load()
print(loaded())
"""


def test_remote_stores_load_their_libraries_before_the_first_write() -> None:
    """Not with their own module, and without a write."""
    done = subprocess.run([sys.executable, "-c", LOADS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "9"]

"""Breaks the rewriter on purpose, many small ways, and asks whether somebody notices."""

import sys
from pathlib import Path

# What the tests of all parts share lies there, and is imported by its bare name.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

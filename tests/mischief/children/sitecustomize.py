"""Runs first in each program that a test under ``--mischief`` starts."""

import os
import sys
from pathlib import Path

_seed = os.environ.get("AI_USAGE_TEST_MISCHIEF")
if _seed is not None:
    _root = str(Path(__file__).resolve().parents[3])
    sys.path.append(_root)
    try:
        from tests.mischief import begin

        begin(_seed)
    finally:
        # What a program can import is tested, too.
        sys.path.remove(_root)
        for _name in ("tests", "tests.mischief"):
            sys.modules.pop(_name, None)

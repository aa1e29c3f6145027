"""Letting a module of the original layout be ours, so that patching it by its name works.

A project keeps each module X of the three (``receipt_label/utils/X.py``) with one line::

    from tracker.X import *; from tracker.reexport import reexport; reexport(__name__)

The star is for type checkers.  What then stands under the name is the module of
``tracker.original``: ours, with what only callers of the original know.  The star alone gives our
own names, and copies of them: a test that replaces
``receipt_label.utils.ai_usage_context.AIUsageTracker`` would replace the copy only.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys


def reexport(name: str) -> None:
    """Make *name*, a module that is being imported, the module of ``tracker`` that ends alike.

    Raises ImportError if there is none.
    """
    last = name.rpartition(".")[2]
    is_original = importlib.util.find_spec(f"tracker.original.{last}") is not None
    home = "tracker.original" if is_original else "tracker"
    sys.modules[name] = importlib.import_module(f"{home}.{last}")

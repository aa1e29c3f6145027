"""Letting a module of the original layout be ours, so that patching it by its name works.

A project keeps each module X of the three (``receipt_label/utils/X.py``) with one line::

    from tracker.X import *; from tracker.reexport import reexport; reexport(__name__)

The star alone is enough for programs, and for tests that patch attributes of the
classes; it copies names, though, and a test that replaces
``receipt_label.utils.ai_usage_context.AIUsageTracker`` would replace the copy only.
"""

from __future__ import annotations

import importlib
import sys


def reexport(name: str) -> None:
    """Make *name*, a module that is being imported, the module of ``tracker`` that ends alike.

    Raises ImportError if there is none.
    """
    sys.modules[name] = importlib.import_module(f"tracker.{name.rpartition('.')[2]}")

"""Unread example: code in a document names the tracker and is no whole Python.

What it does    Reports the example.
Why             Nothing is known of it: it counts neither as clean nor as legacy code.
Before          tracker = AIUsageTracker(
                    ...the settings from above...
After           tracker = AIUsageTracker(**settings)
Safety          Reported and never rewritten: what was left out is not known.
Leaves alone    examples that name nothing of the tracker, and those of other languages
"""

from __future__ import annotations

CODE = "AIU000"
MESSAGE = "example with tracker calls that is no whole Python"
DETAIL = "the lines are no Python as they stand, so nothing is known of them"

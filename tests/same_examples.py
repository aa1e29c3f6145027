"""Examples that are the same whatever ran before.

Hypothesis also draws the numbers and texts that it finds in the modules which were imported, even
where it is told to derive all examples from the test: a process that has run other tests would
draw other examples, and a build would fail by chance.
"""

from __future__ import annotations

from hypothesis.internal.conjecture import providers

#: Older versions draw none, and have no such function.
_DRAWN = "_get_local_constants"


def forget_what_was_imported() -> None:
    """Let examples hold no constant of a module that happens to be imported."""
    if hasattr(providers, _DRAWN):
        nothing = providers._local_constants
        setattr(providers, _DRAWN, lambda: nothing)

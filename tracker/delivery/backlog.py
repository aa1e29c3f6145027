"""Who has something that was accepted and is not on disk yet, or not sent as far as it can be.

The end of each outermost block asks, and nearly always there is nothing: so it is one set,
which is the same from the start to the end of the process, and empty then.
"""

from __future__ import annotations

from tracker.delivery import fork_registry

WRITER, SENDER = "writer", "sender"
#: Stands for calls that no block knew, of which the end of one may have to tell.
OUTSIDE = "outside"
#: Each of them puts itself in and takes itself out, under its own lock.
waiting: set[str] = set()

fork_registry.at_fork(in_child=waiting.clear)

"""Which tracking runtime rewrites may rely on, and how that is known."""

from __future__ import annotations

from enum import StrEnum

from codemods.model.frozen import Frozen


class Runtime(StrEnum):
    """What the contexts of a project do.

    AUTO looks it up.  TRACKER is this project's runtime, GUIDE what the migration guide says of
    contexts, CONSERVATIVE what the original and ours both do.
    """

    AUTO = "auto"
    TRACKER = "tracker"
    GUIDE = "guide"
    CONSERVATIVE = "conservative"


class Evidence(Frozen):
    """The runtime behind one module of contexts, and why it is taken for that.

    ``why`` ends the sentence "... runtime: "; it is empty where nothing was to be found out:
    the user has said which one it is, or the code imports ours by its name.
    """

    runtime: Runtime
    why: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether contexts store, attribute, nest and capture as the guide says, and ours do."""
        return self.runtime in (Runtime.TRACKER, Runtime.GUIDE)

    @property
    def is_assumed(self) -> bool:
        """Whether nothing but the guide speaks for it."""
        return self.runtime is Runtime.GUIDE and bool(self.why)

"""Changing the settings of a process from within the program."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.config import settings
from tracker.config.misuse import forgiving, tell, unknown
from tracker.errors import ConfigurationError
from tracker.instrumentation import installation

if TYPE_CHECKING:
    from tracker.config.settings import Settings


@forgiving
def configure(**changes: Any) -> Settings:
    """Change settings of this process by the names of ``Settings`` and return them all.

    A text is read as that of the environment's variable.  Raises ConfigurationError for a
    value that cannot be used.  A name that is none changes nothing: that is told, with
    the closest name there is (ConfigurationError with ``AI_USAGE_STRICT=1``).
    """
    known = [one.name for one in fields(settings.Settings)]
    for name in changes:
        if name not in known:
            tell(ConfigurationError(f"configure: {unknown(name, known)}"))
    changed = settings.configure(**{name: changes[name] for name in changes if name in known})
    if changed.budgets is not None:
        gate.arm()
    if "require_context" in changes and changed.require_context:
        installation.install()  # calls are to be seen before any tracker or context is made
    return changed

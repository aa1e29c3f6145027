"""Every exception that this package raises on purpose.

::

    AIUsageError
    ├── ConfigurationError (ValueError)
    │   ├── UnknownEnvironmentError      ENVIRONMENT holds a value we do not know
    │   ├── TableEnvironmentError        a table's name contradicts the environment
    │   └── ContextFieldError (TypeError)  a context field collides with an argument
    └── SinkError                        a store could not take a metric

Configuration errors reach the caller, early and with what to write instead; but for a
``ContextFieldError``, which is one when strict (``AI_USAGE_STRICT=1``) and else a warning.
A ``SinkError`` never does: the error boundary logs it and the program goes on.
"""

from __future__ import annotations


class AIUsageError(Exception):
    """The root of this package's exceptions."""


class ConfigurationError(AIUsageError, ValueError):
    """A setting cannot be used; the message says what to write instead."""


class UnknownEnvironmentError(ConfigurationError):
    """``ENVIRONMENT`` (or an ``environment`` argument) is none of the valid names."""


class TableEnvironmentError(ConfigurationError):
    """A table's name contradicts the environment that would write to it."""


class ContextFieldError(ConfigurationError, TypeError):
    """A field given to a context has the name of an argument, or of the tracker's constructor."""


class SinkError(AIUsageError):
    """A store could not take a metric."""

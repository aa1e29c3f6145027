"""What differs from one provider to the next, one module each.

A new provider is a module here, a line in the table below, and a method of the tracker if
programs are to wrap its clients.
"""

from tracker.instrumentation.providers.anthropic import ANTHROPIC
from tracker.instrumentation.providers.google import GOOGLE
from tracker.instrumentation.providers.google_places import GOOGLE_PLACES
from tracker.instrumentation.providers.openai import OPENAI

PROVIDERS = (ANTHROPIC, GOOGLE, GOOGLE_PLACES, OPENAI)
#: Those whose clients are captured, and the names of their SDKs.
CAPTURED = tuple(provider for provider in PROVIDERS if provider.classes)
SDKS = frozenset(provider.name for provider in CAPTURED)
BY_NAME = {provider.name: provider for provider in PROVIDERS}

__all__ = [
    "ANTHROPIC",
    "BY_NAME",
    "CAPTURED",
    "GOOGLE",
    "GOOGLE_PLACES",
    "OPENAI",
    "PROVIDERS",
    "SDKS",
]

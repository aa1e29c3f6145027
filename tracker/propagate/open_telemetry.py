"""Baggage that is current in OpenTelemetry's API, where that is installed.

What is current goes along, as with every propagator of it. Headers are read and written by the
codec of ``members``: OpenTelemetry's for Python writes a blank as a plus, which is a plus
elsewhere, and takes the properties of a member for a part of its value.
"""

from __future__ import annotations


def current() -> dict[str, str]:
    """Return the baggage that is current, or none without OpenTelemetry's API."""
    try:
        from opentelemetry import baggage
    except ImportError:
        return {}
    return {name: value for name, value in baggage.get_all().items() if isinstance(value, str)}

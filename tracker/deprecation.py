"""The category of our warnings, under the name by which filters of warnings know it."""

from tracker.config.deprecation import LegacyTrackingWarning

__all__ = ["LegacyTrackingWarning"]

"""Moves code from hand-configured AI usage trackers to context managers."""
